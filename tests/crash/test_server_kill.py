"""kill -9 of a whole Baton under load: what its clients and its providers saw is what is on record."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from baton.upstream.providers.simulated.calls import Call
from tests.crash.asking import PRICES, Clients
from tests.crash.provider import Provider, provider
from tests.crash.serving import Home, living, until
from tests.databases import Place
from tests.proofs import FOUND

PRICES_OF = {model.partition("/")[2]: prices for model, prices in PRICES.items()}

CALLERS = 8
MOST_ANSWERS = 150
"""In one life; a life is hardly ever so long that none is under way when it ends."""


async def live_and_die(home: Home, clients: Clients, seed: int) -> None:
    """One life: its clients ask until, after as many answers as the seed says, the process is killed."""
    enough = len(clients.answered) + random.Random(seed).randrange(1, MOST_ANSWERS)
    async with living(home) as process, asyncio.TaskGroup() as group:
        for caller in range(CALLERS):
            group.create_task(clients.keep_asking(seed, caller))
        await until(lambda: len(clients.answered) >= enough)
        process.kill()
        await process.wait()


async def prove(place: Place, folder: Path, seeds: range) -> Counter[str]:
    """Kill as many lives of one Baton as there are seeds, let a last one recover, and look at the rows."""
    async with provider() as far:
        home = Home.of(folder, place.settings.url, far.environment)
        clients = Clients(home.url)
        for seed in seeds:
            await live_and_die(home, clients, seed)
        async with living(home) as process:
            journal = folder / "journal"
            await until(lambda: len([path for path in journal.iterdir() if path.name[0] != "."]) == 1)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        return await check(place.settings, clients, far, len(seeds))


async def check(settings: StorageSettings, clients: Clients, far: Provider, kills: int) -> Counter[str]:
    """One row for each question that a client has an answer to or a provider was asked; nothing else.

    Returns how many rows ended how, and how many calls were tried again.
    """
    async with Database(settings) as database, database.read() as connection:
        rows = (await connection.execute(select(INTERACTIONS))).all()
        tries: dict[str, list[Row[Any]]] = {}
        for attempt in (await connection.execute(select(ATTEMPTS).order_by(ATTEMPTS.c.n))).all():
            tries.setdefault(attempt.interaction_id, []).append(attempt)
    by_name = {row.session: row for row in rows}
    assert len(by_name) == len(rows), "a question has two rows"
    assert set(tries) == {row.id for row in rows}
    assert by_name.keys() <= clients.asked.keys(), "rows that nobody asked for"
    assert clients.answered.keys() - by_name.keys() == set(), "an answer reached a client and has no row"
    assert far.calls.by_name.keys() - by_name.keys() == set(), "a provider was asked and there is no row"
    for name, row in by_name.items():
        calls = far.calls.by_name.get(name, [])
        if row.status == "crashed":
            assert name not in clients.answered, name
            assert row.attempts == 1, name
            assert row.cost_nanos >= row.estimated_cost_nanos, "less than it can have cost"
        else:
            check_ended(row, calls)
        assert row.cost_nanos == sum(attempt.cost_nanos for attempt in tries[row.id]), name
        assert row.attempts == len(tries[row.id]), name
    for name, answer in clients.answered.items():
        row = by_name[name]
        assert (row.id, row.status == "ok") == (answer.id, answer.status == 200), name
    unseen = [row for name, row in by_name.items() if name not in clients.answered]
    assert len(unseen) <= kills * CALLERS
    return Counter(row.status for row in rows) + Counter(retried=sum(row.retries for row in rows))


def check_ended(row: Row[Any], calls: list[Call]) -> None:
    """As many attempts as the providers saw calls, and the cost of what they say that they gave."""
    assert row.attempts == len(calls), row.session
    assert all(call.fault == "500" for call in calls[:-1]), row.session
    assert row.status == ("ok" if calls[-1].fault is None else "provider_error"), row.session
    told = [call.reported for call in calls if call.reported is not None]
    assert len(told) == (1 if row.status == "ok" else 0), row.session
    cost_nanos = 0
    for usage in told:
        input_nanos, output_nanos = PRICES_OF[calls[-1].model]
        cost_nanos += usage.prompt * input_nanos + usage.completion * output_nanos
    assert row.cost_nanos == cost_nanos, row.session


@pytest.mark.timeout(300)  # eleven starts, where many tests want the same two cores
async def test_what_reached_a_client_is_one_row_over_ten_kills(place: Place, tmp_path: Path) -> None:
    """Whole answers and streams in four dialects, failing now and then, at ten random moments, on both
    databases."""
    found = await prove(place, tmp_path, range(10))
    assert found["ok"] > 100
    assert found["crashed"]
    assert found["retried"]


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_what_reached_a_client_is_one_row_over_two_hundred_kills(
    place: Place, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """A Baton killed two hundred times at random moments has each answer that reached a client, and each
    question that reached a provider, as exactly one row, at its cost."""
    found = await prove(place, tmp_path, range(1000, 1200))
    record_property(FOUND, in_words(found))


def in_words(found: Counter[str]) -> str:
    """Such as `31 calls tried again; rows: 2 crashed, 812 ok`."""
    rows = ", ".join(f"{count} {status}" for status, count in sorted(found.items()) if status != "retried")
    return f"{found['retried']} calls tried again; rows: {rows}"
