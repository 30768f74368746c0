"""The open ledger: from the book to the database, each interaction once, whatever is away meanwhile."""

import asyncio
import resource
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from baton.core.errors import Unavailable
from baton.core.ids import UuidV7
from baton.ledger.filter import Filter
from baton.ledger.ledger import Ledger, open_ledger
from baton.ledger.rows import Cost, Interaction
from baton.ledger.settings import LedgerSettings
from baton.ledger.store import Store
from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage.database import Database
from tests.databases import Place
from tests.ledger.conftest import eventually, files
from tests.ledger.samples import a_settled, an_attempt, an_opened
from tests.ledger.test_journal import on_disk


def record(ledger: Ledger, ids: list[str]) -> None:
    """Interactions from beginning to end."""
    for id in ids:
        ledger.book.opened(an_opened(id))
        ledger.book.settled(a_settled(id))


def record_until_refused(ledger: Ledger, new_id: UuidV7, recorded: list[str]) -> None:
    while True:
        id = new_id()
        record(ledger, [id])
        recorded.append(id)


async def stored(database: Database) -> dict[str, str]:
    """Every row: id and status. Fails where a row has not its own attempts."""
    async with database.read() as connection:
        rows = (await connection.execute(select(INTERACTIONS))).all()
        counted = select(ATTEMPTS.c.interaction_id, func.count()).group_by(ATTEMPTS.c.interaction_id)
        attempts = {row[0]: row[1] for row in (await connection.execute(counted)).all()}
    assert attempts == {row.id: row.attempts for row in rows if row.attempts}
    return {row.id: row.status for row in rows}


