"""`/api/admin/ai/fallback-chains` and `/api/admin/ai/fallbacks`."""

import aiohttp
import pytest

from tests.api.conftest import Web
from tests.conftest import StartBaton

PATH = "/api/admin/ai/fallback-chains"
ECHO = PATH + "/simulated/echo"
GPT = PATH + "/openai/gpt-4o"
OUTLOOK = "/api/admin/ai/fallbacks"


@pytest.fixture
async def web(start_baton: StartBaton, session: aiohttp.ClientSession) -> Web:
    """Asks a Baton that falls back, as its users have it."""
    return Web(await start_baton(fallback=True), session)


async def test_a_chain_is_set_changed_taken_away_and_brought_back(web: Web) -> None:
    """Each with the revision that is meant, audited, in force at once."""
    assert (await web.get(ECHO)).status == 404
    made = await web.ask("PUT", ECHO, json={"fallbacks": ["simulated/lorem", "simulated/json"]})
    assert (made.status, made.headers["etag"], made.json["revision"]) == (200, '"1"', 1)
    assert made.json["fallbacks"] == ["simulated/lorem", "simulated/json"]
    assert (await web.ask("PUT", ECHO, json={"fallbacks": ["lorem"]})).status == 428
    guard = {**web.baton.admin, "If-Match": '"1"'}
    changed = await web.ask("PUT", ECHO, guard, json={"fallbacks": ["lorem"]})
    assert (changed.status, changed.json["fallbacks"]) == (200, ["simulated/lorem"])
    assert (await web.ask("PUT", ECHO, guard, json={"fallbacks": ["json"]})).status == 412
    one = await web.get(ECHO)
    assert (one.headers["etag"], one.json) == ('"2"', changed.json)
    undone = await web.ask("POST", ECHO + "/undo", {**web.baton.admin, "If-Match": '"2"'})
    assert undone.json["fallbacks"] == ["simulated/lorem", "simulated/json"]
    gone = await web.ask("DELETE", ECHO, {**web.baton.admin, "If-Match": "*"})
    assert (gone.status, gone.headers["etag"]) == (204, '"4"')
    assert (await web.get(ECHO)).status == 404
    back = await web.ask("POST", ECHO + "/undo", {**web.baton.admin, "If-Match": '"4"'})
    assert (back.status, back.json["deleted"]) == (200, False)
    entries = (await web.get("/api/admin/audit?kind=fallback_chains&key=simulated/echo")).json["entries"]
    assert [each["action"] for each in entries] == ["undo", "delete", "undo", "update", "create"]
    assert entries[-1]["after"]["fallbacks"] == ["simulated/lorem", "simulated/json"]


async def test_a_new_installation_has_the_chains_that_come_with_it(web: Web) -> None:
    """They can be taken away like any other, and stay away."""
    chains = {each["model"]: each["fallbacks"] for each in (await web.get(PATH)).json["chains"]}
    assert chains["openai/gpt-4o"] == ["openai/gpt-4o-mini", "anthropic/claude-3-5-sonnet-20241022"]
    assert (await web.ask("DELETE", GPT, {**web.baton.admin, "If-Match": '"1"'})).status == 204
    assert "openai/gpt-4o" not in {each["model"] for each in (await web.get(PATH)).json["chains"]}


async def test_what_is_wrong_is_told_by_its_place(web: Web) -> None:
    """Unknown names with the nearest, the model itself, one twice, none, too many."""
    for fallbacks, field, words in (
        (["simulated/lorem", "simulated/ecko"], "fallbacks[1]", "Did you mean simulated/echo"),
        (["simulated/lorem", "simulated/echo"], "fallbacks[1]", "cannot follow itself"),
        (["lorem", "simulated/lorem"], "fallbacks[1]", "there twice"),
        ([], "fallbacks", "at least 1"),
        (["lorem"] * 9, "fallbacks", "at most 8"),
    ):
        reply = await web.ask("PUT", ECHO, json={"fallbacks": fallbacks})
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, field)
        assert words in reply.body.decode()
    unknown = await web.ask("PUT", PATH + "/simulated/ecko", json={"fallbacks": ["lorem"]})
    assert (unknown.status, "simulated/echo" in unknown.json["detail"]) == (404, True)


async def test_the_outlook_follows_the_chain(web: Web) -> None:
    """In order, with who is left out; a deleted model is passed over, and comes back with its row."""
    await web.ask("PUT", ECHO, json={"fallbacks": ["json", "lorem"]})
    found = (await web.get(OUTLOOK, params={"model": "echo"})).json
    assert found["model"] == "simulated/echo"
    assert found["next"] == [
        {"model": "simulated/json", "chained": True},
        {"model": "simulated/lorem", "chained": True},
    ]
    deleted = await web.ask(
        "DELETE", "/api/admin/ai/models/simulated/json", {**web.baton.admin, "If-Match": "*"}
    )
    assert deleted.status == 204
    found = (await web.get(OUTLOOK, params={"model": "echo", "tier": "premium"})).json
    assert (found["tier"], [each["model"] for each in found["next"]]) == ("expert", ["simulated/lorem"])
    assert found["leftOut"][0] == {"model": "simulated/json", "reason": "not in the catalog any more"}
    for asked, status in (
        ({"model": "simulated/ecko"}, 404),
        ({"model": "echo", "tier": "gold"}, 400),
        ({"model": "openai/gpt-4o"}, 422),
        ({}, 400),
    ):
        assert (await web.get(OUTLOOK, params=asked)).status == status, asked
