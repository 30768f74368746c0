"""`/metrics`."""

import aiohttp
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import Web
from tests.conftest import StartBaton


async def sample(web: Web, name: str, **labels: str) -> float:
    """One value of a scrape; 0 where there is none."""
    text = (await web.get("/metrics", {})).body.decode()
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            if each.name == name and labels.items() <= each.labels.items():
                return each.value
    return 0.0


async def test_requests_tokens_and_money_are_counted(web: Web) -> None:
    """What the ledger counted is what a scrape tells, by status, provider and model."""
    match = web.baton.admin | {"If-Match": "*"}
    prices = {"pricePer": "1M", "prices": {"input": "1000", "output": "1000"}}
    await web.ask("PATCH", "/api/admin/ai/models/simulated/echo", match, json=prices)
    chat = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
    usage = (await web.post("/v1/chat/completions", chat)).json["usage"]
    await web.post("/api/ai/v2/chat", {**chat, "stream": True})
    series = {"status": "ok", "provider": "simulated", "model": "echo"}
    assert await sample(web, "baton_requests_total", **series) == 2
    assert await sample(web, "baton_attempts_total", **series) == 2
    assert await sample(web, "baton_tokens_total", kind="prompt", **series) == 2 * usage["prompt_tokens"]
    rows = (await web.get("/api/interactions")).json["interactions"]
    spent = sum(float(row["costUsd"]) for row in rows)
    assert spent > 0
    assert abs(await sample(web, "baton_cost_usd_total", **series) - spent) < 1e-9


async def test_failures_are_counted_by_their_code(web: Web) -> None:
    """A failed request is a series of its own, with its retries."""
    headers = web.baton.admin | {"x-baton-max-retries": "1"}
    chat = {"model": "simulated/echo;fault=500", "messages": [{"role": "user", "content": "hi"}]}
    code = (await web.post("/v1/chat/completions", chat, headers)).json["error"]["code"]
    assert await sample(web, "baton_requests_total", status=code) == 1
    assert await sample(web, "baton_retries_total", status=code) == 1


async def test_how_the_process_is(web: Web) -> None:
    """Version, providers, the ledger's state and the process itself are there."""
    assert await sample(web, "baton_build_info") == 1
    assert await sample(web, "baton_provider_configured", provider="simulated") == 1
    assert await sample(web, "baton_provider_configured", provider="openai") == 0
    assert await sample(web, "baton_ledger_trouble") == 0
    assert await sample(web, "baton_requests_under_way") == 0
    assert await sample(web, "process_resident_memory_bytes") > 0


async def test_breakers_are_told_with_their_openings_and_refusals(
    start_baton: StartBaton, session: aiohttp.ClientSession
) -> None:
    """A model that was closed off stays told after it is well; one that never was is not told."""
    web = Web(await start_baton(fallback=True), session)
    breakers = web.baton.app.breakers
    for model in ("echo", "echo", "echo", "echo", "echo", "lorem"):
        lease = await breakers.enter("simulated", model, 30.0)
        assert lease is not None
        lease.failed() if model == "echo" else lease.succeeded()
    assert await breakers.enter("simulated", "echo", 30.0) is None
    echo = {"provider": "simulated", "model": "echo"}
    assert await sample(web, "baton_breaker_state", **echo) == 2
    assert await sample(web, "baton_breaker_openings_total", **echo) == 1
    assert await sample(web, "baton_breaker_refused_calls_total", **echo) == 1
    text = (await web.get("/metrics", {})).body.decode()
    assert 'baton_breaker_state{model="",provider="simulated"} 0.0' in text
    assert "lorem" not in text


async def test_openmetrics_is_spoken_where_asked_for(web: Web) -> None:
    """A scraper that wants OpenMetrics gets it, and it can be read."""
    reply = await web.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert "baton_requests" in {family.name for family in openmetrics(reply.body.decode())}