async def test_what_has_ended_can_be_read_at_once(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """A reader sees this process's own interactions without waiting for the next batch."""
    patient = msgspec.structs.replace(limits, batch_every_s=60.0)
    async with open_ledger(root, database, new_id, patient) as ledger:
        for _ in range(3):
            [id] = ids = [new_id()]
            record(ledger, ids)
            found = await ledger.interactions.one(id)
            assert (found.interaction.id, found.interaction.status, len(found.attempts)) == (id, "ok", 1)


async def test_closing_drains_everything(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Nothing that has ended is left, and nothing is left of the journal."""
    ids = [new_id() for _ in range(2000)]
    patient = msgspec.structs.replace(limits, batch_every_s=60.0, batch_rows=300)
    async with open_ledger(root, database, new_id, patient) as ledger:
        record(ledger, ids)
    assert await stored(database) == dict.fromkeys(ids, "ok")
    assert files(root) == []


async def test_closing_waits_for_rows_on_their_way_and_no_longer(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to close while the database has the last batch, it ends when that has been taken."""
    asked, answer = asyncio.Event(), asyncio.Event()
    add = Store.add

    async def slowly(store: Store, interactions: Sequence[Interaction]) -> None:
        asked.set()
        await answer.wait()
        await add(store, interactions)

    monkeypatch.setattr(Store, "add", slowly)
    id = new_id()
    loop = asyncio.get_running_loop()
    async with open_ledger(root, database, new_id, limits) as ledger:
        record(ledger, [id])
        await asked.wait()
        loop.call_later(0.1, answer.set)
        began_s = loop.time()
    assert 0.1 <= loop.time() - began_s < limits.closing_s / 2
    assert await stored(database) == {id: "ok"}


async def test_an_open_interaction_is_settled_as_crashed_by_the_next_start(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """What never ended costs what was estimated; what did end is as it was."""
    open_id, other_id = new_id(), new_id()
    async with open_ledger(root, database, new_id, limits) as ledger:
        ledger.book.opened(an_opened(open_id, estimated_cost=Cost(input_nanos=1, output_nanos=2)))
        record(ledger, [other_id])
        assert ledger.book.open_count == 1
    async with open_ledger(root, database, new_id, limits) as ledger:
        await eventually(lambda: len(files(root)) == 1)
        found = await ledger.interactions.one(open_id)
        row, [attempt] = found.interaction, found.attempts
        assert (row.status, row.cost_nanos, row.usage_estimated) == ("crashed", 3, True)
        assert (attempt.provider, attempt.cost_nanos, attempt.usage_estimated) == ("openai", 3, True)
    assert await stored(database) == {open_id: "crashed", other_id: "ok"}


async def test_a_crash_costs_what_the_last_beginning_says(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """A further attempt that may cost more is written down before it is made; an end takes both away."""
    open_id, other_id = new_id(), new_id()
    async with open_ledger(root, database, new_id, limits) as ledger:
        for id in (open_id, other_id):
            ledger.book.opened(an_opened(id, held_nanos=10))
            await ledger.book.reopened(an_opened(id, held_nanos=200_000, held_at=("acme", "large-1")))
        assert ledger.book.open_count == 2
        ledger.book.settled(a_settled(other_id))
        assert await ledger.writer.flush(5.0)
    async with open_ledger(root, database, new_id, limits) as ledger:
        await eventually(lambda: len(files(root)) == 1)
        found = await ledger.interactions.one(open_id)
        assert (found.interaction.cost_nanos, found.attempts[0].provider) == (200_000, "acme")
    assert await stored(database) == {open_id: "crashed", other_id: "ok"}


async def test_interactions_already_there_are_not_added_again(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, tmp_path: Path
) -> None:
    """A journal whose rows had been committed when its process died doubles nothing, nor their attempts."""
    ids = [new_id() for _ in range(50)]
    async with open_ledger(root, database, new_id, limits) as ledger:
        record(ledger, ids[:40])
        assert await ledger.writer.flush(5.0)
        [folder] = files(root)
        record(ledger, ids[40:])
        copy = tmp_path / "copy"
        copy.mkdir()
        for path in folder.iterdir():
            (copy / path.name).write_bytes(path.read_bytes())
    copy.rename(root / "died")
    before = await stored(database)
    async with open_ledger(root, database, new_id, limits):
        await eventually(lambda: not (root / "died").exists())
    assert await stored(database) == before == dict.fromkeys(ids, "ok")


async def test_a_database_that_is_away_holds_up_nothing(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """While it is locked, requests are recorded; it is said once, and made up for without help."""
    ids = [new_id() for _ in range(300)]
    async with open_ledger(root, database, new_id, limits) as ledger:
        with capture_logs() as logs:
            with place.away():
                for start in range(0, len(ids), 50):
                    record(ledger, ids[start : start + 50])
                    assert not await ledger.writer.flush(0.1)
                assert "The database is not available" in (ledger.trouble or "")
                assert ledger.book.waiting_count == len(ids)
            await eventually(lambda: ledger.trouble is None)
        assert [line["event"] for line in logs] == ["ledger_database_away", "ledger_database_back"]
        assert await stored(database) == dict.fromkeys(ids, "ok")


async def test_more_than_memory_holds_is_read_back_from_the_journal(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """A long outage takes disk, not memory; afterwards every interaction arrives once."""
    small = msgspec.structs.replace(limits, queued_rows=20, batch_rows=16)
    ids = [new_id() for _ in range(1500)]
    long = [new_id() for _ in range(5)]
    later = [new_id() for _ in range(200)]
    async with open_ledger(root, database, new_id, small) as ledger:
        for id in long:
            ledger.book.opened(an_opened(id))
        record(ledger, ids[:5])
        assert await ledger.writer.flush(5.0)
        with place.away():
            record(ledger, ids[5:])
            ledger.book.settled(a_settled(long[0]))
            assert not await ledger.writer.flush(0.1)
        for id in later:  # while the reading back goes on
            record(ledger, [id])
            await asyncio.sleep(0)
        for id in long[1:]:
            ledger.book.settled(a_settled(id))
        assert await ledger.writer.flush(10.0)
        assert await stored(database) == dict.fromkeys([*ids, *later, *long], "ok")
        again = [new_id() for _ in range(10)]
        record(ledger, again)
        assert await ledger.writer.flush(5.0)
        assert len(await stored(database)) == len(ids) + len(later) + len(long) + 10
        await eventually(lambda: len(ledger.journal.segments) == 1)
    assert files(root) == [], "every pin was taken out once"


async def test_an_outage_longer_than_the_journal_refuses_new_requests(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """When the journal is full, beginnings are refused; what runs still ends; nothing of it is lost."""
    small = msgspec.structs.replace(limits, journal_bytes=256 << 10, queued_rows=20)
    recorded: list[str] = []
    async with open_ledger(root, database, new_id, small) as ledger:
        running = new_id()
        ledger.book.opened(an_opened(running))
        with place.away():
            with pytest.raises(Unavailable) as refused:
                record_until_refused(ledger, new_id, recorded)
            assert refused.value.code == "ledger_full"
            ledger.book.settled(a_settled(running))
            assert ledger.book.open_count == 0
        await eventually(lambda: ledger.trouble is None)
        record(ledger, [last := new_id()])
    assert await stored(database) == dict.fromkeys([*recorded, running, last], "ok")


async def test_an_end_that_the_disk_refuses_is_written_when_it_can_be(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """Settling never fails: the end is kept, goes to the journal once that works, and is one row."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ids = [new_id() for _ in range(3)]
    async with open_ledger(root, database, new_id, limits) as ledger:
        with place.away():
            for id in ids:
                ledger.book.opened(an_opened(id))
            at = ledger.journal.position
            resource.setrlimit(resource.RLIMIT_FSIZE, (at[1] + 10, before[1]))
            try:
                for id in ids:
                    ledger.book.settled(a_settled(id))
                assert ledger.journal.position == at
                assert ledger.journal.trouble is not None
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            await eventually(lambda: ledger.journal.position > at)
            assert ledger.journal.trouble is None
            assert [record.id for record in on_disk(root)] == [*ids, *ids]
        assert await ledger.writer.flush(5.0)
        assert await stored(database) == dict.fromkeys(ids, "ok")
    assert files(root) == [], "every pin was taken out once"


async def test_a_database_lost_while_closing_costs_no_row(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """What cannot be drained stays in the journal, and the next start brings it in."""
    ids = [new_id() for _ in range(100)]
    with place.away(), capture_logs() as logs:
        async with open_ledger(root, database, new_id, limits) as ledger:
            record(ledger, ids)
        assert len(files(root)) == 1
    assert [line["interactions"] for line in logs if line["event"] == "ledger_left_in_journal"] == [100]
    assert await stored(database) == {}
    async with open_ledger(root, database, new_id, limits):
        await eventually(lambda: len(files(root)) == 1)
    assert await stored(database) == dict.fromkeys(ids, "ok")


async def test_a_database_that_came_back_unnoticed_is_asked_once_more_while_closing(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """Closing in the pause before the next try leaves nothing in the journal that the database would take."""
    ids = [new_id() for _ in range(100)]
    patient = msgspec.structs.replace(limits, retry_first_s=60.0, retry_last_s=60.0)
    async with open_ledger(root, database, new_id, patient) as ledger:
        with place.away():
            record(ledger, ids)
            await eventually(lambda: ledger.trouble is not None)
    assert await stored(database) == dict.fromkeys(ids, "ok")
    assert files(root) == []


async def test_missing_tables_are_waited_for(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """Tables that are not there are no reason to drop a row: they may come, as in a rolling upgrade."""
    place.execute("ALTER TABLE attempts RENAME TO elsewhere")
    id = new_id()
    async with open_ledger(root, database, new_id, limits) as ledger:
        record(ledger, [id])
        await eventually(lambda: ledger.trouble is not None)
        assert id not in str(ledger.trouble), "who may read of the trouble may not read of the rows"
        assert "INSERT" not in str(ledger.trouble)
        place.execute("ALTER TABLE elsewhere RENAME TO attempts")
        assert await ledger.writer.flush(5.0)
    assert await stored(database) == {id: "ok"}


async def test_a_row_that_the_database_refuses_does_not_hold_up_the_others(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """It is logged whole; everything around it arrives."""
    ids = [new_id() for _ in range(5)]
    async with open_ledger(root, database, new_id, limits) as ledger:
        with capture_logs() as logs:
            for n, id in enumerate(ids):
                ledger.book.opened(an_opened(id, **({"tier": None} if n == 2 else {})))
                ledger.book.settled(a_settled(id))
            assert await ledger.writer.flush(5.0)
        [line] = [line for line in logs if line["event"] == "ledger_row_refused"]
        assert ids[2] in line["interaction"]
    assert await stored(database) == dict.fromkeys([*ids[:2], *ids[3:]], "ok")


async def test_a_value_that_is_too_long_does_not_hold_up_the_others(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """SQLite takes texts of any length, PostgreSQL refuses them by the row; neither waits for ever."""
    ids = [new_id() for _ in range(5)]
    async with open_ledger(root, database, new_id, limits) as ledger:
        with capture_logs() as logs:
            for n, id in enumerate(ids):
                ledger.book.opened(an_opened(id, **({"key_id": "k" * 100} if n == 2 else {})))
                ledger.book.settled(a_settled(id))
            assert await ledger.writer.flush(5.0)
    found = await stored(database)
    assert set(found) >= {*ids[:2], *ids[3:]}
    assert (ids[2] in found) == (not logs), "stored, or told of"


async def test_an_interaction_ends_once(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """A second end is logged and changes neither row nor sums."""
    async with open_ledger(root, database, new_id, limits) as ledger:
        id = new_id()
        record(ledger, [id])
        with capture_logs() as logs:
            ledger.book.settled(a_settled(id, status="cancelled"))
        assert [line["event"] for line in logs] == ["ledger_settled_twice"]
        assert [tally.requests for tally in ledger.book.tallies.by_series.values()] == [1]
    assert await stored(database) == {id: "ok"}


async def test_several_ledgers_share_a_root_and_a_database(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Each brings its own rows, and none touches another's folder while that lives."""
    async with AsyncExitStack() as stack:
        ledgers = [
            await stack.enter_async_context(open_ledger(root, database, new_id, limits)) for _ in range(3)
        ]
        ids = [new_id() for _ in range(300)]
        for n, ledger in enumerate(ledgers):
            record(ledger, ids[n * 100 : n * 100 + 100])
            assert await ledger.writer.flush(5.0)
        page = await ledgers[0].interactions.page(Filter(), limit=500)
    assert [item.interaction.id for item in page.items] == sorted(ids, reverse=True)
    assert files(root) == []


async def test_a_journal_of_a_newer_version_is_left_alone(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Records that cannot be read are neither guessed at nor removed."""
    (root / "newer").mkdir(parents=True)
    (root / "newer" / "lock").touch()
    (root / "newer" / "00000001.segment").write_bytes(b"BATONJ9\n" + bytes(100))
    with capture_logs() as logs:
        async with open_ledger(root, database, new_id, limits):
            await eventually(lambda: any(line["event"] == "journal_not_recovered" for line in logs))
    assert (root / "newer" / "00000001.segment").exists()


async def test_counts_are_kept_by_status_and_model(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Metrics have requests, tokens and cost since the start, apart by status, provider and model."""
    async with open_ledger(root, database, new_id, limits) as ledger:
        record(ledger, [new_id(), new_id()])
        id = new_id()
        ledger.book.opened(an_opened(id))
        failed = an_attempt(status="provider_error", cost=None)
        ledger.book.settled(
            a_settled(id, status="provider_error", provider=None, model=None, attempts=(failed, failed))
        )
        tallies = ledger.book.tallies.by_series
        ok = tallies["ok", "openai", "gpt-4o-mini"]  # pyright: ignore[reportArgumentType]  a plain tuple
        assert (ok.requests, ok.prompt_tokens, ok.cost_nanos, ok.unpriced) == (2, 236, 76_200, 0)
        bad = tallies["provider_error", "", ""]  # pyright: ignore[reportArgumentType]
        assert (bad.requests, bad.attempts, bad.retries, bad.unpriced, bad.cost_nanos) == (1, 2, 1, 1, 0)
