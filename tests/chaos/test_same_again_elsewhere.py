"""The same request at several processes: one is asked, and what befalls it befalls nobody else."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.chaos.conftest import soon
from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, living
from tests.crash.test_shared_kill import SECRET
from tests.databases import OnServer
from tests.postgres import Postgres
from tests.redis_server import RedisServer

MODEL = "openai/gpt-4o-mini"
MANY = 60
LEASE_S = 5.0
KNOWN_S = 1.0
"""Within so long every process knows of a change."""

WRITTEN_S = 0.3
"""Within so long the database has what was answered."""

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


@dataclass
class Pair:
    """Two Batons of one house, and the provider that both ask."""

    homes: list[Home]
    processes: list[asyncio.subprocess.Process]
    provider: Simulation
    http: aiohttp.ClientSession
    before: int = 0

    def behaves(self, settings: str = "") -> None:
        """From now on; its calls are counted anew."""
        self.before = len(self.provider.calls.last)
        self.provider.rules.reset()
        self.provider.rules.set_unknown(Rule(behaves=f"echo;{settings}"))

    @property
    def calls(self) -> int:
        return len(self.provider.calls.last) - self.before

    async def ask(self, at: int, text: str = "Hello", **fields: Any) -> Answer:
        """One chat at temperature 0."""
        body = {"model": MODEL, "temperature": 0, "messages": [{"role": "user", "content": text}], **fields}
        async with self.http.post(f"{self.homes[at].url}/v1/chat/completions", json=body) as reply:
            return reply.status, dict(reply.headers), await reply.read()

    async def call(self, at: int, method: str, path: str, body: object = None) -> Any:
        """One request to a route of Baton's own."""
        async with self.http.request(method, self.homes[at].url + path, json=body) as reply:
            assert reply.status < 300, await reply.text()
            return await reply.json()

    async def rows(self, count: int) -> list[dict[str, Any]]:
        """All interactions, once there are as many as there should be."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found: list[dict[str, Any]] = []
                cursor = ""
                while cursor is not None:
                    page = await self.call(0, "GET", f"/api/interactions?limit=500{cursor}")
                    found += page["interactions"]
                    cursor = None if page["nextCursor"] is None else f"&cursor={page['nextCursor']}"
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.1)


@asynccontextmanager
async def pair(postgres: Postgres, redis: RedisServer, folder: Path, place: str) -> AsyncGenerator[Pair]:
    """Two that share a Redis and a PostgreSQL, and keep answers in a place."""
    url = OnServer(postgres).settings.url
    assert url is not None
    provider = Simulation(SystemClock(), unknown="echo", keep_calls=20_000)
    async with AsyncExitStack() as stack:
        openai = await stack.enter_async_context(running(provider))
        environment = {
            "REDIS_URL": redis.url,
            "BATON_SECRET_KEY": SECRET,
            "OPENAI_API_KEY": "a-key-of-the-street",
            "OPENAI_BASE_URL": f"{openai}/v1",
            "BATON_CACHE_PROVIDER": place,
            "BATON_RETRIES": "0",
            "BATON_FALLBACK": "false",
        }
        homes = [Home.of(folder / str(number), url, environment) for number in range(2)]
        first = await stack.enter_async_context(living(homes[0]))  # the tables are made once
        second = await stack.enter_async_context(living(homes[1]))
        http = await stack.enter_async_context(
            aiohttp.ClientSession(headers=bearer(KEY), connector=aiohttp.TCPConnector(limit=0))
        )
        yield Pair(homes, [first, second], provider, http)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with RedisServer() as server:
        yield server


def statuses(answers: Sequence[Answer]) -> list[int]:
    return sorted(status for status, _, _ in answers)


async def at_once(pair: Pair, many: int) -> None:
    """All are answered the same by one call; one row has the cost, the others what they saved."""
    pair.behaves("latency=400")
    answers = await asyncio.gather(*(pair.ask(number % 2, "all at once") for number in range(many)))
    assert statuses(answers) == [200] * many
    assert len({body for _, _, body in answers}) == 1
    assert pair.calls == 1
    ids = {headers["x-baton-interaction"] for _, headers, _ in answers}
    rows = [row for row in await pair.rows(many) if row["id"] in ids]
    paid = [row for row in rows if row["cache"] is None]
    assert len(paid) == 1
    assert len(rows) == many
    assert {row["cachedFrom"] for row in rows if row["cache"]} == {paid[0]["id"]}
    assert {row["cache"] for row in rows if row["cache"]} <= {"dedup", "exact"}


async def kept_for_the_other(pair: Pair, place: str) -> None:
    """What one process was answered the other gives, unless each has its own memory."""
    pair.behaves()
    first = await pair.ask(0, "kept")
    await asyncio.sleep(WRITTEN_S)
    again = await pair.ask(1, "kept")
    assert again[1]["x-baton-cache"] == ("miss" if place == "memory" else "hit")
    assert pair.calls == (2 if place == "memory" else 1)
    assert statuses([first, again]) == [200, 200]


async def forgotten_by_the_other(pair: Pair) -> None:
    """What is forgotten at one process is given by none."""
    pair.behaves()
    for at in (0, 1):
        await pair.ask(at, "forgotten")
    await asyncio.sleep(WRITTEN_S)
    await pair.call(1, "POST", "/api/admin/cache/invalidate", {"model": MODEL})
    await asyncio.sleep(KNOWN_S)
    pair.behaves()
    assert (await pair.ask(0, "forgotten"))[1]["x-baton-cache"] == "miss"
    assert pair.calls == 1


async def forgotten_while_it_is_asked(pair: Pair) -> None:
    """Nor is what was being asked meanwhile, elsewhere."""
    pair.behaves("latency=1500")
    asked = asyncio.create_task(pair.ask(0, "meanwhile"))
    await soon(lambda: pair.calls == 1)
    await pair.call(1, "POST", "/api/admin/cache/invalidate", {"all": True})
    assert (await asked)[0] == 200
    await asyncio.sleep(WRITTEN_S)
    assert [(await pair.ask(at, "meanwhile"))[1]["x-baton-cache"] for at in (1,)] == ["miss"]


async def the_one_that_is_asked_fails(pair: Pair) -> None:
    """Its failure is its own; another process asks for those that are left."""
    pair.behaves("latency=300;fault=503;times=1")
    answers = await asyncio.gather(*(pair.ask(number % 2, "one fails") for number in range(20)))
    assert statuses(answers) == [200] * 19 + [503]
    assert pair.calls == 2


async def the_one_that_is_asked_leaves(pair: Pair) -> None:
    """With nobody left who waits at its process its call is ended, and the other one asks."""
    pair.behaves("latency=1000")
    first = asyncio.create_task(pair.ask(0, "leaves"))
    await soon(lambda: pair.calls == 1)
    others = [asyncio.create_task(pair.ask(1, "leaves")) for _ in range(10)]
    await asyncio.sleep(0.2)
    first.cancel()
    assert statuses(await asyncio.gather(*others)) == [200] * 10
    assert pair.calls == 2


async def the_hasty_one(pair: Pair) -> None:
    """Who waits for another process keeps its own deadline, and asks nobody."""
    pair.behaves("latency=1500")
    first = asyncio.create_task(pair.ask(0, "hasty"))
    await soon(lambda: pair.calls == 1)
    began_s = time.monotonic()
    status, _, _ = await pair.ask(1, "hasty", baton={"timeout": 0.3})
    assert status == 504
    assert time.monotonic() - began_s < 1.0
    assert (await first)[0] == 200
    assert pair.calls == 1


async def one_that_takes_longer_than_its_lease(pair: Pair) -> None:
    """It is waited for as long as its process lives."""
    pair.behaves(f"latency={(LEASE_S + 2) * 1000:.0f}")
    assert statuses(await asyncio.gather(*(pair.ask(at, "long") for at in (0, 1, 0, 1)))) == [200] * 4
    assert pair.calls == 1


async def sampled_answers_are_everybodys_own(pair: Pair) -> None:
    """Nothing is joined that was not asked at temperature 0."""
    pair.behaves("latency=200")
    await asyncio.gather(*(pair.ask(at, "sampled", temperature=0.7) for at in (0, 1, 0, 1)))
    assert pair.calls == 4


async def killed_while_it_asks(pair: Pair) -> None:
    """Those who wait elsewhere for a process that dies are answered once its lease is over."""
    pair.behaves("latency=3000")
    first = asyncio.create_task(pair.ask(0, "killed"))
    await soon(lambda: pair.calls == 1)
    others = [asyncio.create_task(pair.ask(1, "killed")) for _ in range(10)]
    await asyncio.sleep(0.3)
    pair.behaves()
    pair.processes[0].kill()
    began_s = time.monotonic()
    assert statuses(await asyncio.gather(*others)) == [200] * 10
    assert time.monotonic() - began_s < LEASE_S + 3.0
    with suppress(aiohttp.ClientError):
        await first
    assert pair.calls == 1


async def without_redis(pair: Pair, redis: RedisServer) -> None:
    """While Redis is away each process keeps its own, and says so; that is gone when Redis is back."""
    redis.kill()
    pair.behaves()
    await asyncio.sleep(KNOWN_S)
    assert (await pair.call(1, "GET", "/api/admin/cache"))["shared"] is False
    hits = [(await pair.ask(1, "alone"))[1]["x-baton-cache"] for _ in range(2)]
    assert hits == ["miss", "hit"]
    await asyncio.to_thread(redis.start)
    async with asyncio.timeout(PATIENCE_S):
        while not (await pair.call(1, "GET", "/api/admin/cache"))["shared"]:  # noqa: ASYNC110 (elsewhere)
            await asyncio.sleep(0.1)
    assert (await pair.ask(1, "alone"))[1]["x-baton-cache"] == "miss"


@pytest.mark.parametrize("place", ["redis", "database", "memory"])
async def test_two_processes_ask_once(
    postgres: Postgres, redis: RedisServer, tmp_path: Path, place: str
) -> None:
    """Wherever answers are kept: joined, kept, forgotten, handed on, and let go with a process that dies."""
    async with pair(postgres, redis, tmp_path, place) as both:
        await at_once(both, MANY)
        await kept_for_the_other(both, place)
        await forgotten_by_the_other(both)
        await forgotten_while_it_is_asked(both)
        await the_one_that_is_asked_fails(both)
        await the_one_that_is_asked_leaves(both)
        await the_hasty_one(both)
        await sampled_answers_are_everybodys_own(both)
        if place == "redis":
            await one_that_takes_longer_than_its_lease(both)
        await killed_while_it_asks(both)
        if place == "redis":
            await without_redis(both, redis)


@pytest.mark.soak
async def test_a_thousand_at_two_processes(postgres: Postgres, redis: RedisServer, tmp_path: Path) -> None:
    """As few of them, but a thousand."""
    async with pair(postgres, redis, tmp_path, "redis") as both:
        await at_once(both, 1000)
