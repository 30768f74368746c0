"""kill -9 under load: no interaction is lost, and none is there twice."""

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from baton.core.ids import UuidV7
from baton.ledger.filter import Filter
from baton.ledger.folder import Folder
from baton.ledger.ledger import open_ledger
from baton.ledger.settings import JournalKind
from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.crash.recording import CALLERS, LIMITS, attempts_of, cost_of, estimate_of
from tests.crash.serving import PATIENCE_S, until
from tests.databases import Place
from tests.ledger.conftest import files
from tests.ledger.test_register import nothing_begun
from tests.proofs import FOUND


class Told:
    """What the killed processes said."""

    def __init__(self) -> None:
        self.opened: dict[str, int] = {}
        """The seed of the process that began each."""
        self.settled: dict[str, int] = {}

    def hear(self, line: bytes, seed: int) -> None:
        """One line; half a line is the last word of a dead process."""
        if not line.endswith(b"\n"):
            return
        verb, interaction_id = line.decode().split()
        book = self.opened if verb == "o" else self.settled
        assert interaction_id not in book, (seed, interaction_id)
        book[interaction_id] = seed


async def run_and_kill(root: Path, database_url: str, seed: int, told: Told, kind: JournalKind) -> None:
    """Start a process, let it say a seeded number of lines, kill it, hear what it said before it died."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.recording",
        str(root),
        database_url,
        str(seed),
        kind.value,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    for _ in range(random.Random(seed).randint(1, 2500)):
        line = await process.stdout.readline()
        assert line, "it died by itself"
        told.hear(line, seed)
    process.kill()
    for line in (await process.stdout.read()).splitlines(keepends=True):
        told.hear(line, seed)
    await process.wait()


async def check(database: Database, told: Told, untold_most: int) -> None:
    """Every row is one that was told of, as it was told, with the cost that its id says; but for so many that
    their process had no time to tell of."""
    async with database.read() as connection:
        rows = (await connection.execute(select(INTERACTIONS))).all()
        counting = select(ATTEMPTS.c.interaction_id, func.count(), func.sum(ATTEMPTS.c.cost_nanos)).group_by(
            ATTEMPTS.c.interaction_id
        )
        attempts = {row[0]: (row[1], row[2]) for row in (await connection.execute(counting)).all()}
    status = {row.id: row.status for row in rows}
    assert len(status) == len(rows) == len(attempts)
    assert set(status.values()) <= {"ok", "crashed"}
    lost = {id: seed for id, seed in told.opened.items() if id not in status}
    assert lost == {}, "a beginning was lost, of these seeds"
    assert {id: seed for id, seed in told.settled.items() if status[id] != "ok"} == {}, "an end was lost"
    untold = [id for id in status if id not in told.opened]
    assert len(untold) <= untold_most
    unsure = [id for id, word in status.items() if word == "ok" and id not in told.settled]
    assert len(unsure) <= untold_most
    for row in rows:
        cost = cost_of(row.id) if row.status == "ok" else estimate_of(row.id)
        count = attempts_of(row.id) if row.status == "ok" else 1
        assert (row.cost_nanos, row.attempts) == (cost.total_nanos, count)
        assert attempts[row.id] == (count, cost.total_nanos)


async def prove(
    tmp_path: Path, place: Place, seeds: list[int], at_once: int, kind: JournalKind = JournalKind.FILE
) -> Counter[str]:
    """Kill that many processes, `at_once` side by side on one folder, and check what is left."""
    root, settings, told = tmp_path / "journal", StorageSettings(url=place.settings.url), Told()
    async with Database(settings) as database:
        await schema.upgrade(database)
    for start in range(0, len(seeds), at_once):
        async with asyncio.TaskGroup() as group:
            for seed in seeds[start : start + at_once]:
                group.create_task(run_and_kill(root, settings.url, seed, told, kind))
    async with Database(settings) as database:
        async with open_ledger(root, database, UuidV7(), LIMITS) as ledger:
            await until(lambda: len(files(root, "[!.]*")) == 1, within_s=PATIENCE_S + len(seeds))
            await nothing_begun(database)
            summary = await ledger.usage.summary(Filter())
        # Each write of a file is told of at once; of the database's, all that were committed together.
        await check(database, told, len(seeds) * (1 if kind is JournalKind.FILE else CALLERS))
        async with database.read() as connection:
            words = (await connection.execute(select(INTERACTIONS.c.status, INTERACTIONS.c.cost_nanos))).all()
    assert summary.requests == len(words)
    assert summary.used.cost_nanos == sum(row.cost_nanos for row in words)
    assert Folder.claim_abandoned(root) == []
    return Counter(row.status for row in words)


async def test_ten_kills_lose_nothing_and_double_nothing(tmp_path: Path, place: Place) -> None:
    """Ten processes in turn, two at a time on one folder, each killed at a random moment under load."""
    found = await prove(tmp_path, place, seeds=list(range(10)), at_once=2)
    assert found["ok"] > 1000
    assert found["crashed"] > 10


async def test_ten_kills_lose_and_double_nothing_where_the_journal_is_the_database(
    tmp_path: Path, place: Place
) -> None:
    """The same, with `BATON_JOURNAL=database`; processes that live beside the dead are not taken for dead."""
    found = await prove(tmp_path, place, seeds=list(range(10)), at_once=2, kind=JournalKind.DATABASE)
    assert found["ok"] > 200
    assert found["crashed"] > 10


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_two_hundred_kills_lose_nothing_and_double_nothing(
    tmp_path: Path, place: Place, record_property: Callable[[str, object], None]
) -> None:
    """A ledger killed two hundred times under load has each interaction once, each that had not ended as
    crashed, and sums that are those of the rows."""
    found = await prove(tmp_path, place, seeds=list(range(100, 300)), at_once=1)
    assert found["ok"] > 20_000
    record_property(FOUND, ", ".join(f"{count} rows {status}" for status, count in sorted(found.items())))
