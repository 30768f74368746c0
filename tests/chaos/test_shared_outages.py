"""Batons that share a Redis and a PostgreSQL, under load, while these stop, forget, go back and are slow."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from baton.core.money import NANOS_PER_USD
from baton.gateway.admission.shared.leases import SHARE
from tests.chaos.load import rows_of
from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, living
from tests.crash.test_budget_kill import BUDGET, price, told
from tests.crash.test_shared_kill import SECRET
from tests.databases import OnServer
from tests.delay import Wire, wire_to
from tests.postgres import Postgres
from tests.proofs import FOUND
from tests.redis_server import RedisServer

PER_MINUTE = 60
"""What the limited user may ask for, of all processes together."""

CALLERS = 4
"""Of each process; one of them is the limited user."""

PAUSE_S = 0.02
MINUTE_S = 60.0
LATE_S = 0.5
LEASED_S = 2.5
"""After so long what is used has been leased."""
LONGEST_S = 15.0
"""In which everybody has an answer, whatever happens: an epoch's ten seconds, and some."""

REFUSED = {"shared_state_unavailable", "budgets_not_ready"}
"""The words for what cannot be said at the moment."""

BUDGET_USD = 500


@dataclass
class Town:
    """All of it, and what callers were told."""

    homes: list[Home]
    postgres: Postgres
    redis: RedisServer
    wires: tuple[Wire, Wire]
    place: OnServer
    limited: str = ""
    """Its key."""
    answered: list[str] = field(default_factory=list[str])
    """Ids."""
    let_in: deque[tuple[float, float]] = field(default_factory=deque[tuple[float, float]])
    """When each request of the limited user that was served began and ended."""
    served: Counter[int] = field(default_factory=Counter[int])
    """By process."""
    refused: Counter[str] = field(default_factory=Counter[str])
    longest_s: float = 0.0
    stopping: bool = False

    async def call(self, process: int, key: str) -> None:
        """One request after the other."""
        body = {
            "model": "simulated/echo",
            "messages": [{"role": "user", "content": "hello there"}],
            "max_tokens": 20,
        }
        async with aiohttp.ClientSession(headers=bearer(key)) as session:
            while not self.stopping:
                began_s = time.monotonic()
                async with session.post(self.homes[process].url + "/v1/chat/completions", json=body) as reply:
                    said: Any = await reply.json()
                ended_s = time.monotonic()
                self.longest_s = max(self.longest_s, ended_s - began_s)
                if reply.status == 200:
                    self.served[process] += 1
                    self.answered.append(reply.headers["x-request-id"])
                    if key == self.limited:
                        self.let_in.append((began_s, ended_s))
                else:
                    code = said["error"]["code"]
                    self.refused[code] += 1
                    limits = (429, "rate_limit_exceeded"), (429, "rate_limit_penalty")
                    fits = (reply.status, code) in limits if key == self.limited else False
                    assert fits or (reply.status == 503 and code in REFUSED), said
                await asyncio.sleep(PAUSE_S if reply.status == 200 else 0.2)

    async def served_again(self) -> float:
        """Return once each process serves, and says that nothing is amiss; after how long."""
        began_s, before = time.monotonic(), self.served.copy()
        async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
            for number, home in enumerate(self.homes):
                for _ in count():
                    async with session.get(home.url + "/readyz") as reply:
                        is_well = (await reply.json()).get("status") == "ok"
                    if is_well and self.served[number] > before[number] + 5:
                        break
                    await asyncio.sleep(0.05)
        return time.monotonic() - began_s

    async def prepare(self) -> None:
        """Prices, a budget that all is in, and somebody with a limit."""
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session:
            url = self.homes[0].url
            await price(self.homes[0], "simulated/echo", {"input": "60", "output": "300"})
            whole = {"scope": "all", "period": "lifetime", "limitUsd": str(BUDGET_USD)}
            async with session.put(url + BUDGET, json=whole) as reply:
                assert reply.status == 200, await reply.text()
            someone = {"name": "somebody", "tier": "master", "roles": ["user"]}
            async with session.post(f"{url}/api/admin/users", json=someone) as reply:
                user = (await reply.json())["id"]
            limited = {"name": "limited", "userId": user, "limits": {"requestsPerMinute": PER_MINUTE}}
            async with session.post(f"{url}/api/admin/keys", json=limited) as reply:
                assert reply.status == 201, await reply.text()
                self.limited = (await reply.json())["key"]
        await asyncio.sleep(1.0)  # all know of it

    def over_the_limit(self) -> int:
        """The most that were surely let in within a minute."""
        most = 0
        for start, _ in self.let_in:
            most = max(most, sum(b >= start and e <= start + MINUTE_S for b, e in self.let_in))
        return most


