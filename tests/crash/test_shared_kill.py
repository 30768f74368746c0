"""Batons that share a dollar through one Redis; one of them is killed in the middle, and then Redis."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import aiohttp
import pytest

from baton.core.money import NANOS_PER_USD
from baton.gateway.admission.shared.leases import SHARE
from baton.ledger.spending import Spending
from baton.storage.database import Database
from tests.conftest import bearer
from tests.crash.provider import Provider, provider
from tests.crash.serving import KEY, Home, living, until
from tests.crash.test_budget_kill import BUDGET, RICH, Race, Spenders, billed, prepare, told
from tests.databases import OnServer
from tests.postgres import Postgres
from tests.proofs import FOUND
from tests.redis_server import RedisServer

SECRET = "the same for all that share a database, whatever folder they live in"
KNOWN_S = 1.0
"""Within so long every process knows of a change."""

PAUSE_S = 0.1
"""Between two questions of a caller, at most: what is there to be spent has to last for two kills."""

AWAY_S = 2.0
"""How long Redis is away."""

LEFT_S = 90.0
"""Until the accounts have been compared with the ledger once more, which happens every minute."""


@dataclass
class Shared:
    """Several Batons behind no balancer: each has callers of its own."""

    homes: list[Home]
    far: Provider
    place: OnServer
    redis: RedisServer

    async def settled(self) -> int:
        """What was spent, nano-USD, once the account is what the ledger has and only leases are held."""
        async with Database(self.place.settings) as database, asyncio.timeout(LEFT_S):
            for _ in count():
                spent = (await Spending(database).by("all", 0, None))["all"]
                account, held = await told(self.homes[0])
                if account == spent and held <= SHARE * (NANOS_PER_USD - spent):
                    return spent
                await asyncio.sleep(0.1)
        raise AssertionError


async def prove(shared: Shared, race: Race, away_s: float) -> str:
    """All spend; one is killed and comes back, then Redis dies and comes back with nothing in it; in the end
    the account is what the ledger has."""
    unlucky = random.Random(race.callers).randrange(len(shared.homes))
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(living(shared.homes[0]))  # the tables are made once
        others = [stack.enter_async_context(living(home)) for home in shared.homes[1:]]
        processes = [first, *await asyncio.gather(*others)]
        await prepare(shared.homes[0], race)
        known_s = await known(shared.homes)
        await asyncio.sleep(KNOWN_S)  # of the prices as well
        groups = [Spenders(home.url, race.callers, pause_s=PAUSE_S) for home in shared.homes]
        racing = [asyncio.create_task(group.live(number)) for number, group in enumerate(groups)]

        async def answered(times: int) -> None:
            """Return once so many were, all together."""
            await until(lambda: sum(each.answers[200] for each in groups) >= times)
            assert not all(task.done() for task in racing), "spent too soon, or failed"

        await answered(race.answers)
        settled, held = await told(shared.homes[0])
        assert settled + held <= NANOS_PER_USD
        processes[unlucky].kill()
        await processes[unlucky].wait()
        await racing[unlucky]
        await stack.enter_async_context(living(shared.homes[unlucky]))
        groups[unlucky] = again = Spenders(shared.homes[unlucky].url, race.callers, pause_s=PAUSE_S)
        racing[unlucky] = asyncio.create_task(again.live(len(groups)))
        await answered(sum(each.answers[200] for each in groups) + race.answers)
        shared.redis.kill()
        await asyncio.sleep(away_s)
        alone = sum(each.answers[200] for each in groups)
        await asyncio.to_thread(shared.redis.start)
        began_s = time.monotonic()
        await answered(alone + 1)
        back_s = time.monotonic() - began_s
        await asyncio.gather(*racing)
        spent = await shared.settled()
    assert 0.95 * NANOS_PER_USD <= spent <= NANOS_PER_USD, spent
    bills = billed(shared.far, race)
    assert bills <= spent, "providers bill nothing that is forgotten"
    return (
        f"{spent / NANOS_PER_USD:.4f} USD spent, {bills / NANOS_PER_USD:.4f} billed; a new budget known"
        f" to all after {known_s:.2f} s; served again {back_s:.1f} s after Redis was back"
    )


async def known(homes: list[Home]) -> float:
    """Return once every process knows of the budget; after how many seconds."""
    began_s = time.monotonic()
    async with asyncio.timeout(KNOWN_S), aiohttp.ClientSession(headers=bearer(KEY)) as session:
        for home in homes:
            for _ in count():
                async with session.get(home.url + BUDGET) as reply:
                    if reply.status == 200:
                        break
                await asyncio.sleep(0.01)
    return time.monotonic() - began_s


async def race_of(
    postgres: Postgres, redis: RedisServer, folder: Path, race: Race, processes: int, away_s: float
) -> str:
    place = OnServer(postgres)
    async with provider() as far:
        environment = far.environment | RICH | {"REDIS_URL": redis.url, "BATON_SECRET_KEY": SECRET}
        homes = [
            Home.of(folder / str(number), place.settings.url, environment) for number in range(processes)
        ]
        return await prove(Shared(homes, far, place, redis), race, away_s)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server that the test may kill."""
    with RedisServer() as server:
        yield server


@pytest.mark.timeout(300)
async def test_processes_that_share_a_dollar_spend_it_once(
    postgres: Postgres, redis: RedisServer, tmp_path: Path
) -> None:
    """Eight callers at each of two, kill -9 of one of these and of Redis: never more than the dollar, and
    hardly less."""
    race = Race(callers=8, input_usd=9, output_usd=36, answers=60)
    await race_of(postgres, redis, tmp_path, race, processes=2, away_s=AWAY_S)


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_processes_that_share_a_dollar_spend_it_once_with_many_clients(
    postgres: Postgres,
    redis: RedisServer,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """The same with sixty-four at each of four, and half a minute without Redis."""
    race = Race(callers=64, input_usd=3, output_usd=12, answers=200)
    record_property(FOUND, await race_of(postgres, redis, tmp_path, race, processes=4, away_s=30.0))
