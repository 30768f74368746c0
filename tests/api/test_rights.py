"""Who may do what: every route, asked without a key, with a wrong one, by a user and by an admin."""

from typing import Any

import pytest
from msgspec import structs

from baton.api.spoken import dialect_at
from baton.core.dialect import Dialect
from baton.pipelines.engine.run import Owner
from tests.api.conftest import Web
from tests.conftest import BatonServer, StartBaton, bearer
from tests.pipelines.itinerary.test_store import TRIP
from tests.pipelines.outputs.test_outputs import DRAFT
from tests.shapes import error_in

CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
MODEL = {"provider": "acme", "name": "small-1", "tierAccess": ["free"]}
CLASSES = {"default": "gpt-4o", "cheap": "gpt-4o", "premium": "gpt-4o"}
GENERATE = "/v1beta/models/simulated/echo:generateContent"
STREAM = "/v1beta/models/simulated/echo:streamGenerateContent"
COUNT = "/v1beta/models/simulated/echo:countTokens"
GONE = "00000000-0000-7000-8000-000000000000"
ECHO = "/api/admin/ai/models/simulated/echo"
CHAIN = "/api/admin/ai/fallback-chains/simulated/echo"
CACHE = "/api/admin/cache"
FLAG = "/api/admin/ai/flags/multi_llm"
SPOT = {"city": "Lisbon", "names": {"en": "x"}, "category": "park", "localness": 3, "source": "a walk"}
PROMPTS, PERSONAS = "/api/admin/ai/prompts", "/api/admin/ai/personas"
RULES = "/api/admin/ai/routing-rules"
QUALITY = "/api/admin/ai/quality"
AGENTS = "/api/admin/ai/agent-routing"
WEIGHTS = "/api/admin/ai/routing-weights"
EXPERIMENTS = "/api/admin/ai/experiments"
ARMS = [{"name": "usual", "share": 50}, {"name": "echo", "share": 50, "models": ["echo"]}]
POINTS = {"points": [{"complexity": 0, "quality": 1, "cost": 0, "availability": 0}]}