@asynccontextmanager
async def town(postgres: Postgres, redis: RedisServer, folder: Path) -> AsyncGenerator[Town]:
    """Two Batons behind wires to both servers."""
    place = OnServer(postgres)
    assert place.settings.url is not None
    async with (
        wire_to(place.settings.url) as database,
        wire_to(redis.url) as state,
        AsyncExitStack() as stack,
    ):
        environment = {
            "REDIS_URL": state.url,
            "BATON_SECRET_KEY": SECRET,
            "MAX_DAILY_BUDGET": "10000",
            "MAX_USER_BUDGET": "10000",
        }
        homes = [Home.of(folder / str(number), database.url, environment) for number in range(2)]
        processes = [await stack.enter_async_context(living(home)) for home in homes]
        found = Town(homes, postgres, redis, (database, state), place)
        await found.prepare()
        async with asyncio.TaskGroup() as callers:
            for number in range(len(homes)):
                for caller in range(CALLERS):
                    callers.create_task(found.call(number, KEY if caller else found.limited))
            try:
                await found.served_again()
                await asyncio.sleep(LEASED_S)
                yield found
            finally:
                found.stopping = True
        for process in processes:
            process.terminate()
            assert await process.wait() == 0


Event = Callable[[Town, float], Awaitable[None]]


async def redis_stops(town: Town, away_s: float) -> None:
    """It is away, and comes back as it was."""
    town.redis.save()
    town.redis.kill()
    await asyncio.sleep(away_s)
    await asyncio.to_thread(town.redis.start)


async def redis_forgets(town: Town, away_s: float) -> None:
    """All at once, and stays."""
    del away_s
    town.redis.flush()


async def redis_goes_back(town: Town, away_s: float) -> None:
    """An older one takes its place: a replica that was behind, or a backup."""
    town.redis.save()
    await asyncio.sleep(min(away_s, 3.0))
    town.redis.kill()
    await asyncio.to_thread(town.redis.start)


async def postgres_stops(town: Town, away_s: float) -> None:
    """It ends every connection, and comes back."""
    await asyncio.to_thread(town.postgres.stop)
    await asyncio.sleep(away_s)
    await asyncio.to_thread(town.postgres.start)


async def both_are_slow(town: Town, away_s: float) -> None:
    """Whatever is asked of either is answered half a second later."""
    for wire in town.wires:
        wire.late_s = LATE_S
    await asyncio.sleep(away_s)
    for wire in town.wires:
        wire.late_s = 0.0


async def outlast(town: Town, away_s: float, events: Sequence[Event]) -> str:
    """One after the other, and calm between them; what was found."""
    found: list[str] = []
    for event in events:
        served, refused = sum(town.served.values()), town.refused.copy()
        await event(town, away_s)
        back_s = await town.served_again()
        words = {code: n for code in REFUSED if (n := town.refused[code] - refused[code])}
        found.append(
            f"{event.__name__}: {sum(town.served.values()) - served} served, {words or 'none'} refused,"
            f" all serve {back_s:.1f} s later"
        )
        await asyncio.sleep(1.0)
    return "; ".join(found)


async def judged(town: Town, story: str) -> str:
    """Fails unless every answer is one row, and limits and the budget have held."""
    assert town.longest_s < LONGEST_S, town.longest_s
    rows = await rows_of(town.place.settings)
    by_id = {row.id: row for row in rows}
    assert len(by_id) == len(rows)
    assert [id for id in town.answered if id not in by_id or by_id[id].status != "ok"] == []
    assert len(set(town.answered)) == len(town.answered) == sum(row.status == "ok" for row in rows)
    assert town.over_the_limit() <= PER_MINUTE
    return (
        f"{story}; in all {len(town.answered)} answers, {len(rows)} rows, none lost or doubled, at most"
        f" {town.over_the_limit()} of {PER_MINUTE} in a minute; the longest wait {town.longest_s:.1f} s"
    )


async def account_is_ledger(town: Town) -> None:
    """Before they end: what the account has settled is what the ledger has, and only leases are held."""
    ends_s = time.monotonic() + PATIENCE_S + MINUTE_S
    while True:
        spent = sum(row.cost_nanos for row in await rows_of(town.place.settings))
        settled, held = await told(town.homes[0])
        if settled == spent and held <= SHARE * (BUDGET_USD * NANOS_PER_USD - spent):
            return
        assert time.monotonic() < ends_s, (settled, spent, held)
        await asyncio.sleep(0.2)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with RedisServer() as server:
        yield server


async def prove(redis: RedisServer, folder: Path, away_s: float, events: Sequence[Event]) -> str:
    with Postgres() as postgres:
        async with town(postgres, redis, folder) as found:
            story = await outlast(found, away_s, events)
            found.stopping = True
            await asyncio.sleep(LATE_S)
            await account_is_ledger(found)
        return await judged(found, story)


@pytest.mark.timeout(300)
async def test_outages_of_what_is_shared_lose_nothing(redis: RedisServer, tmp_path: Path) -> None:
    """PostgreSQL away, both slow, an older Redis: each answer is a row, limits and the budget hold."""
    await prove(redis, tmp_path, 1.5, [postgres_stops, both_are_slow, redis_goes_back])


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_long_outages_of_what_is_shared_lose_nothing(
    redis: RedisServer, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Half a minute of each."""
    events = [redis_stops, redis_forgets, redis_goes_back, postgres_stops, both_are_slow]
    record_property(FOUND, await prove(redis, tmp_path, 30.0, events))
