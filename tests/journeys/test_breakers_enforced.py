"""An engineer on call, a provider that fails, and its breaker: over sockets, by API and by command line."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from baton.api.asgi import build
from baton.app import open_app
from baton.core.clock import SystemClock
from baton.settings import load
from baton.upstream.directory import declared
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.api.conftest import Reply, Web
from tests.conftest import BatonServer, listening

MODEL = "openai/gpt-4o"
BREAKERS = "/api/admin/ai/breakers"
ASKED = {"model": MODEL, "messages": [{"role": "user", "content": "Hello, Baton!"}]}
ALONE = {"x-baton-fallback": "off", "x-baton-max-retries": "0"}
"""Nobody else shall answer, and one call is one attempt."""


class Ahead(SystemClock):
    """A clock that can be put forward, so that nobody has to wait."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return SystemClock.monotonic() + self.ahead_s


class Gate:
    """Holds the provider's answers back until it is opened, and tells when it holds three."""

    def __init__(self) -> None:
        self.holds = 0
        self.holds_three = asyncio.Event()
        self.opened = asyncio.Event()

    async def sleep(self, _: float) -> None:
        self.holds += 1
        if self.holds == 3:
            self.holds_three.set()
        await self.opened.wait()


class Watch:
    """A Baton, its one provider, simulated at a socket of its own, and the engineer who looks after both."""

    def __init__(self, web: Web, clock: Ahead, provider: Simulation, gate: Gate) -> None:
        self.web = web
        self.clock = clock
        self.provider = provider
        self.gate = gate

    def behaves(self, how: str) -> None:
        self.provider.rules.set_unknown(Rule(behaves=how))

    async def ask(self, **headers: str) -> Reply:
        headers = {
            **self.web.baton.admin,
            **ALONE,
            **{f"x-baton-{name}": value for name, value in headers.items()},
        }
        return await self.web.ask("POST", "/v1/chat/completions", headers, json=ASKED)

    @property
    def calls(self) -> int:
        """How often the provider was asked."""
        return len(self.provider.calls.last)

    async def breaker(self, name: str = MODEL) -> dict[str, Any] | None:
        listed = (await self.web.get(BREAKERS)).json["breakers"]
        provider, _, model = name.partition("/")
        return next(
            (each for each in listed if (each["provider"], each["model"] or "") == (provider, model)), None
        )

    async def state(self) -> str:
        breaker = await self.breaker()
        return "closed" if breaker is None else breaker["state"]

    async def command(self, *words: str) -> Any:
        """`baton breakers …`, in a process of its own."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "baton.cli.main", "breakers", *words, "--json"),
            *("--url", self.web.baton.url, "--api-key", self.web.baton.key),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, problem = await process.communicate()
        assert process.returncode == 0, problem.decode()
        return json.loads(out)


@asynccontextmanager
async def watching(folder: Path, **more: str) -> AsyncGenerator[Watch]:
    clock, gate = Ahead(), Gate()
    failing = Simulation(clock, unknown="echo", keep_calls=5000)
    async with running(failing, sleep=gate.sleep) as url:
        environment = {"OPENAI_API_KEY": "a-key-for-tests", "OPENAI_BASE_URL": f"{url}/v1", **more}
        settings = load(environment, declared(), overrides={"data_dir": folder})
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            open_app(settings, clock) as app,
            listening(build(app)) as baton,
            aiohttp.ClientSession(connector=connector) as session,
        ):
            web = Web(BatonServer(url=baton, key=app.first_key or "", app=app), session)
            yield Watch(web, clock, failing, gate)


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncGenerator[Watch]:
    async with watching(tmp_path) as opened:
        yield opened


async def test_a_provider_that_fails_is_left_alone_tried_and_used_again(watch: Watch) -> None:
    """Five failures: not asked for a minute. A trial that fails doubles that, two that go well end it."""
    watch.behaves("echo;fault=503")
    for _ in range(5):
        assert (await watch.ask()).status == 503
    assert (watch.calls, await watch.state()) == (5, "open")
    refused = await watch.ask()
    assert (refused.status, refused.json["error"]["code"]) == (503, "breaker_open")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert watch.calls == 5
    watch.clock.ahead_s += 60
    assert await watch.state() == "half_open"
    assert (await watch.ask()).status == 503
    assert (watch.calls, await watch.state()) == (6, "open")
    watch.behaves("echo")
    watch.clock.ahead_s += 61
    assert (await watch.ask()).status == 503
    assert watch.calls == 6
    watch.clock.ahead_s += 60
    assert [(await watch.ask()).status for _ in range(2)] == [200, 200]
    assert await watch.state() == "closed"


async def test_an_engineer_closes_it_off_by_api_and_gives_it_back_by_command(watch: Watch) -> None:
    """With a reason that whoever looks finds; held closed it is asked however often it fails."""
    path = f"{BREAKERS}/{MODEL}"
    assert (await watch.web.ask("PUT", path, json={"state": "open", "reason": "says nonsense"})).status == 200
    assert (await watch.ask()).status == 503
    assert watch.calls == 0
    listed = {each["model"]: each for each in await watch.command("list")}
    assert (listed["gpt-4o"]["state"], listed["gpt-4o"]["forced"]["reason"]) == ("open", "says nonsense")
    watch.behaves("echo;fault=503")
    await watch.command("close", MODEL, "--reason", "let us see")
    for _ in range(10):
        assert (await watch.ask()).status == 503
    assert watch.calls == 10
    watch.behaves("echo")
    await watch.command("release", MODEL)
    assert (await watch.ask()).status == 200
    await watch.command("open", "openai", "--reason", "maintenance", "--until", "1h")
    assert (await watch.ask()).status == 503
    assert watch.calls == 11
    watch.clock.ahead_s += 3600
    assert (await watch.ask()).status == 200


async def test_of_a_thousand_at_once_three_reach_a_half_open_provider(watch: Watch) -> None:
    """Over sockets, while the three are kept waiting; the others are told at once."""
    watch.behaves("echo;fault=503")
    for _ in range(5):
        await watch.ask()
    watch.behaves("echo;latency=1000")
    watch.clock.ahead_s += 60
    asked = [asyncio.create_task(watch.ask()) for _ in range(1000)]
    waiting = set(asked)
    while len(waiting) > 3:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result().status for task in done} == {503}
    await watch.gate.holds_three.wait()
    watch.gate.opened.set()
    assert [(await task).status for task in waiting] == [200] * 3
    assert watch.calls == 5 + 3
    assert await watch.state() == "closed"
