"""`/api/admin/ai/health`, and what others are told of it."""

from typing import Any

import pytest
from aiohttp import ClientSession

from baton.core.failures import Failure, Kind
from baton.gateway.resilience.observation import Observation
from tests.api.conftest import Web
from tests.api.test_metrics import sample
from tests.conftest import StartBaton

PATH = "/api/admin/ai/health"
OVERALL = "/api/ai/v2/health"


def attempts(web: Web, *kinds: Kind | None, provider: str = "openai", model: str = "gpt-4o") -> None:
    """Attempts that end in these ways, None: well, as the gateway tells of them."""
    app = web.baton.app
    for kind in kinds:
        failure = None if kind is None else Failure(kind=kind, message="It is broken.", status=503)
        app.health.observe(
            Observation(
                provider=provider,
                model=model,
                credential="",
                failure=failure,
                took_ms=900,
                first_token_ms=200,
                at_s=app.store.clock.wall(),
            )
        )


@pytest.fixture
async def keyed(start_baton: StartBaton, session: ClientSession) -> Web:
    """A Baton with one real provider, which nobody asks."""
    return Web(await start_baton({"OPENAI_API_KEY": "sk-nobody-is-asked-1234"}), session)


async def shown(web: Web, name: str) -> dict[str, Any]:
    """One provider of the report."""
    report = (await web.get(PATH)).json
    (found,) = [each for each in report["providers"] if each["name"] == name]
    return found


async def test_who_is_configured_and_was_never_asked_is_unknown(keyed: Web) -> None:
    """Nothing is made up: nulls, no models; providers that are not configured are not there."""
    report = (await keyed.get(PATH)).json
    assert (report["status"], report["windowS"], report["historyKnown"]) == ("ok", 600, True)
    assert [each["name"] for each in report["providers"]] == ["openai", "simulated"]
    assert await shown(keyed, "openai") == {
        "name": "openai",
        "configured": True,
        "status": "unknown",
        "errorRate": None,
        "averageMs": None,
        "limited": 0,
        "callsPerMinute": 0,
        "failuresPerMinute": 0,
        "uptime": {"hour": None, "day": None, "month": None},
        "latency": None,
        "firstToken": None,
        "lastSuccess": None,
        "lastError": None,
        "outageSince": None,
        "recoveries": {"count": 0, "averageMs": None, "longestMs": None, "last": []},
        "models": [],
    }


async def test_a_model_that_is_down_beside_one_that_is_well(keyed: Web) -> None:
    """Each has its own figures; the provider is degraded, and Baton is ok."""
    attempts(keyed, None, *[Kind.SERVER] * 3)
    attempts(keyed, None, None, Kind.RATE_LIMIT, model="gpt-4o-mini")
    provider = await shown(keyed, "openai")
    assert (provider["status"], provider["errorRate"], provider["limited"]) == ("degraded", 0.5, 1)
    down, well = provider["models"]
    assert (down["name"], down["status"], down["errorRate"]) == ("gpt-4o", "down", 0.75)
    assert (well["name"], well["status"], well["errorRate"]) == ("gpt-4o-mini", "healthy", 0)
    assert (down["callsPerMinute"], down["failuresPerMinute"]) == (4, 3)
    assert down["uptime"] == {"hour": 0.25, "day": 0.25, "month": 0.25}
    assert down["lastError"]["kind"] == "provider_error"
    assert down["lastError"]["message"] == "It is broken."
    assert down["outageSince"] == down["lastError"]["at"] or down["outageSince"] < down["lastError"]["at"]
    assert well["latency"]["count"] == 2
    assert well["latency"]["p99Ms"] == pytest.approx(900, rel=0.05)
    assert well["firstToken"]["p50Ms"] == pytest.approx(200, rel=0.05)
    assert (await keyed.get(OVERALL, {})).json == {"status": "ok"}


async def test_a_provider_that_is_down_degrades_baton_and_no_more(keyed: Web) -> None:
    """An orchestrator that asks sees 200: another Baton would be no better. Callers see who it is."""
    attempts(keyed, *[Kind.CONNECT] * 3)
    reply = await keyed.get(OVERALL, {})
    assert (reply.status, reply.json) == (200, {"status": "degraded"})
    assert (await keyed.get("/readyz", {})).status == 200
    told = (await keyed.get(OVERALL, await keyed.baton.user())).json
    health = {each["name"]: each["health"] for each in told["providers"]}
    assert (health["openai"], health["simulated"]) == ("down", "unknown")


async def test_an_outage_that_is_over_is_told_with_its_time(keyed: Web) -> None:
    """How often in the month, how long in the mean, and the last ones."""
    attempts(keyed, *[Kind.TIMEOUT] * 3, None)
    recoveries = (await shown(keyed, "openai"))["recoveries"]
    (last,) = recoveries["last"]
    assert recoveries["count"] == 1
    assert recoveries["averageMs"] == recoveries["longestMs"] == last["tookMs"]


async def test_without_a_database_the_moment_is_still_told(keyed: Web) -> None:
    """Only the past is missing, and it says so."""
    attempts(keyed, None)
    await keyed.baton.app.store.database.close()
    report = (await keyed.get(PATH)).json
    await keyed.baton.app.store.database.open()
    assert report["historyKnown"] is False
    (openai,) = [each for each in report["providers"] if each["name"] == "openai"]
    assert (openai["status"], openai["uptime"]) == ("healthy", {"hour": 1, "day": None, "month": None})


async def test_health_is_measured(keyed: Web) -> None:
    """Of providers (no model) and models; what is unknown is left out."""
    attempts(keyed, None, None, Kind.SERVER, None)
    attempts(keyed, *[Kind.SERVER] * 2, model="o9")
    whole, model = {"provider": "openai", "model": ""}, {"provider": "openai", "model": "gpt-4o"}
    assert await sample(keyed, "baton_health", **whole) == 0.5
    assert await sample(keyed, "baton_health_error_rate", **whole) == 0.5
    assert await sample(keyed, "baton_health_error_rate", **model) == 0.25
    assert await sample(keyed, "baton_health_uptime", **model) == 0.75
    took_s = await sample(keyed, "baton_health_latency_seconds", quantile="0.99", **model)
    assert took_s == pytest.approx(0.9, rel=0.05)
    text = (await keyed.get("/metrics", {})).body.decode()
    assert 'baton_health{model="o9",provider="openai"} 0.0' in text
    assert 'baton_health_latency_seconds{model="o9"' not in text
    assert 'baton_health{model="",provider="simulated"}' not in text