OPEN = [
    ("GET", "/livez", 200),
    ("GET", "/readyz", 200),
    ("GET", "/metrics", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/docs", 200),
    ("GET", "/docs/start.js", 200),
    ("GET", "/docs/swagger-ui.css", 200),
    ("GET", "/docs/openapi-3.0.json", 200),
    ("POST", "/api/auth/sign-in", 400),
    ("GET", f"/api/auth/invitations/{GONE}", 404),
    ("POST", f"/api/auth/invitations/{GONE}", 400),
]
# One Baton is asked for all of these, in this order.
KNOWN: list[tuple[str, str, Any, int]] = [
    ("POST", "/v1/chat/completions", CHAT, 200),
    ("POST", "/v1/embeddings", {"model": "simulated/embedding", "input": "hi"}, 200),
    ("POST", "/v1/images/generations", {"model": "simulated/image", "prompt": "hi"}, 200),
    ("POST", "/v1/audio/transcriptions", {}, 400),
    ("POST", "/v1/moderations", {"input": "hi"}, 200),
    ("POST", "/v1/responses", {"model": "simulated/echo", "input": "hi"}, 200),
    ("POST", "/v1/messages", CHAT | {"max_tokens": 9}, 200),
    ("POST", GENERATE, {"contents": [{"parts": [{"text": "hi"}]}]}, 200),
    ("POST", "/v1/messages/count_tokens", CHAT, 200),
    ("POST", "/v1/responses/input_tokens", {"model": "simulated/echo", "input": "hi"}, 200),
    ("POST", COUNT, {"contents": [{"parts": [{"text": "hi"}]}]}, 200),
    ("POST", STREAM, {"contents": [{"parts": [{"text": "hi"}]}]}, 200),
    ("GET", "/v1/models", None, 200),
    ("GET", "/v1/models/simulated/echo", None, 200),
    ("GET", "/v1beta/models", None, 200),
    ("GET", "/v1beta/models/simulated/echo", None, 200),
    ("POST", "/api/ai/v2/chat", CHAT, 200),
    ("POST", "/api/ai/v2/chat/batch", {"requests": [CHAT]}, 200),
    ("POST", "/api/ai/research", {"projectId": GONE, "brief": "x"}, 404),
    ("POST", "/api/ai/strategy", {"projectId": GONE, "researchData": "x"}, 404),
    ("POST", "/api/ai/critique", {"projectId": GONE, "strategyData": "x"}, 404),
    ("POST", "/api/ai/stream", {"projectId": GONE, "task": "slogan", "prompt": "x"}, 404),
    ("POST", "/api/ai/v2/route-suggest", {"prompt": "hi"}, 200),
    ("GET", "/api/v1/models", None, 200),
    ("GET", "/api/v1/models/estimate", None, 400),
    ("POST", "/api/v1/models/estimate", {"modelId": "simulated/echo", "prompt": "hi"}, 200),
    ("GET", "/api/interactions", None, 200),
    ("GET", f"/api/interactions/{GONE}", None, 404),
    ("GET", f"/api/interactions/{GONE}/model-info", None, 404),
    ("GET", f"/api/interactions/{GONE}/receipt", None, 404),
    ("GET", f"/api/mira/model-info/{GONE}", None, 404),
    ("POST", f"/api/interactions/{GONE}/feedback", {"score": 5}, 404),
    ("GET", "/api/me", None, 200),
    ("GET", "/api/me/budgets", None, 200),
    ("PUT", "/api/me/budget", {"limitUsd": "5.00"}, 200),
    ("GET", "/api/me/alerts", None, 200),
    ("GET", "/api/me/keys", None, 200),
    ("POST", "/api/me/keys", {"name": "k"}, 201),
    ("PATCH", f"/api/me/keys/{GONE}", {"name": "k"}, 404),
    ("DELETE", f"/api/me/keys/{GONE}", None, 404),
    ("POST", f"/api/me/keys/{GONE}/rotate", None, 404),
    ("GET", "/api/projects", None, 200),
    ("POST", "/api/projects", {"name": "p"}, 201),
    ("GET", f"/api/projects/{GONE}", None, 404),
    ("PATCH", f"/api/projects/{GONE}", {"name": "p"}, 404),
    ("PUT", f"/api/projects/{GONE}/members/{GONE}", {"role": "viewer"}, 404),
    ("DELETE", f"/api/projects/{GONE}/members/{GONE}", None, 404),
    ("GET", f"/api/projects/{GONE}/documents", None, 404),
    ("POST", f"/api/projects/{GONE}/documents", "text", 404),
    ("GET", f"/api/projects/{GONE}/documents/{GONE}", None, 404),
    ("DELETE", f"/api/projects/{GONE}/documents/{GONE}", None, 404),
    ("GET", f"/api/projects/{GONE}/outputs", None, 404),
    ("GET", f"/api/projects/{GONE}/outputs/{GONE}", None, 404),
    ("PUT", f"/api/projects/{GONE}/outputs/{GONE}", {"content": "x", "basedOn": 1}, 404),
    ("GET", f"/api/projects/{GONE}/outputs/{GONE}/versions", None, 404),
    ("GET", "/api/itineraries", None, 200),
    ("POST", "/api/itineraries/generate-v2", {"city": "Lisbon", "days": 0}, 400),
    ("GET", f"/api/itineraries/{GONE}", None, 404),
    ("POST", f"/api/itineraries/{GONE}/revise", {"instruction": "Later."}, 404),
    ("GET", "/api/runs", None, 200),
    ("POST", "/api/runs", {"recipe": "unheard-of"}, 404),
    ("GET", f"/api/runs/{GONE}", None, 404),
    ("GET", f"/api/runs/{GONE}/history", None, 404),
    ("GET", f"/api/runs/{GONE}/events", None, 404),
    ("POST", f"/api/runs/{GONE}/cancel", None, 404),
    ("POST", f"/api/runs/{GONE}/resume", None, 404),
    ("POST", f"/api/runs/{GONE}/steer", {"instruction": "shorter"}, 404),
    ("GET", "/api/v1/models/preference", None, 200),
    ("POST", "/api/v1/models/preference", {"profile": "performance"}, 200),
    ("GET", "/api/v1/user/preferences", None, 200),
    ("POST", "/api/v1/user/preferences", {"profile": "balanced"}, 200),
    ("GET", "/api/ai/v2/usage", None, 200),
    ("GET", "/api/v1/usage", None, 200),
    ("GET", "/api/v1/usage/breakdown", None, 200),
    ("GET", "/api/me/opt-out", None, 200),
    ("POST", "/api/me/opt-out", None, 200),
    ("DELETE", "/api/me/opt-out", None, 200),
]
ADMIN: list[tuple[str, str, Any, int]] = [
    ("GET", "/api/admin/ai/models", None, 200),
    ("POST", "/api/admin/ai/models", MODEL, 201),
    ("POST", "/api/v1/admin/models", MODEL | {"name": "small-2"}, 201),
    ("GET", "/api/admin/ai/models/export", None, 200),
    ("POST", "/api/admin/ai/models/import", {"models": [MODEL], "dryRun": True}, 200),
    ("POST", "/api/admin/ai/models/bulk", {"provider": "simulated", "isEnabled": True}, 200),
    ("GET", "/api/admin/ai/classes", None, 200),
    ("PUT", "/api/admin/ai/classes/openai", CLASSES, 428),
    ("POST", "/api/admin/ai/classes/openai/undo", None, 428),
    ("GET", "/api/admin/ai/data-policies", None, 200),
    ("GET", "/api/admin/ai/data-policies/openai", None, 200),
    ("PUT", "/api/admin/ai/data-policies/openai", {"region": "eu"}, 200),
    ("DELETE", "/api/admin/ai/data-policies/openai", None, 428),
    ("POST", "/api/admin/ai/data-policies/openai/undo", None, 428),
    ("GET", "/api/admin/ai/breakers", None, 200),
    ("DELETE", "/api/admin/ai/breakers/simulated/echo", None, 404),
    ("POST", "/api/admin/ai/breakers/simulated/echo/undo", None, 404),
    ("PUT", "/api/admin/ai/breakers/simulated/echo", {"state": "closed", "reason": "why"}, 200),
    ("POST", "/api/admin/ai/rehearsals", {"down": ["simulated"], "requests": 1}, 200),
    ("POST", "/api/admin/ai/backtests", {}, 200),
    ("GET", "/api/admin/ai/fallbacks", None, 400),
    ("GET", "/api/admin/ai/fallback-chains", None, 200),
    ("GET", CHAIN, None, 404),
    ("DELETE", CHAIN, None, 404),
    ("POST", CHAIN + "/undo", None, 404),
    ("PUT", CHAIN, {"fallbacks": ["simulated/lorem"]}, 200),
    ("GET", EXPERIMENTS, None, 200),
    ("PUT", EXPERIMENTS + "/default", {"arms": ARMS}, 200),
    ("GET", EXPERIMENTS + "/default", None, 200),
    ("GET", EXPERIMENTS + "/default/results", None, 200),
    ("POST", EXPERIMENTS + "/default/start", None, 428),
    ("POST", EXPERIMENTS + "/default/stop", None, 428),
    ("POST", EXPERIMENTS + "/default/rollout", {"percent": 60}, 428),
    ("POST", EXPERIMENTS + "/default/promote", {"arm": "echo"}, 428),
    ("POST", EXPERIMENTS + "/default/undo", None, 428),
    ("DELETE", EXPERIMENTS + "/default", None, 428),
    ("GET", PROMPTS, None, 200),
    ("PUT", PROMPTS + "/default", {}, 200),
    ("GET", PROMPTS + "/default", None, 200),
    ("POST", PROMPTS + "/default/versions", {"system": "x"}, 201),
    ("GET", PROMPTS + "/default/versions/1", None, 200),
    ("POST", PROMPTS + "/default/versions/1/render", {}, 200),
    ("POST", PROMPTS + "/default/versions/1/test", {}, 200),
    ("GET", PROMPTS + "/default/diff", None, 400),
    ("PUT", PROMPTS + "/default/labels/staging", {"version": 1}, 428),
    ("DELETE", PROMPTS + "/default/labels/staging", None, 404),
    ("POST", PROMPTS + "/default/undo", None, 428),
    ("DELETE", PROMPTS + "/default", None, 428),
    ("GET", PERSONAS, None, 200),
    ("PUT", PERSONAS + "/default", {"title": "D", "voice": "V"}, 200),
    ("GET", PERSONAS + "/default", None, 200),
    ("POST", PERSONAS + "/default/undo", None, 428),
    ("DELETE", PERSONAS + "/default", None, 428),
    ("GET", QUALITY, None, 200),
    ("GET", QUALITY + "/rules/chat", None, 404),
    ("PUT", QUALITY + "/rules/chat", {"share": 0.0}, 200),
    ("POST", QUALITY + "/rules/chat/undo", None, 428),
    ("DELETE", QUALITY + "/rules/chat", None, 428),
    ("GET", QUALITY + "/review", None, 200),
    ("GET", QUALITY + "/review/agreement", None, 200),
    ("GET", QUALITY + f"/review/{GONE}", None, 404),
    ("POST", QUALITY + f"/review/{GONE}/review", {"verdict": "accept"}, 404),
    ("GET", RULES, None, 200),
    ("GET", RULES + "/export", None, 200),
    ("POST", RULES + "/import", {"rules": []}, 200),
    ("POST", RULES + "/test", {"prompt": "hi", "tier": "pro"}, 200),
    ("GET", RULES + "/chat", None, 200),
    ("PUT", RULES + "/chat", {}, 428),
    ("DELETE", RULES + "/chat", None, 428),
    ("POST", RULES + "/chat/undo", None, 428),
    ("GET", AGENTS, None, 200),
    ("GET", AGENTS + "/research", None, 200),
    ("PUT", AGENTS + "/research", {"choice": "cheapest"}, 428),
    ("DELETE", AGENTS + "/research", None, 428),
    ("POST", AGENTS + "/research/undo", None, 428),
    ("GET", WEIGHTS, None, 200),
    ("GET", WEIGHTS + "/default", None, 200),
    ("PUT", WEIGHTS + "/default", POINTS, 428),
    ("DELETE", WEIGHTS + "/default", None, 400),
    ("POST", WEIGHTS + "/default/undo", None, 428),
    ("GET", CACHE, None, 200),
    ("POST", CACHE + "/invalidate", {"all": True}, 200),
    ("GET", CACHE + "/rules", None, 200),
    ("GET", CACHE + "/rules/chat", None, 404),
    ("PUT", CACHE + "/rules/chat", {"exact": False}, 200),
    ("DELETE", CACHE + "/rules/chat", None, 428),
    ("POST", CACHE + "/rules/chat/undo", None, 428),
    ("POST", "/api/admin/ai/test", {"modelId": "simulated/echo"}, 200),
    ("GET", ECHO, None, 200),
    ("PUT", ECHO, {"tierAccess": ["free"]}, 428),
    ("PATCH", ECHO, {"quality": 0.1}, 428),
    ("DELETE", ECHO, None, 428),
    ("GET", "/api/admin/ai/health", None, 200),
    ("GET", ECHO + "/history", None, 200),
    ("POST", ECHO + "/undo", None, 428),
    ("GET", "/api/admin/keys", None, 200),
    ("POST", "/api/admin/keys", {"name": "robot"}, 201),
    ("GET", f"/api/admin/keys/{GONE}", None, 404),
    ("PATCH", f"/api/admin/keys/{GONE}", {"name": "k"}, 404),
    ("POST", f"/api/admin/keys/{GONE}/rotate", None, 404),
    ("DELETE", f"/api/admin/keys/{GONE}", None, 404),
    ("GET", "/api/admin/spots", None, 200),
    ("GET", "/api/admin/spots/export", None, 200),
    ("POST", "/api/admin/spots/import", {"spots": []}, 200),
    ("GET", "/api/admin/spots/nowhere", None, 404),
    ("PUT", "/api/admin/spots/nowhere", SPOT, 200),
    ("DELETE", "/api/admin/spots/nowhere", None, 428),
    ("POST", "/api/admin/spots/nowhere/undo", None, 428),
    ("GET", "/api/admin/users", None, 200),
    ("POST", "/api/admin/users", {"name": "Ada"}, 201),
    ("GET", f"/api/admin/users/{GONE}", None, 404),
    ("PATCH", f"/api/admin/users/{GONE}", {"name": "Ada"}, 404),
    ("DELETE", f"/api/admin/users/{GONE}", None, 404),
    ("GET", "/api/admin/projects", None, 200),
    ("POST", "/api/admin/projects", {"name": "p"}, 201),
    ("GET", f"/api/admin/projects/{GONE}", None, 404),
    ("PATCH", f"/api/admin/projects/{GONE}", {"name": "p"}, 404),
    ("PUT", f"/api/admin/projects/{GONE}/members/{GONE}", {"role": "viewer"}, 404),
    ("DELETE", f"/api/admin/projects/{GONE}/members/{GONE}", None, 404),
    ("GET", "/api/admin/ai/penalties", None, 200),
    ("DELETE", f"/api/admin/ai/penalties/key/{GONE}", None, 404),
    ("GET", "/api/admin/ai/tiers", None, 200),
    ("GET", "/api/admin/ai/tiers/export", None, 200),
    ("POST", "/api/admin/ai/tiers/import", {"tiers": []}, 200),
    ("GET", "/api/admin/ai/tiers/pro", None, 200),
    ("PUT", "/api/admin/ai/tiers/pro", {"retries": 2}, 428),
    ("POST", "/api/admin/ai/tiers/pro/undo", None, 428),
    ("GET", "/api/admin/budgets", None, 200),
    ("GET", "/api/admin/budgets/users", None, 200),
    ("PUT", "/api/admin/budgets/users", {"scope": "user", "period": "day", "limitUsd": "1"}, 428),
    ("PATCH", "/api/admin/budgets/users", {"limitUsd": "1"}, 428),
    ("DELETE", "/api/admin/budgets/users", None, 428),
    ("POST", "/api/admin/budgets/users/undo", None, 428),
    ("GET", "/api/admin/budgets/users/accounts", None, 200),
    ("POST", f"/api/admin/users/{GONE}/invitation", None, 404),
    ("DELETE", f"/api/admin/users/{GONE}/second-factor", None, 404),
    ("DELETE", f"/api/admin/users/{GONE}/lockout", None, 404),
    ("GET", "/api/admin/lockouts", None, 200),
    ("DELETE", f"/api/admin/lockouts/{GONE}", None, 404),
    ("GET", "/api/admin/audit", None, 200),
    ("GET", "/api/admin/audit/verify", None, 200),
    ("GET", "/api/admin/audit/export", None, 200),
    ("GET", "/api/admin/ai/flags", None, 200),
    ("GET", FLAG, None, 200),
    ("PATCH", FLAG, {"enabled": True}, 428),
    ("POST", FLAG + "/undo", None, 428),
    ("POST", f"/api/admin/users/{GONE}/opt-out", None, 404),
    ("DELETE", f"/api/admin/users/{GONE}/opt-out", None, 404),
    ("GET", "/api/admin/ai/alerts", None, 200),
]
BROWSERS: list[tuple[str, str, Any]] = [
    ("POST", "/api/auth/second-factor", {"code": "123456"}),
    ("POST", "/api/auth/sign-out", None),
    ("GET", "/api/auth/session", None),
    ("GET", "/api/auth/sessions", None),
    ("DELETE", "/api/auth/sessions", None),
    ("DELETE", f"/api/auth/sessions/{GONE}", None),
    ("PUT", "/api/auth/password", {"old": "wrong horse battery", "new": "correct horse battery"}),
    ("GET", "/api/auth/totp", None),
    ("POST", "/api/auth/totp", {"password": "wrong horse battery"}),
    ("POST", "/api/auth/totp/confirmation", {"code": "123456"}),
    ("POST", "/api/auth/totp/removal", {"password": "wrong horse battery", "code": "123456"}),
    ("POST", "/api/auth/recovery-codes", None),
]


@pytest.fixture
async def baton_server(start_baton: StartBaton) -> BatonServer:
    """One with the budgets of a new installation: their routes are asked for them."""
    return await start_baton(budgets=True)


async def test_open_routes_need_no_key(web: Web) -> None:
    """Probes, metrics and the API's description answer a stranger."""
    for method, path, status in OPEN:
        assert (await web.ask(method, path, {})).status == status, path


async def test_a_stranger_is_turned_away_everywhere_else(web: Web) -> None:
    """Without a key, or with a wrong one: 401, whatever is asked."""
    for method, path, body, _ in [*KNOWN, *ADMIN]:
        for headers, code in (({}, "missing_api_key"), (bearer("bk-wrong"), "invalid_api_key")):
            reply = await web.ask(method, path, headers, json=body)
            assert reply.status == 401, (method, path)
            dialect = dialect_at(path)
            if dialect is not Dialect.NATIVE:
                error_in(dialect, reply.json)
            if dialect in (Dialect.NATIVE, Dialect.OPENAI):  # the others have no place for it
                assert reply.json.get("error", reply.json)["code"] == code, (method, path)


async def test_what_is_a_persons_own_needs_a_browser(web: Web) -> None:
    """Nobody's browser: 401; a wrong key: 401; a good one, an admin's too: 403, as it is no person."""
    user = await web.baton.user()
    for method, path, body in BROWSERS:
        for headers, status, code in (
            ({}, 401, "session_required"),
            (bearer("bk-wrong"), 401, "invalid_api_key"),
            (user, 403, "session_required"),
            (web.baton.admin, 403, "session_required"),
        ):
            reply = await web.ask(method, path, headers, json=body)
            assert (reply.status, reply.json["code"]) == (status, code), (method, path)


EXAMPLES = {
    "{which}": "1",
    "{label}": "staging",
    "{model_id}": "simulated/echo",
    "{breaker}": "simulated/echo",
    "{interaction_id}": GONE,
    "{key_id}": GONE,
    "{project_id}": GONE,
    "{run_id}": GONE,
    "{itinerary_id}": GONE,
    "{spot}": "nowhere",
    "{output_id}": GONE,
    "{document_id}": GONE,
    "{user_id}": GONE,
    "{session_id}": GONE,
    "{lockout_id}": GONE,
    "{token}": GONE,
    "{provider}": "openai",
    "{tier}": "pro",
    "{budget}": "users",
    "{scope}/{subject_id}": f"key/{GONE}",
    "{flag}": "multi_llm",
    "{use_case}": "chat",
    "{agent}": "research",
    "{item_id}": GONE,
    "{name}": "default",
}
"""What stands in the lists' paths for what stands in the description's."""

OWNED: list[tuple[str, str, Any, int, int, int]] = [
    ("GET", "/api/interactions/{interaction_id}", None, 404, 404, 200),
    ("GET", "/api/interactions/{interaction_id}/model-info", None, 404, 404, 200),
    ("GET", "/api/interactions/{interaction_id}/receipt", None, 404, 404, 200),
    ("GET", "/api/mira/model-info/{interaction_id}", None, 404, 404, 200),
    ("POST", "/api/interactions/{interaction_id}/feedback", {"score": 5}, 404, 404, 200),
    ("GET", "/api/projects/{project_id}", None, 404, 404, 200),
    ("PATCH", "/api/projects/{project_id}", {"name": "q"}, 404, 404, 200),
    ("GET", "/api/projects/{project_id}/documents", None, 404, 404, 200),
    ("POST", "/api/projects/{project_id}/documents", "text", 404, 404, 201),
    ("GET", "/api/projects/{project_id}/documents/{document_id}", None, 404, 404, 200),
    ("DELETE", "/api/projects/{project_id}/documents/{document_id}", None, 404, 404, 204),
    ("GET", "/api/projects/{project_id}/outputs", None, 404, 404, 200),
    ("GET", "/api/projects/{project_id}/outputs/{output_id}", None, 404, 404, 200),
    ("PUT", "/api/projects/{project_id}/outputs/{output_id}", {"content": "x", "basedOn": 1}, 404, 404, 200),
    ("GET", "/api/projects/{project_id}/outputs/{output_id}/versions", None, 404, 404, 200),
    ("GET", "/api/itineraries/{itinerary_id}", None, 404, 404, 200),
    ("POST", "/api/itineraries/{itinerary_id}/revise", {"instruction": "x", "basedOn": 9}, 404, 404, 409),
    ("GET", "/api/runs/{run_id}", None, 404, 404, 200),
    ("GET", "/api/runs/{run_id}/history", None, 404, 404, 200),
    ("POST", "/api/runs/{run_id}/steer", {"instruction": "x"}, 404, 404, 200),
    ("POST", "/api/runs/{run_id}/cancel", {}, 404, 404, 200),
    ("GET", "/api/runs/{run_id}/events", None, 404, 404, 200),
    ("POST", "/api/runs/{run_id}/resume", {}, 404, 404, 200),
    ("PUT", "/api/projects/{project_id}/members/{user_id}", {"role": "owner"}, 404, 404, 200),
    ("DELETE", "/api/projects/{project_id}/members/{user_id}", None, 404, 404, 409),
    ("PATCH", "/api/me/keys/{key_id}", {"name": "k"}, 404, 404, 404),
    ("POST", "/api/me/keys/{key_id}/rotate", None, 404, 404, 404),
    ("DELETE", "/api/me/keys/{key_id}", None, 404, 404, 404),
]
"""What somebody else has: asked for by a user, an analyst, an admin. Below `/api/me` an admin is a user."""

PERSONAL = ("{interaction_id}", "{key_id}", "{project_id}", "{run_id}", "{itinerary_id}")
"""What a path names that belongs to a user."""


def concrete(path: str) -> str:
    """A path of the description as the lists have it."""
    for word, value in EXAMPLES.items():
        path = path.replace(word, value)
    return path


async def belongings(web: Web) -> dict[str, str]:
    """One thing of each kind, of one user."""
    owner = await web.baton.user()
    asked = await web.ask("POST", "/v1/chat/completions", owner, json=CHAT)
    me = (await web.get("/api/me", owner)).json
    project = (await web.ask("POST", "/api/projects", owner, json={"name": "p"})).json
    return {
        "{interaction_id}": asked.headers["x-baton-interaction"],
        "{key_id}": me["keyId"],
        "{user_id}": me["id"],
        "{project_id}": project["id"],
        "{output_id}": await output(web, project["id"]),
        "{document_id}": await document(web, owner, project["id"]),
        "{run_id}": await run(web, owner, project["id"]),
        "{itinerary_id}": await itinerary(web, me["id"], me["keyId"]),
    }


async def output(web: Web, project_id: str) -> str:
    """Something that was written for a project."""
    draft = structs.replace(DRAFT, project_id=project_id)
    return (await web.baton.app.pipelines.outputs.save(draft)).output_id


async def itinerary(web: Web, user_id: str, key_id: str) -> str:
    """A trip that was made for somebody."""
    owner = Owner(user_id=user_id, key_id=key_id)
    await web.baton.app.pipelines.travelling.itineraries.keep("trip-1", owner, "k", TRIP)
    return "trip-1"


async def document(web: Web, owner: dict[str, str], project_id: str) -> str:
    """Something that a project's agents may read."""
    path = f"/api/projects/{project_id}/documents?name=brief.txt"
    return (await web.ask("POST", path, owner, data=b"A roastery in Porto.")).json["id"]


async def run(web: Web, owner: dict[str, str], project_id: str) -> str:
    """A run for a project, under way."""
    body = {"recipe": "brand-strategy", "projectId": project_id, "input": {"brief": "A roastery."}}
    return (await web.post("/api/runs", body, owner)).json["id"]


@pytest.mark.parametrize("role", ["user", "strategist", "reviewer", "analyst"])
async def test_who_is_no_admin_may_use_but_not_administer(web: Web, role: str) -> None:
    """Their key opens the users' routes, whatever else they are; an admin's are 403."""
    user = await web.baton.user("pro", roles=frozenset({"user", role}))
    for method, path, body, status in KNOWN:
        assert (await web.ask(method, path, user, json=body)).status == status, (method, path)
    for method, path, body, _ in ADMIN:
        reply = await web.ask(method, path, user, json=body)
        assert (reply.status, reply.json["code"]) == (403, "admin_required"), (method, path)


async def test_an_admin_may_do_everything(web: Web) -> None:
    """An admin's key opens every route."""
    wanted = {(method, path): status for method, path, _, status in [*KNOWN, *ADMIN]}
    told = {
        (method, path): (await web.ask(method, path, json=body)).status
        for method, path, body, _ in [*KNOWN, *ADMIN]
    }
    assert told == wanted


@pytest.mark.parametrize(("place", "role"), [(0, "user"), (1, "analyst"), (2, "admin")])
async def test_what_is_anothers_is_not_there(web: Web, place: int, role: str) -> None:
    """404 as for an id that nobody has, but for what an admin may see and do."""
    asking = await web.baton.user(roles=frozenset({"user", role}))
    things = await belongings(web)
    for method, template, body, *statuses in OWNED:
        path = template
        for word, value in things.items():
            path = path.replace(word, value)
        reply = await web.ask(method, path, asking | {"If-Match": "*"}, json=body)
        assert reply.status == statuses[place], (method, template, reply.body)
        if reply.status == 404:
            gone = await web.ask(method, concrete(template), asking | {"If-Match": "*"}, json=body)
            told, of_nobodys = reply.json, gone.json
            assert (told["code"], told["detail"]) == (of_nobodys["code"], of_nobodys["detail"]), template


async def test_every_route_is_in_these_lists(web: Web) -> None:
    """No route of the description, by path and method, is forgotten: neither who may, nor whose it is."""
    described = (await web.get("/openapi.json")).json["paths"]
    routes = {(method.upper(), path) for path, methods in described.items() for method in methods}
    listed = {(method, path) for method, path, *_ in [*OPEN, *KNOWN, *ADMIN, *BROWSERS]}
    assert {(method, concrete(path)) for method, path in routes} - listed == {("GET", "/api/ai/v2/health")}
    owned = {(method, path) for method, path, *_ in OWNED}
    personal = {
        (method, path)
        for method, path in routes
        if any(word in path for word in PERSONAL) and not path.startswith("/api/admin/")
    }
    assert personal == owned
