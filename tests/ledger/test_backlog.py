"""What cannot be recorded and is served all the same."""

import resource
from pathlib import Path

import msgspec
from structlog.testing import capture_logs

from baton.core.ids import UuidV7
from baton.ledger.ledger import open_ledger
from baton.ledger.settings import LedgerSettings, WhenFull
from baton.storage.database import Database
from tests.databases import Place
from tests.ledger.conftest import eventually, files
from tests.ledger.test_journal import on_disk
from tests.ledger.test_ledger import record, stored


async def test_what_is_served_unrecorded_is_written_when_there_is_room(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """With `serve`, a full journal refuses nothing: rows wait in memory, go to the journal and are one each;
    it is said once, and what memory has no room for is counted."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    few = msgspec.structs.replace(limits, unrecorded_rows=5)
    ids = [new_id() for _ in range(8)]
    async with open_ledger(root, database, new_id, few, WhenFull.SERVE) as ledger:
        with capture_logs() as logs, place.away():
            at = ledger.journal.position
            resource.setrlimit(resource.RLIMIT_FSIZE, (at[1] + 10, before[1]))
            try:
                record(ledger, ids)
                assert ledger.book.refusal is not None
                assert ledger.book.serves_on
                assert ledger.book.lost_count == 3
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            await eventually(lambda: len(on_disk(root)) == 10)
            assert [each.id for each in on_disk(root)] == [id for id in ids[:5] for _ in range(2)]
            record(ledger, [last := new_id()])
            assert ledger.book.lost_count == 3
        said = [line["event"] for line in logs]
        assert said.count("ledger_serves_unrecorded") == said.count("ledger_records_again") == 1
        assert await ledger.flush(5.0)
        assert await stored(database) == dict.fromkeys([*ids[:5], last], "ok")
    assert files(root) == [], "every pin was taken out once"


async def test_what_is_served_unrecorded_goes_to_a_database_that_answers(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """A full disk of the journal's does not keep rows from a database elsewhere; room is made as they go."""
    few = msgspec.structs.replace(limits, journal_bytes=2 * limits.segment_bytes, unrecorded_rows=50)
    ids = [new_id() for _ in range(600)]
    async with open_ledger(root, database, new_id, few, WhenFull.SERVE) as ledger:
        for start in range(0, len(ids), 40):
            record(ledger, ids[start : start + 40])
            assert await ledger.flush(5.0)
        assert ledger.book.lost_count == 0
    assert await stored(database) == dict.fromkeys(ids, "ok")
    assert files(root) == []
