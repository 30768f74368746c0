"""`/api/admin/ai/breakers`."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from baton.gateway.resilience.forced import ForcedBreaker, Hold
from tests.api.conftest import Web
from tests.conftest import MAKER, StartBaton

PATH = "/api/admin/ai/breakers"
ECHO = PATH + "/simulated/echo"
OPEN = {"state": "open", "reason": "it says nonsense"}
SLASHES = "slashes/in/its-name"


@pytest_asyncio.fixture
async def web(start_baton: StartBaton, session: ClientSession) -> Web:
    """A Baton whose breakers open as its users' do."""
    return Web(await start_baton(fallback=True), session)


async def shown(web: Web, name: str) -> dict[str, Any] | None:
    """One breaker of the list."""
    listed = (await web.get(PATH)).json["breakers"]
    provider, _, model = name.partition("/")
    return next(
        (each for each in listed if (each["provider"], each["model"] or "") == (provider, model)), None
    )


async def fail(web: Web, times: int, model: str = "echo") -> None:
    """Calls that failed, as the gateway tells the breakers."""
    for _ in range(times):
        lease = await web.baton.app.breakers.enter("simulated", model, 30.0)
        assert lease is not None
        lease.failed()


async def test_every_configured_provider_is_listed_and_models_that_are_in_trouble(web: Web) -> None:
    """A provider that was never asked is closed; a model appears with its first failure, then open."""
    assert await shown(web, "simulated") == {
        "provider": "simulated",
        "model": None,
        "state": "closed",
        "since": None,
        "failures": 0,
        "calls": 0,
        "errorRate": None,
        "trials": 0,
        "nextTrial": None,
        "openings": 0,
        "refused": 0,
        "forced": None,
    }
    assert await shown(web, "openai") is None
    await fail(web, 4)
    failing = await shown(web, "simulated/echo")
    assert failing is not None
    assert (failing["state"], failing["failures"], failing["errorRate"]) == ("closed", 4, 1)
    await fail(web, 1)
    assert await web.baton.app.breakers.enter("simulated", "echo", 30.0) is None
    opened = await shown(web, "simulated/echo")
    assert opened is not None
    assert (opened["state"], opened["openings"], opened["refused"]) == ("open", 1, 1)
    waits = datetime.fromisoformat(opened["nextTrial"]) - datetime.fromisoformat(opened["since"])
    assert abs(waits - timedelta(seconds=60)) < timedelta(seconds=1)
    provider = await shown(web, "simulated")
    assert provider is not None
    assert (provider["state"], provider["failures"]) == ("closed", 5)


async def test_a_word_is_in_force_at_once_audited_and_taken_back(web: Web) -> None:
    """Who changes it names the revision that was read; a word taken back can be brought back."""
    breakers, match = web.baton.app.breakers, web.baton.admin | {"If-Match": "*"}
    held = await web.ask("PUT", ECHO, json=OPEN)
    assert (held.status, held.headers["etag"], held.json["state"]) == (200, '"1"', "open")
    forced = held.json["forced"]
    assert (forced["state"], forced["reason"], forced["until"]) == ("open", "it says nonsense", None)
    assert breakers.wait_s("simulated", "echo") == math.inf
    assert await shown(web, "simulated/echo") == held.json
    assert (await web.ask("PUT", ECHO, json=OPEN)).status == 428
    stale = await web.ask("PUT", ECHO, web.baton.admin | {"If-Match": '"7"'}, json=OPEN)
    assert stale.status == 412
    closed = await web.ask("PUT", ECHO, match, json={"state": "closed", "reason": "well again"})
    assert (closed.headers["etag"], closed.json["forced"]["revision"]) == ('"2"', 2)
    assert breakers.wait_s("simulated", "echo") == 0
    assert (await web.ask("DELETE", ECHO)).status == 428
    released = await web.ask("DELETE", ECHO, match)
    assert (released.status, released.headers["etag"]) == (204, '"3"')
    assert await shown(web, "simulated/echo") is None
    gone = await web.ask("DELETE", ECHO, match)
    assert (gone.status, gone.json["detail"]) == (404, "Nobody holds 'simulated/echo' open or closed.")
    back = await web.ask("POST", ECHO + "/undo", web.baton.admin | {"If-Match": '"3"'})
    assert (back.status, back.json["forced"]["reason"]) == (200, "well again")
    entries = (await web.get("/api/admin/audit?kind=breaker&key=simulated/echo")).json["entries"]
    assert [each["action"] for each in entries] == ["undo", "delete", "update", "create"]
    assert entries[-1]["after"]["reason"] == "it says nonsense"
    assert entries[-1]["actorId"] == forced["by"]


