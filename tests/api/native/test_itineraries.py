"""`/api/itineraries`, with three providers on a socket."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.scripts import Line, Script, Scripts
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.api.conftest import Reply, Web
from tests.conftest import bearer, serving
from tests.crash.provider import Provider, Remembering
from tests.pipelines.itinerary.trips import LISBON

pytestmark = pytest.mark.asyncio(loop_scope="module")

GENERATE = "/api/itineraries/generate-v2"
WISH = {"city": "Lisbon", "days": 2, "budget": 200, "interests": ["tiles"]}
CHANGE = {"action": "modify", "day": 2, "activity": "MAAT", "replacement": {"timeSlot": "14:30-16:00"}}
GONE = "0197c6a0-0000-7000-8000-000000000000"

SAID = (
    ("Swim in the lake", {"note": "There is no lake."}),
    ("What is to be changed", {"suggestions": [CHANGE]}),
    ("What was asked for", {"approved": True, "score": 9}),
    ("Museu Nacional do Azulejo, museum", {"checks": []}),
    ("City: Nowhere", "I know of no such city."),
    ("City:", LISBON),
    ("lisbon", {"facts": ["Museums are closed on Mondays."]}),
)
"""What is answered to what; the first that fits."""

PRIMARY, EMERGENCY = "primary", "emergency"
OUTAGES = {
    PRIMARY: ((), None, {"openai", "google", "anthropic"}),
    "gemini_fallback": (("google",), "Using alternative validation method", {"openai", "anthropic"}),
    "claude_fallback": (("anthropic",), "Quality checks temporarily simplified", {"openai", "google"}),
    "chatgpt_fallback": (("openai",), "Using alternative generation method", {"google", "anthropic"}),
    EMERGENCY: (("openai", "google"), "Some features temporarily unavailable", {"anthropic"}),
}
"""Each route with the providers that are out, its notice, and who is asked."""


def line(when: str, says: object) -> Line:
    """One of a script."""
    text = says if isinstance(says, str) else msgspec.json.encode(says).decode()
    return Line(when=when, says=text, settings="latency=2")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def web(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Web]:
    """A Baton whose models make the trip to Lisbon, whoever is asked."""
    script = Script(name="trip", lines=tuple(line(*each) for each in SAID))
    simulation = Simulation(SystemClock(), scripts=Scripts(scripts=(script,)))
    simulation.rules.set_unknown(Rule(behaves="scripted"))
    async with running(simulation) as url:
        environment = Provider(url, Remembering()).environment
        async with (
            serving(
                environment, tmp_path_factory.mktemp("trips"), {"fallback": True, "budgets": False}
            ) as baton,
            aiohttp.ClientSession() as session,
        ):
            yield Web(baton, session)


async def user(web: Web, tier: str) -> dict[str, str]:
    """Somebody new of a tier: what they send to be known."""
    made = await web.post("/api/admin/users", {"name": f"A {tier}"})
    assert made.status == 201, made.body
    key = await web.post("/api/admin/keys", {"userId": made.json["id"], "name": "k", "tier": tier})
    assert key.status == 201, key.body
    return bearer(key.json["key"])


async def hold(web: Web, providers: tuple[str, ...], state: str | None) -> None:
    """Hold breakers open, or no longer."""
    for provider in providers:
        path = f"/api/admin/ai/breakers/{provider}"
        if state is None:
            await web.ask("DELETE", path, web.baton.admin | {"If-Match": "*"})
        else:
            reply = await web.ask("PUT", path, json={"state": state, "reason": "a test"})
            assert reply.status == 200, reply.body


async def made(web: Web, headers: dict[str, str] | None = None, **more: Any) -> Reply:
    """A trip."""
    reply = await web.post(GENERATE, WISH | more, headers)
    assert reply.status == 200, reply.body
    return reply


@pytest.mark.parametrize("route", OUTAGES)
async def test_each_outage_has_its_route(web: Web, route: str) -> None:
    """Breakers that are open lead another way, which the answer tells with its notice and metrics."""
    out, notice, asked = OUTAGES[route]
    await hold(web, out, "open")
    try:
        told = (await made(web)).json
    finally:
        await hold(web, out, None)
    meta = told["meta"]
    assert told["success"] is True
    assert [len(day["activities"]) for day in told["itinerary"]["days"]] == [4, 4]
    assert (meta["metrics"]["route"], meta["notice"], meta["fallbackUsed"]) == (
        route,
        notice,
        notice is not None,
    )
    assert set(meta["metrics"]["providersUsed"]) == asked
    assert meta["metrics"]["totalMs"] >= meta["metrics"]["phase1Ms"] + meta["metrics"]["phase2Ms"] > 0
    reviewed = {
        PRIMARY: 9,
        "gemini_fallback": 9,
        "chatgpt_fallback": 9,
        "claude_fallback": 7,
        EMERGENCY: None,
    }
    assert meta["qualityScore"] == reviewed[route]
    assert meta["validationReport"] == {
        "issues": [],
        "revisionCycles": 0,
        "carriedOut": 0,
        "left": [],
        "factsChecked": route != EMERGENCY,
    }


async def test_nobody_to_be_asked_is_a_plain_failure(web: Web) -> None:
    """With what it took, and the run that tells more."""
    everybody = ("openai", "google", "anthropic")
    await hold(web, everybody, "open")
    try:
        reply = await web.post(GENERATE, WISH)
    finally:
        await hold(web, everybody, None)
    problem = reply.json
    assert (reply.status, problem["code"]) == (503, "no_model_available")
    assert (problem["metrics"]["route"], problem["metrics"]["providersUsed"]) == (None, [])
    assert (await web.get(f"/api/runs/{problem['runId']}")).json["state"] == "failed"


async def test_what_no_model_can_plan_fails_plainly(web: Web) -> None:
    """After every way was tried; nothing is saved and nothing counts."""
    before = (await web.get("/api/itineraries")).json["itineraries"]
    reply = await web.post(GENERATE, WISH | {"city": "Nowhere"})
    assert (reply.status, reply.json["code"]) == (503, "unexpected_output")
    assert reply.json["metrics"]["routesTried"] == [PRIMARY, EMERGENCY]
    assert (await web.get("/api/itineraries")).json["itineraries"] == before


async def test_facts_of_a_city_are_asked_for_once_a_day(web: Web) -> None:
    """Whoever asks: the second trip counts a hit."""
    await made(web)
    other = await user(web, "pro")
    assert (await made(web, other)).json["meta"]["metrics"]["cacheHits"] == 1


@pytest.mark.parametrize(("tier", "steps"), [("free", 1), ("pro", 3), ("expert", 4)])
async def test_a_tier_has_its_depth(web: Web, tier: str, steps: int) -> None:
    """The lowest has a plan alone, the next a review beside, those above checked facts as well."""
    somebody = await user(web, tier)
    told = (await made(web, somebody)).json
    run = (await web.get(f"/api/runs/{told['itinerary']['id']}", somebody)).json
    assert sum(len(step["models"]) for step in run["steps"]) == steps
    assert (told["meta"]["qualityScore"] is None) == (tier == "free")


async def test_a_month_has_its_limit(web: Web) -> None:
    """Then 429, with how many there were and when there are more; another's are not touched."""
    somebody = await user(web, "free")
    for _ in range(3):
        await made(web, somebody)
    reply = await web.post(GENERATE, WISH, somebody)
    assert (reply.status, reply.json["code"]) == (429, "limit_exceeded")
    usage = reply.json["usage"]
    assert (usage["used"], usage["underWay"], usage["limit"]) == (3, 0, 3)
    assert usage["resetsAt"].endswith("-01T00:00:00Z")
    assert int(reply.headers["retry-after"]) > 0
    again = await web.post("/api/runs", {"recipe": "itinerary", "input": WISH}, somebody)
    run = again.json
    while run["state"] in ("queued", "running"):
        run = (await web.get(f"/api/runs/{run['id']}", somebody)).json
    assert run["failure"]["code"] == "limit_exceeded", "no other way leads around it"
    await made(web, await user(web, "free"))


