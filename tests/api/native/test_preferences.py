"""`/api/v1/models/preference`: how a model is chosen for whoever asks."""

import json

import pytest

from tests.api.conftest import Web

PATH = "/api/v1/models/preference"
OTHER_PATH = "/api/v1/user/preferences"
LOREM = {"preferredModel": "lorem"}


def chat(**more: object) -> dict[str, object]:
    return {"model": "auto", "messages": [{"role": "user", "content": "hi"}], **more}


async def test_who_never_chose_has_the_defaults(web: Web) -> None:
    """`balanced`, no model, no most; at both paths, with an ETag."""
    for path in (PATH, OTHER_PATH):
        reply = await web.get(path)
        assert (reply.status, reply.headers["etag"]) == (200, '"0"')
        assert reply.json == {
            "profile": "balanced",
            "preferredModel": None,
            "agentRecommendations": True,
            "maxCostPerRequest": None,
            "modelNotice": None,
            "revision": 0,
        }


async def test_a_change_touches_only_what_it_names(web: Web) -> None:
    """A partial upsert, by any name of a model; null takes back; a stale ETag is a 412; each user's own."""
    made = await web.post(PATH, {"profile": "performance", "maxCostPerRequest": "0.05"})
    assert (made.status, made.json["profile"], made.headers["etag"]) == (200, "performance", '"1"')
    more = (await web.post(OTHER_PATH, {**LOREM, "agentRecommendations": False})).json
    assert (more["preferredModel"], more["maxCostPerRequest"]) == ("simulated/lorem", "0.05")
    assert more["agentRecommendations"] is False
    assert (await web.post(PATH, LOREM)).json["revision"] == 2
    stale = await web.ask("POST", PATH, {**web.baton.admin, "If-Match": '"1"'}, json={"profile": "balanced"})
    assert (stale.status, stale.json["code"]) == (412, "revision_conflict")
    nulled = (await web.post(PATH, {"preferredModel": None, "maxCostPerRequest": None})).json
    assert (nulled["preferredModel"], nulled["maxCostPerRequest"]) == (None, None)
    assert nulled["profile"] == "performance"
    assert (await web.get(PATH, await web.baton.user())).json["profile"] == "balanced"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"profile": "cheap"}, "profile"),
        ({"preferredModel": "simulated/nothing"}, "preferredModel"),
        ({"preferredModel": ""}, "preferredModel"),
        ({"maxCostPerRequest": "0"}, "maxCostPerRequest"),
        ({"maxCostPerRequest": "-1"}, "maxCostPerRequest"),
        ({"maxCostPerRequest": "0.0000000001"}, "maxCostPerRequest"),
        ({"maxCostPerRequest": "NaN"}, "maxCostPerRequest"),
        ({"maxCostPerRequest": "1e9"}, "maxCostPerRequest"),
        ({"model": "simulated/echo"}, "model"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_cannot_be_preferred_is_refused(shared: Web, body: object, field: str) -> None:
    """With the field; and nothing was changed."""
    reply = await shared.post(PATH, body)
    assert (reply.status, reply.json["errors"][0]["field"]) == (400, field)
    assert (await shared.get(PATH)).json["revision"] == 0


async def test_the_preferred_model_serves_auto_and_nothing_else(web: Web) -> None:
    """Named in the decision; a model that the request names wins; one that does not fit is passed over."""
    await web.post(PATH, LOREM)
    chosen = (await web.post("/api/ai/v2/chat", chat())).json
    assert chosen["modelName"] == "lorem"
    assert chosen["decision"]["reasoning"] == "simulated/lorem is the model that your preference names."
    named = (await web.post("/api/ai/v2/chat", chat(model="simulated/echo"))).json
    assert named["modelName"] == "echo"
    estimate = await web.get("/api/v1/models/estimate", params={"prompt": "hi", "modelId": "auto"})
    assert estimate.json["estimate"]["modelId"] == "simulated/lorem"
    await web.post(PATH, {"preferredModel": "simulated/embedding"})
    other = (await web.post("/api/ai/v2/chat", chat())).json
    assert "Your preferred model simulated/embedding was passed over: " in other["decision"]["reasoning"]


async def test_a_preferred_model_that_goes_away_is_told_and_passed_over(web: Web) -> None:
    """Switched off or deleted, requests are served by others, and the preference says why."""
    await web.post(PATH, LOREM)
    row = "/api/admin/ai/models/simulated/lorem"
    guard = {**web.baton.admin, "If-Match": "*"}
    assert (await web.ask("PATCH", row, guard, json={"isEnabled": False})).status == 200
    assert "switched off" in (await web.get(PATH)).json["modelNotice"]
    other = (await web.post("/api/ai/v2/chat", chat())).json
    assert other["modelName"] != "lorem"
    assert "simulated/lorem was passed over: switched off." in other["decision"]["reasoning"]
    assert (await web.ask("DELETE", row, guard)).status == 204
    assert "is gone" in (await web.get(PATH)).json["modelNotice"]
    gone = (await web.post("/api/ai/v2/chat", chat())).json["decision"]["reasoning"]
    assert "Your preferred model simulated/lorem was passed over: it is not in the catalog any more." in gone


async def test_a_most_holds_for_every_model_unless_the_request_says_its_own(web: Web) -> None:
    """Also for a named one: 422 with the figure; `x-baton-max-cost` wins over the preference."""
    price = {"pricePer": "1M", "prices": {"input": "1000", "output": "1000"}}
    row = "/api/admin/ai/models/simulated/lorem"
    put = await web.ask("PATCH", row, {**web.baton.admin, "If-Match": "*"}, json=price)
    assert put.status == 200, put.body
    await web.post(PATH, {"maxCostPerRequest": "0.01"})
    refused = await web.post("/api/ai/v2/chat", chat(model="simulated/lorem"))
    assert refused.status == 422
    assert "at most 0.01 USD a request (your preference)" in refused.json["detail"]
    assert (await web.post("/api/ai/v2/chat", chat(model="simulated/echo"))).status == 200
    allowed = {**web.baton.admin, "x-baton-max-cost": "1"}
    assert (await web.post("/api/ai/v2/chat", chat(model="simulated/lorem"), allowed)).status == 200
    wrong = await web.post("/api/ai/v2/chat", chat(), {**web.baton.admin, "x-baton-max-cost": "much"})
    assert wrong.status == 400


async def test_a_change_is_audited(web: Web) -> None:
    """Who, when, before and after."""
    await web.post(PATH, {"profile": "performance"})
    await web.post(PATH, {"profile": "balanced"})
    entries = (await web.get("/api/admin/audit?kind=user_choices")).json["entries"]
    assert [each["action"] for each in entries] == ["update", "update"]
    assert json.dumps(entries[0]["before"]).count("performance") == 1
