"""`/api/admin/ai/rehearsals`, over HTTP."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.api.conftest import Web
from tests.conftest import StartBaton

PATH = "/api/admin/ai/rehearsals"
KEYS = {
    "OPENAI_API_KEY": "sk-o-0000000000",
    "ANTHROPIC_API_KEY": "sk-a-0000000000",
    "GOOGLE_API_KEY": "g-0000000000000",
}
ENDLESS = {"down": ["anthropic"], "fault": "endless", "models": ["claude"], "stream": True, "requests": 300}


@pytest.fixture
async def web(start_baton: StartBaton, session: aiohttp.ClientSession) -> Web:
    """A Baton with three providers, none of which can be reached."""
    return Web(await start_baton(KEYS, probe_every=0, fallback=True), session)


async def test_an_engineer_learns_what_an_outage_would_do(web: Web) -> None:
    """Asked for by an alias: who serves whom, how much later, at what cost, in a sentence and in figures."""
    asked = {"down": ["claude"], "fault": "silence", "models": ["auto", "claude"], "requests": 5}
    reply = await web.post(PATH, asked)
    assert reply.status == 200
    told = reply.json
    assert (told["down"], told["fault"], told["forS"]) == (["anthropic"], "silence", 60)
    assert (told["requests"], told["served"], told["failed"], told["advice"]) == (20, 20, 0, [])
    assert "All 20 requests would have been served while anthropic failed" in told["verdict"]
    assert [(line["model"], line["stream"]) for line in told["lines"]] == [
        ("auto", False),
        ("auto", True),
        ("claude", False),
        ("claude", True),
    ]
    line = told["lines"][3]
    assert {each["model"].partition("/")[0] for each in line["usual"]["servedBy"]} == {"anthropic"}
    assert {each["model"].partition("/")[0] for each in line["outage"]["servedBy"]} <= {"openai", "google"}
    assert line["addedFirst"]["p50Ms"] >= 10_000  # the silent one is waited for as long as ever
    assert float(line["outage"]["costUsd"]) > 0


async def test_who_follows_is_as_admins_say(web: Web) -> None:
    """A chain that was put behind a model a moment ago is what is rehearsed."""
    model = "anthropic/claude-3-5-haiku-20241022"
    asked = {"down": ["claude"], "models": [model], "requests": 2, "stream": False}
    follower = "openai/gpt-4o-mini"
    served = [{"model": follower, "requests": 2}]
    before = (await web.post(PATH, asked)).json["lines"][0]["outage"]["servedBy"]
    put = await web.ask("PUT", f"/api/admin/ai/fallback-chains/{model}", json={"fallbacks": [follower]})
    assert put.status == 200
    assert before != served == (await web.post(PATH, asked)).json["lines"][0]["outage"]["servedBy"]


async def _live(web: Web) -> Any:
    """What could have moved."""
    routes = ("/api/admin/ai/health", "/api/admin/ai/breakers", "/api/interactions", "/api/admin/ai/alerts")
    told = [(await web.get(route)).json for route in routes]
    metrics = (await web.get("/metrics")).body.decode()
    counted = [line for line in metrics.splitlines() if line.startswith(("baton_requests", "baton_tokens"))]
    app = web.baton.app
    keys = [(each.name, key.mark(0), key.cooling(0)) for each in app.directory for key in each.credentials]
    return told, counted, keys, app.simulation.calls.count()


async def test_nothing_of_the_live_state_moves(web: Web) -> None:
    """Health, breakers, the ledger, alerts, metrics and the keys are as they were, whatever was rehearsed."""
    before = await _live(web)
    for fault in ("503", "401", "429", "404", "cut"):
        reply = await web.post(PATH, {"down": ["anthropic", "openai"], "fault": fault, "requests": 8})
        assert reply.status == 200
    assert await _live(web) == before


async def test_what_callers_ask_for_of_late_is_asked(web: Web) -> None:
    """The models that chats have named, most of all the one that was named most."""
    for model in ("gpt-4o-mini", "gpt-4o-mini", "nobody/knows", "gemini"):
        chat = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
        await web.ask(
            "POST", "/v1/chat/completions", json=chat, headers=web.baton.admin | {"x-baton-timeout": "1"}
        )
    told = (await web.post(PATH, {"down": ["openai"], "requests": 1, "stream": False})).json
    assert [line["model"] for line in told["lines"]] == ["auto", "gpt-4o-mini", "gemini"]


async def test_one_at_a_time_and_no_longer_than_its_client_stays(web: Web) -> None:
    """While one is held another is 409; the first ends when its client leaves, long before its minute."""
    host, port = web.baton.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(ENDLESS).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {web.baton.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    brief = {"down": ["claude"], "models": ["claude"], "requests": 1, "stream": False}
    async with asyncio.timeout(30):
        while (refused := await web.post(PATH, brief)).status == 200:
            pass
        assert (refused.status, refused.json["code"]) == (409, "conflict")
        writer.close()
        while (await web.post(PATH, brief)).status == 409:
            pass
    assert (await web.post(PATH, brief)).status == 200
    assert await reader.read() == b""


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"down": []}, "down"),
        ({"down": ["xai"]}, "down"),
        ({"down": ["claude"], "forS": 1e9}, "forS"),
        ({"down": ["claude"], "requests": 100_000}, "requests"),
        ({"down": ["claude"], "requests": 500, "models": ["auto", "claude", "gemini"]}, "requests"),
        ({"down": ["claude"], "fault": "earthquake"}, "fault"),
        ({"down": ["claude"], "faults": "503"}, "faults"),
    ],
)
async def test_bounds(web: Web, wrong: dict[str, Any], field: str) -> None:
    """What is too much, or makes no sense, is refused with the field that is wrong."""
    reply = await web.post(PATH, wrong)
    assert reply.status == 400
    assert reply.json["errors"][0]["field"] == field