async def test_a_trip_is_listed_and_shown(web: Web) -> None:
    """To whom it belongs, newest first, page by page; to others it is not there."""
    somebody = await user(web, "pro")
    ids = [(await made(web, somebody)).json["itinerary"]["id"] for _ in range(3)]
    page = (await web.get("/api/itineraries?limit=2", somebody)).json
    rest = (await web.get(f"/api/itineraries?limit=2&cursor={page['nextCursor']}", somebody)).json
    assert [each["id"] for each in page["itineraries"] + rest["itineraries"]] == ids[::-1]
    assert (page["itineraries"][0]["city"], rest["nextCursor"]) == ("Lisbon", None)
    shown = await web.get(f"/api/itineraries/{ids[0]}", somebody)
    assert shown.json["itinerary"]["wish"]["interests"] == ["tiles"]
    stranger = await user(web, "pro")
    for path in (f"/api/itineraries/{ids[0]}", f"/api/itineraries/{GONE}"):
        assert (await web.get(path, stranger)).status == 404
    assert (await web.get(f"/api/itineraries/{ids[0]}")).status == 200, "an admin looks"
    assert (await web.get("/api/itineraries", stranger)).json["itineraries"] == []


async def test_an_instruction_makes_a_version(web: Web) -> None:
    """It changes what it names; the one before is still there, and a stale one is refused."""
    somebody = await user(web, "pro")
    trip = (await made(web, somebody)).json["itinerary"]
    path = f"/api/itineraries/{trip['id']}"
    body = {"instruction": "The museum later.", "basedOn": 1}
    changed = await web.post(f"{path}/revise", body, somebody)
    assert changed.status == 200, changed.body
    told = changed.json
    assert (told["changed"], told["carriedOut"], told["itinerary"]["version"]) == (True, 1, 2)
    maat = trip["days"][1]["activities"][2]
    now = told["itinerary"]["days"][1]["activities"][2]
    assert now == maat | {"timeSlot": "14:30-16:00"}
    assert told["itinerary"]["days"][0] == trip["days"][0]
    assert (await web.get(f"{path}?version=1", somebody)).json["itinerary"]["days"] == trip["days"]
    stale = await web.post(f"{path}/revise", body, somebody)
    assert (stale.status, stale.json["code"]) == (409, "version_conflict")
    nothing = await web.post(f"{path}/revise", {"instruction": "Swim in the lake."}, somebody)
    assert (nothing.json["changed"], nothing.json["note"]) == (False, "There is no lake.")
    assert (await web.post(f"{path}/revise", body, await user(web, "pro"))).status == 404
    by_admin = await web.post(f"{path}/revise", {"instruction": "Later."})
    assert by_admin.status == 200, by_admin.body