async def test_a_providers_word_holds_for_all_its_models(web: Web) -> None:
    """A provider stands in the path by itself; its models are not asked."""
    assert (await web.ask("PUT", PATH + "/simulated", json=OPEN)).json["model"] is None
    assert web.baton.app.breakers.wait_s("simulated", "lorem") == math.inf


async def test_an_open_breaker_is_an_alert_until_it_closes(web: Web) -> None:
    """By its failures or by an admin's word."""
    alerts = "/api/admin/ai/alerts?kind=breaker_open"
    await fail(web, 5)
    await web.ask("PUT", PATH + "/simulated", json=OPEN)
    found = (await web.get(alerts + "&state=open")).json["alerts"]
    assert {each["subject"] for each in found} == {"simulated/echo", "simulated"}
    await web.ask("DELETE", PATH + "/simulated", web.baton.admin | {"If-Match": "*"})
    [over] = (await web.get(alerts + "&state=resolved")).json["alerts"]
    assert over["subject"] == "simulated"


async def test_models_whose_names_hold_slashes_are_named_as_they_are(web: Web) -> None:
    """Also with their slashes encoded; one that stands in no row must have been asked for."""
    path = f"{PATH}/simulated/{SLASHES}"
    assert (await web.ask("PUT", path, json=OPEN)).status == 404
    await fail(web, 1, SLASHES)
    assert (await web.ask("PUT", path, json=OPEN)).json["model"] == SLASHES
    encoded = f"{PATH}/simulated%2F{SLASHES.replace('/', '%2F')}"
    assert (await web.ask("DELETE", encoded, web.baton.admin | {"If-Match": "*"})).status == 204


async def test_what_names_nothing_is_refused(web: Web) -> None:
    """Unknown providers and aliases are 404; what is wrong in the body is named by its field."""
    for name in ("nobody", "gpt", "nobody/echo", "simulated/"):
        assert (await web.ask("PUT", f"{PATH}/{name}", json=OPEN)).status == 404, name
    for wrong, field in (
        ({"state": "ajar", "reason": "why"}, "state"),
        ({"state": "open"}, "reason"),
        ({"state": "open", "reason": ""}, "reason"),
        ({**OPEN, "until": "2001-01-31T00:00:00Z"}, "until"),
        ({**OPEN, "forever": True}, "forever"),
    ):
        reply = await web.ask("PUT", ECHO, json=wrong)
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, field), wrong


async def test_a_word_with_an_end_ends_then(web: Web) -> None:
    """It says when; what has ended is shown no more, and who says a new word need not name it."""
    until = datetime.now(UTC) + timedelta(hours=1)
    held = await web.ask("PUT", ECHO, json={**OPEN, "until": until.isoformat()})
    assert abs(datetime.fromisoformat(held.json["forced"]["until"]) - until) < timedelta(milliseconds=2)
    ended = ForcedBreaker(provider="simulated", state=Hold.OPEN, reason="then", until_ms=1)
    await web.baton.app.edited.forced_breakers.put(ended, MAKER, None)
    whole = await shown(web, "simulated")
    assert whole is not None
    assert (whole["state"], whole["forced"]) == ("closed", None)
    again = await web.ask("PUT", PATH + "/simulated", json=OPEN)
    assert (again.status, again.headers["etag"], again.json["state"]) == (200, '"2"', "open")


async def test_a_word_holds_in_every_process_and_over_restarts(
    start_baton: StartBaton, tmp_path_factory: pytest.TempPathFactory, session: ClientSession
) -> None:
    """A Baton that starts later holds what was held; one that runs already hears of it from the database."""
    folder = tmp_path_factory.mktemp("shared")
    first = await start_baton(data_dir=folder)
    assert (await Web(first, session).ask("PUT", ECHO, json=OPEN)).status == 200
    second = await start_baton(data_dir=folder)
    assert second.app.breakers.wait_s("simulated", "echo") == math.inf
    match = first.admin | {"If-Match": "*"}
    assert (await Web(first, session).ask("DELETE", ECHO, match)).status == 204
    await second.app.store.notices.poll()
    assert second.app.breakers.wait_s("simulated", "echo") == 0
