"""What a key is for: each route wants one word of it, or none."""

from typing import Any

import pytest

from tests.api.conftest import Web
from tests.conftest import bearer

CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
GONE = "00000000-0000-7000-8000-000000000000"
PARTS = {"contents": [{"parts": [{"text": "hi"}]}]}

ROUTES: list[tuple[str, str, Any, str]] = [
    ("POST", "/v1/chat/completions", CHAT, "chat"),
    ("POST", "/v1/messages", CHAT | {"max_tokens": 9}, "chat"),
    ("POST", "/v1/messages/count_tokens", CHAT, "chat"),
    ("POST", "/v1/responses", {"model": "simulated/echo", "input": "hi"}, "chat"),
    ("POST", "/v1/responses/input_tokens", {"model": "simulated/echo", "input": "hi"}, "chat"),
    ("POST", "/v1beta/models/simulated/echo:generateContent", PARTS, "chat"),
    ("POST", "/v1beta/models/simulated/echo:streamGenerateContent", PARTS, "chat"),
    ("POST", "/v1beta/models/simulated/echo:countTokens", PARTS, "chat"),
    ("POST", "/api/ai/v2/chat", CHAT, "chat"),
    ("POST", "/api/ai/v2/chat/batch", {"requests": [CHAT]}, "chat"),
    ("POST", "/api/ai/research", {}, "chat"),
    ("POST", "/api/ai/stream", {}, "chat"),
    ("POST", "/api/itineraries/generate-v2", {}, "chat"),
    ("GET", "/api/itineraries", None, "read"),
    ("POST", "/api/runs", {}, "chat"),
    ("GET", "/api/runs", None, "read"),
    ("POST", f"/api/interactions/{GONE}/feedback", {"score": 5}, "chat"),
    ("POST", "/v1/embeddings", {"model": "simulated/embedding", "input": "hi"}, "embeddings"),
    ("POST", "/v1/images/generations", {"model": "simulated/image", "prompt": "hi"}, "images"),
    ("POST", "/v1/audio/transcriptions", {}, "audio"),
    ("POST", "/v1/moderations", {"input": "hi"}, "moderations"),
    ("GET", "/api/interactions", None, "read"),
    ("GET", f"/api/interactions/{GONE}", None, "read"),
    ("GET", f"/api/interactions/{GONE}/model-info", None, "read"),
    ("GET", "/api/me", None, "read"),
    ("GET", "/api/me/keys", None, "read"),
    ("GET", "/api/projects", None, "read"),
    ("GET", f"/api/projects/{GONE}", None, "read"),
    ("POST", "/api/me/keys", {"name": "k"}, "account"),
    ("PATCH", f"/api/me/keys/{GONE}", {"name": "k"}, "account"),
    ("DELETE", f"/api/me/keys/{GONE}", None, "account"),
    ("POST", f"/api/me/keys/{GONE}/rotate", {}, "account"),
    ("POST", "/api/projects", {"name": "p"}, "account"),
    ("PATCH", f"/api/projects/{GONE}", {"name": "p"}, "account"),
    ("PUT", f"/api/projects/{GONE}/members/{GONE}", {}, "account"),
    ("DELETE", f"/api/projects/{GONE}/members/{GONE}", None, "account"),
]
FREE = ["/v1/models", "/v1beta/models", "/api/v1/models", "/v1/models/simulated/echo"]
ADMIN = ["/api/admin/users", "/api/admin/keys", "/api/admin/projects", "/api/admin/ai/models"]
SCOPES = ["chat", "embeddings", "images", "audio", "moderations", "read", "account", "admin"]


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_key_is_good_for_what_it_is_for_and_nothing_else(web: Web, scope: str) -> None:
    """An admin's key of each one scope, at every route: 403 in the route's dialect, or past that check."""
    made = await web.post("/api/admin/keys", {"name": "k", "tier": None, "scopes": [scope]})
    key = bearer(made.json["key"])
    for method, path, body, wanted in ROUTES:
        reply = await web.ask(method, path, key, json=body)
        assert (reply.status == 403) == (wanted != scope), (method, path, reply.status)
        if wanted != scope:
            assert f"lacks the scope {wanted}" in reply.body.decode()
    for path in FREE:
        assert (await web.get(path, key)).status == 200
    for path in ADMIN:
        assert (await web.get(path, key)).status == (200 if scope == "admin" else 403), path


async def test_a_chat_key_of_an_admin_sees_no_more_than_a_user(web: Web) -> None:
    """Models outside the catalog and other people's interactions are for admins, not for their keys."""
    made = await web.post("/api/admin/keys", {"name": "k", "tier": None, "scopes": ["chat", "read"]})
    key = bearer(made.json["key"])
    unknown = await web.ask("POST", "/v1/chat/completions", key, json=CHAT | {"model": "openai/gpt-77"})
    assert (unknown.status, unknown.json["error"]["code"]) == (403, "model_not_in_catalog")
    user = await web.baton.user()
    asked = await web.ask("POST", "/v1/chat/completions", user, json=CHAT)
    path = f"/api/interactions/{asked.headers['x-baton-interaction']}"
    assert (await web.get(path)).status == 200
    assert (await web.get(path, key)).status == 404


async def test_a_key_of_some_models_uses_no_other(web: Web) -> None:
    """Named, chosen, listed or looked at: 403, left out, absent, 404; its own serve."""
    made = await web.post(
        "/api/admin/keys", {"name": "k", "tier": None, "models": ["simulated/lorem", "simulated/emb*"]}
    )
    key = bearer(made.json["key"])

    async def asked(model: str) -> Any:
        return await web.ask("POST", "/v1/chat/completions", key, json=CHAT | {"model": model})

    refused = await asked("simulated/echo")
    assert (refused.status, refused.json["error"]["code"]) == (403, "model_not_allowed")
    assert (await asked("simulated/lorem")).status == 200
    chosen = await asked("auto")
    assert (chosen.status, chosen.headers["x-baton-model"]) == (200, "lorem")
    listed = {each["id"] for each in (await web.get("/v1/models", key)).json["data"]}
    assert listed == {"auto", "simulated/lorem", "simulated/embedding"}
    assert (await web.get("/v1/models/simulated/echo", key)).status == 404
    estimate = {"prompt": "hi", "modelId": "auto"}
    estimated = await web.ask("POST", "/api/v1/models/estimate", key, json=estimate)
    assert estimated.json["estimate"]["modelId"] == "simulated/lorem"
    embedded = {"model": "simulated/embedding", "input": "hi"}
    assert (await web.ask("POST", "/v1/embeddings", key, json=embedded)).status == 200
    pictured = {"model": "simulated/image", "prompt": "hi"}
    assert (await web.ask("POST", "/v1/images/generations", key, json=pictured)).status == 403