async def test_the_same_key_makes_one_trip(web: Web) -> None:
    """Who asks again because the answer was lost gets it, and pays once."""
    somebody = await user(web, "pro")
    asking = somebody | {"Idempotency-Key": "trip-1"}
    first, again = await made(web, asking), await made(web, asking)
    assert first.json == again.json
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await web.get("/api/itineraries", somebody)).json["itineraries"]) == 1


async def test_who_leaves_finds_the_trip_later(web: Web) -> None:
    """The run goes on to its end."""
    somebody = await user(web, "pro")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.15):
            await web.post(GENERATE, WISH, somebody)
    async with asyncio.timeout(20):
        found: list[Any] = []
        while not found:
            await asyncio.sleep(0.05)
            found = (await web.get("/api/itineraries", somebody)).json["itineraries"]
    assert found[0]["city"] == "Lisbon"


@pytest.mark.parametrize(
    ("field", "value"),
    [("days", 31), ("localness", 7), ("budget", 0), ("pace", "mad"), ("city", ""), ("mood", "good")],
)
async def test_what_is_no_wish_is_refused_by_its_field(web: Web, field: str, value: object) -> None:
    """Before anything is begun."""
    reply = await web.post(GENERATE, WISH | {field: value})
    assert (reply.status, reply.json["errors"][0]["field"]) == (400, field)
    assert json.loads(reply.body)["requestId"]
