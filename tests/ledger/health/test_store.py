"""The rows of health, on both kinds of database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from baton.core.errors import Unavailable
from baton.ledger.health.rows import Findings, LastError, Latest, Subject, Sums
from baton.ledger.health.store import HealthStore
from baton.storage import schema
from baton.storage.database import Database
from tests.databases import Place

SMALL = Subject("acme", "small")
ACME = Subject("acme")


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    async with Database(place.settings) as opened:
        await schema.upgrade(opened)
        yield opened


@pytest.fixture
def store(database: Database) -> HealthStore:
    return HealthStore(database)


def an_hour(**more: object) -> Sums:
    """One with everything in it."""
    usual = Sums(
        calls=10,
        failures=3,
        limited=2,
        minutes=4,
        well=3500,
        recoveries=1,
        recovery_ms=9000,
        longest_ms=9000,
        latency={60: 5, 71: 2},
        first_token={40: 6},
    )
    for name, value in more.items():
        setattr(usual, name, value)
    return usual


async def test_what_was_added_comes_back(store: HealthStore) -> None:
    """Sums and histograms, by subject, over the hours that are asked for and no others."""
    hours = {(SMALL, 100): an_hour(), (ACME, 100): Sums(calls=1), (SMALL, 99): Sums(calls=7, longest_ms=1)}
    await store.add(Findings(hours, {}))
    found = await store.sums(99, 100)
    assert (found[SMALL].calls, found[SMALL].failures, found[SMALL].limited) == (17, 3, 2)
    assert (found[SMALL].minutes, found[SMALL].well, found[SMALL].longest_ms) == (4, 3500, 9000)
    assert found[SMALL].uptime == pytest.approx(0.875)
    assert found[ACME].calls == 1
    assert set(await store.sums(101, 200)) == set()
    assert await store.times(100, 100) == {SMALL: ({60: 5, 71: 2}, {40: 6})}


async def test_processes_that_write_at_once_add_up(store: HealthStore, place: Place) -> None:
    """Nothing of what several connections add to the same hour is lost; the longest outage stays it."""
    async with Database(place.settings) as other:
        stores = [store, HealthStore(other)]

        async def write(number: int) -> None:
            sums = an_hour(longest_ms=number * 100)
            while True:
                try:
                    await stores[number % 2].add(Findings({(SMALL, 5): sums}, {}))
                except Unavailable:  # the file is locked, and this test's patience short
                    continue
                return

        await asyncio.gather(*(write(number) for number in range(20)))
    found = (await store.sums(5, 5))[SMALL]
    assert (found.calls, found.failures, found.minutes, found.recovery_ms) == (200, 60, 80, 180_000)
    assert found.longest_ms == 1900
    assert (await store.times(5, 5))[SMALL] == ({60: 100, 71: 40}, {40: 120})


async def test_the_last_of_each_is_the_latest(store: HealthStore) -> None:
    """An older success or error, written later by another process, takes nothing back."""
    error = LastError(at_ms=50, kind="provider_error", message="It is broken.", http_status=503)
    await store.add(Findings({}, {SMALL: Latest(success_ms=60, error=error)}))
    older = LastError(at_ms=40, kind="provider_timeout", message="late", http_status=None)
    await store.add(Findings({}, {SMALL: Latest(success_ms=70, error=older), ACME: Latest(success_ms=1)}))
    assert await store.latest() == {
        SMALL: Latest(success_ms=70, error=error),
        ACME: Latest(success_ms=1),
    }


async def test_what_is_old_is_forgotten(store: HealthStore) -> None:
    """Hours and histograms go at their own ages, and what lies in a future that no clock has shown."""
    hours = {(SMALL, hour): an_hour() for hour in (10, 20, 30, 9999)}
    latest = {SMALL: Latest(success_ms=30 * 3_600_000), ACME: Latest(success_ms=10 * 3_600_000)}
    await store.add(Findings(hours, latest))
    await store.prune(before=20, times_before=30, after=60)
    assert (await store.sums(0, 10_000))[SMALL].calls == 20
    assert (await store.times(0, 10_000))[SMALL] == ({60: 5, 71: 2}, {40: 6})
    assert set(await store.latest()) == {SMALL}
