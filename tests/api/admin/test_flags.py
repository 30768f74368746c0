"""`/api/admin/ai/flags`, and what the flags switch."""

import aiohttp

from baton.upstream.providers.simulated.rules import Rule
from tests.api.conftest import Web
from tests.conftest import StartBaton

PATH = "/api/admin/ai/flags"
MULTI = PATH + "/multi_llm"
V2 = PATH + "/router_v2"
CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
CHAIN = "/api/admin/ai/fallback-chains/simulated/echo"


def any_revision(web: Web) -> dict[str, str]:
    return {**web.baton.admin, "If-Match": "*"}


async def test_a_flag_is_listed_changed_and_changed_back(web: Web) -> None:
    """Everything on at first; each change with its revision, audited, undoable."""
    flags = {each["name"]: each for each in (await web.get(PATH)).json["flags"]}
    assert set(flags) == {"multi_llm", "router_v2"}
    for each in flags.values():
        assert (each["enabled"], each["offForTiers"], each["percentage"]) == (True, [], 100)
        assert each["heldBy"] == []
    assert (await web.ask("PATCH", MULTI, json={"enabled": False})).status == 428
    guard = {**web.baton.admin, "If-Match": '"1"'}
    body = {"offForTiers": ["premium"], "percentage": 50}
    put = await web.ask("PATCH", MULTI, guard, json=body)
    assert (put.status, put.headers["etag"], put.json["offForTiers"]) == (200, '"2"', ["expert"])
    assert (put.json["enabled"], put.json["percentage"]) == (True, 50)
    assert (await web.ask("PATCH", MULTI, guard, json=body)).status == 412
    assert (await web.get(MULTI)).json == put.json
    undone = await web.ask("POST", MULTI + "/undo", {**web.baton.admin, "If-Match": '"2"'})
    assert (undone.json["offForTiers"], undone.json["percentage"]) == ([], 100)
    entries = (await web.get("/api/admin/audit?kind=flags&key=multi_llm")).json["entries"]
    assert [each["action"] for each in entries] == ["undo", "update", "seed"]


async def test_what_is_wrong_is_told(web: Web) -> None:
    """A flag or a tier that is not there, a share that is none, a word that means nothing."""
    assert (await web.get(PATH + "/nothing")).status == 404
    for body, field in (
        ({"offForTiers": ["gold"]}, "offForTiers"),
        ({"percentage": 101}, "percentage"),
        ({"on": True}, "on"),
    ):
        reply = await web.ask("PATCH", MULTI, any_revision(web), json=body)
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, field)


async def test_the_environment_holds_a_flag(start_baton: StartBaton, session: aiohttp.ClientSession) -> None:
    """It is shown so, and cannot be changed to anything else; what it does not hold can."""
    said = {"ENABLE_MULTI_LLM": "false", "MULTI_LLM_PREMIUM_TIER": "off", "LLM_ROUTER_VERSION": "v2"}
    web = Web(await start_baton(said), session)
    shown = (await web.get(MULTI)).json
    assert (shown["enabled"], shown["offForTiers"]) == (False, ["expert"])
    assert shown["heldBy"] == ["ENABLE_MULTI_LLM", "MULTI_LLM_EXPERT_TIER"]
    refused = await web.ask("PATCH", MULTI, any_revision(web), json={"enabled": True})
    assert (refused.status, refused.json["code"]) == (409, "held_by_environment")
    assert "ENABLE_MULTI_LLM" in refused.json["detail"]
    assert (await web.ask("PATCH", V2, any_revision(web), json={"enabled": False})).status == 409
    other = await web.ask("PATCH", MULTI, any_revision(web), json={"offForTiers": ["free", "expert"]})
    assert (other.status, other.json["offForTiers"]) == (200, ["expert", "free"])


async def test_without_multi_llm_no_other_model_is_asked(
    start_baton: StartBaton, session: aiohttp.ClientSession
) -> None:
    """For whom it is off a failure stays one, listed fallbacks or not; the others are served by the next."""
    web = Web(await start_baton(fallback=True), session)
    free, pro = await web.baton.user(), await web.baton.user(tier="pro")
    web.baton.app.simulation.rules.set("echo", Rule(behaves="echo;fault=503"))
    await web.ask("PUT", CHAIN, json={"fallbacks": ["simulated/lorem"]})
    await web.ask("PATCH", MULTI, any_revision(web), json={"offForTiers": ["free"]})
    served = await web.post("/api/ai/v2/chat", CHAT, pro)
    assert (served.status, served.json["modelName"]) == (200, "lorem")
    assert (await web.post("/api/ai/v2/chat", CHAT, free)).status in (502, 503)
    listed = {**free, "x-baton-fallback": "lorem"}
    assert (await web.post("/api/ai/v2/chat", CHAT, listed)).status in (502, 503)
    await web.ask("POST", MULTI + "/undo", any_revision(web))
    assert (await web.post("/api/ai/v2/chat", CHAT, free)).json["modelName"] == "lorem"
