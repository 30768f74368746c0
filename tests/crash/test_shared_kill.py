"""Four Batons that share a dollar through one Redis, and one of them is killed in the middle of spending."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from baton.core.money import NANOS_PER_USD
from baton.gateway.admission.shared.leases import SHARE
from baton.ledger.spending import Spending
from baton.storage.database import Database
from tests.crash.provider import Provider, provider
from tests.crash.serving import Home, living, until
from tests.crash.test_budget_kill import RICH, Race, Spenders, billed, prepare, told
from tests.databases import OnServer
from tests.postgres import Postgres
from tests.proofs import FOUND

PROCESSES = 4
SECRET = "the same for all that share a database, whatever folder they live in"
KNOWN_S = 1.0
"""After so long every process knows of a change."""

LEFT_S = 60.0
"""How long the dead one's journal may wait for its next life."""


@dataclass
class Shared:
    """Several Batons behind no balancer: each has callers of its own."""

    homes: list[Home]
    far: Provider
    place: OnServer

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


async def prove(shared: Shared, race: Race) -> str:
    """All spend; one is killed and comes back; in the end the account is what the ledger has."""
    rng = random.Random(race.callers)
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(living(home)) for home in shared.homes]
        await prepare(shared.homes[0], race)
        await asyncio.sleep(KNOWN_S)
        groups = [Spenders(home.url, race.callers) for home in shared.homes]
        racing = [asyncio.create_task(group.live(number)) for number, group in enumerate(groups)]
        unlucky = rng.randrange(PROCESSES)
        await until(lambda: groups[unlucky].answers[200] >= race.answers or racing[unlucky].done())
        assert not racing[unlucky].done(), f"spent too soon, or failed: {racing[unlucky]}"
        settled, held = await told(shared.homes[0])
        assert settled + held <= NANOS_PER_USD
        processes[unlucky].kill()
        await processes[unlucky].wait()
        await racing[unlucky]
        await stack.enter_async_context(living(shared.homes[unlucky]))
        again = Spenders(shared.homes[unlucky].url, race.callers)
        await asyncio.gather(*racing, again.live(PROCESSES))
        spent = await shared.settled()
    assert 0.95 * NANOS_PER_USD <= spent <= NANOS_PER_USD, spent
    bills = billed(shared.far, race)
    assert bills <= spent, "providers bill nothing that is forgotten"
    return f"{spent / NANOS_PER_USD:.4f} USD spent, {bills / NANOS_PER_USD:.4f} billed"


async def race_of(postgres: Postgres, redis_url: str, folder: Path, race: Race) -> str:
    place = OnServer(postgres)
    async with provider() as far:
        environment = far.environment | RICH | {"REDIS_URL": redis_url, "BATON_SECRET_KEY": SECRET}
        homes = [
            Home.of(folder / str(number), place.settings.url, environment) for number in range(PROCESSES)
        ]
        return await prove(Shared(homes, far, place), race)


@pytest.mark.timeout(300)
async def test_processes_that_share_a_dollar_spend_it_once(
    postgres: Postgres, redis_url: str, tmp_path: Path
) -> None:
    """Eight callers at each of four, a kill: never more than the dollar, and hardly less."""
    race = Race(callers=8, input_usd=30, output_usd=120, answers=10)
    await race_of(postgres, redis_url, tmp_path, race)


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_processes_that_share_a_dollar_spend_it_once_with_many_clients(
    postgres: Postgres,
    redis_url: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """The same with sixty-four at each."""
    race = Race(callers=64, input_usd=3, output_usd=12, answers=50)
    record_property(FOUND, await race_of(postgres, redis_url, tmp_path, race))
