"""Health over restarts, on both kinds of database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from baton.core.failures import Kind
from baton.gateway.health.health import Health
from baton.gateway.health.keeper import History, Keeper, KeeperSettings
from baton.ledger.health.rows import Findings, Subject, Sums
from baton.ledger.health.store import HealthStore
from baton.storage import schema
from baton.storage.database import Database
from tests.databases import Place
from tests.gateway.health.conftest import Time, Witness, available

SMALL = Subject("acme", "small")
ACME = Subject("acme")
NOTHING = History({}, {})


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    async with Database(place.settings) as opened:
        await schema.upgrade(opened)
        yield opened


@pytest.fixture
def store(database: Database) -> HealthStore:
    return HealthStore(database)


async def lived(store: HealthStore, time: Time) -> Health:
    """A process that has just started."""
    health = Health(time)
    async with Keeper(health, store, time):
        return health


async def test_a_restart_forgets_nothing_but_the_last_minutes(store: HealthStore, time: Time) -> None:
    """Uptime, percentiles, availability and the last ones are there at once; what a status needs is not."""
    health = Health(time)
    async with Keeper(health, store, time):
        witness = Witness(time, health)
        await witness.sees(*[None] * 30, Kind.SERVER, Kind.SERVER, first_token_ms=3000)
        before = health.providers()[0].models["small"]
    time.passes(30)
    after = (await lived(store, time)).providers()[0].models["small"]
    assert after.latest == before.latest
    assert after.latency == before.latency
    assert after.uptime == pytest.approx(30 / 32, abs=0.001)
    assert after.error_rate is None
    health = await lived(store, time)
    assert health.first_token_p99_s("acme", "small") == pytest.approx(3, rel=0.05)
    assert available(health)["acme/small"] == pytest.approx(1 - 0.5 * 2 / 32, abs=0.001)
    time.passes(3600)
    assert health.providers()[0].models["small"].uptime is None


async def test_the_past_is_told_by_day_and_month(store: HealthStore, time: Time) -> None:
    """With what was counted a moment ago, of all processes, and of recoveries how long they took."""
    hour = int(time.wall()) // 3600
    old = Sums(calls=5, minutes=10, well=0, recoveries=2, recovery_ms=8000, longest_ms=6000)
    await store.add(
        Findings({(SMALL, hour - 23): old, (SMALL, hour - 24): old, (SMALL, hour - 720): old}, {})
    )
    health = Health(time)
    async with Keeper(health, store, time) as keeper:
        await Witness(time, health).sees(None)
        time.passes(60)
        history = await keeper.history()
        assert history is not None
        assert (history.day[SMALL].calls, history.month[SMALL].calls) == (6, 11)
        assert history.day[SMALL].uptime == pytest.approx(1 / 11)
        assert (history.month[SMALL].recoveries, history.month[SMALL].longest_ms) == (4, 6000)
        assert history.day[ACME].calls == 1


async def test_a_database_that_is_away_loses_nothing(store: HealthStore, place: Place, time: Time) -> None:
    """What is counted meanwhile is written when it is back, and once."""
    health = Health(time)
    witness = Witness(time, health)
    async with Keeper(health, store, time) as keeper:
        with place.away():
            for _ in range(3):
                await witness.sees(None, Kind.SERVER)
                assert not (await keeper.history() or NOTHING).day
        history = NOTHING
        while SMALL not in history.day:  # a server takes a moment to come back
            history = await keeper.history() or NOTHING
        assert (history.day[SMALL].calls, history.day[SMALL].failures) == (6, 3)
    assert (await store.sums(0, 1 << 40))[SMALL].calls == 6


async def test_a_start_without_a_database_remembers_later(
    store: HealthStore, database: Database, time: Time
) -> None:
    """As soon as it is there, and never twice; whoever looks meanwhile is told that it is away."""
    health = Health(time)
    await Witness(time, health).sees(*[None] * 25, first_token_ms=100)
    async with Keeper(health, store, time):
        pass
    later = Health(time)
    await database.close()
    async with Keeper(later, store, time) as keeper:
        assert await keeper.history() is None
        assert later.providers() == []
        await database.open()
        for _ in range(2):
            await keeper.history()
            first_token = later.providers()[0].models["small"].first_token
            assert first_token is not None
            assert first_token.count == 25


async def test_processes_add_up(store: HealthStore, time: Time) -> None:
    """Two that serve at once leave what both have counted."""
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            health = Health(time)
            await Witness(time, health).sees(*[None] * 10)
            group.create_task(lived_with(health, store, time))
    assert (await store.sums(0, 1 << 40))[SMALL].calls == 20


async def lived_with(health: Health, store: HealthStore, time: Time) -> None:
    """A process with this health starts and ends."""
    async with Keeper(health, store, time, KeeperSettings(closing_s=10)):
        pass


async def test_it_is_written_every_so_often(store: HealthStore, time: Time) -> None:
    """Nobody needs to look, or to end."""
    health = Health(time)
    async with Keeper(health, store, time, KeeperSettings(save_every_s=0.01)):
        await Witness(time, health).sees(None)
        async with asyncio.timeout(10):
            while SMALL not in await store.sums(0, 1 << 40):
                pass


async def test_a_clock_that_jumps_prunes_nothing(store: HealthStore, time: Time) -> None:
    """Forward by a year while it runs: what both clocks call old goes, the rest stays."""
    hour = int(time.wall()) // 3600
    hours = {(SMALL, hour - 32 * 24): Sums(calls=1), (SMALL, hour - 30 * 24): Sums(calls=10)}
    await store.add(Findings(hours, {}))
    health = Health(time)
    async with Keeper(health, store, time, KeeperSettings(save_every_s=0.01)) as keeper:
        assert (await store.sums(0, 1 << 40))[SMALL].calls == 10
        time.wall_s += 31_536_000
        time.monotonic_s += 3600
        await keeper.history()
        await keeper.history()
        time.wall_s -= 31_536_000
        assert (await store.sums(0, 1 << 40))[SMALL].calls == 10
