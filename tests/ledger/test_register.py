"""The journal in the database: committed before a provider is asked, and before an answer ends."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from baton.core.errors import TooLarge, Unavailable
from baton.core.ids import UuidV7
from baton.ledger.beginnings import Beginnings
from baton.ledger.framing import packed, unframed
from baton.ledger.ledger import Ledger, open_ledger, open_ledger_without_files
from baton.ledger.orphans import SILENT_LOOKS, Orphans
from baton.ledger.rows import Cost, Opened
from baton.ledger.settings import LedgerSettings, WhenFull
from baton.ledger.store import Store
from baton.ledger.tables import BEGINNINGS, HEARTBEATS, INTERACTIONS
from baton.storage.database import Database
from tests.databases import Place
from tests.ledger.conftest import eventually, files
from tests.ledger.samples import a_settled, an_opened
from tests.ledger.test_ledger import stored


@pytest.fixture
def limits(limits: LedgerSettings) -> LedgerSettings:
    """No waiting."""
    return msgspec.structs.replace(limits, beat_every_s=0.01, commit_s=0.5)


async def begin(ledger: Ledger, id: str) -> None:
    ledger.book.opened(an_opened(id, estimated_cost=Cost(input_nanos=1, output_nanos=2)))
    await ledger.book.begun(id)


async def end(ledger: Ledger, id: str) -> None:
    ledger.book.settled(a_settled(id))
    await ledger.book.ended(id)


async def begun(database: Database) -> set[str]:
    """What a neighbour would find."""
    async with database.read() as connection:
        return set((await connection.execute(select(BEGINNINGS.c.id))).scalars())


async def nothing_begun(database: Database) -> None:
    """Wait until nothing is left to be settled."""
    for _ in range(3000):
        if not await begun(database):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_a_beginning_and_an_end_are_committed_when_they_are_waited_for(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Another process sees each at once; afterwards only the rows are left, and no file was made."""
    ids = [new_id() for _ in range(50)]
    async with open_ledger_without_files(root, database, new_id, limits) as ledger:
        await asyncio.gather(*(begin(ledger, id) for id in ids))
        assert await begun(database) == set(ids)
        for id in ids[:20]:
            await end(ledger, id)
            async with database.read() as connection:
                query = select(INTERACTIONS.c.status).where(INTERACTIONS.c.id == id)
                assert (await connection.execute(query)).scalar_one() == "ok"
        await asyncio.gather(*(end(ledger, id) for id in ids[20:]))
        assert (ledger.book.open_count, ledger.book.waiting_count) == (0, 0)
    assert await stored(database) == dict.fromkeys(ids, "ok")
    assert await begun(database) == set()
    async with database.read() as connection:
        assert (await connection.execute(select(HEARTBEATS))).all() == []
    assert files(root) == []


async def test_nothing_is_asked_while_the_database_is_away(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """Beginnings are refused, ends are kept and written later; what was refused leaves no trace."""
    running, refused = new_id(), [new_id() for _ in range(3)]
    async with open_ledger_without_files(root, database, new_id, limits) as ledger:
        await begin(ledger, running)
        with capture_logs() as logs:
            with place.away():
                for id in refused:
                    with pytest.raises(Unavailable) as refusal:
                        await begin(ledger, id)
                    assert refusal.value.code == "ledger_unavailable"
                assert ledger.trouble is not None
                await asyncio.wait_for(end(ledger, running), 5)
                assert ledger.book.waiting_count == 1
            await eventually(lambda: ledger.trouble is None)
        said = [line["event"] for line in logs if line["log_level"] == "error"]
        assert said == ["ledger_database_away"], "loud, and once"
        assert await ledger.flush(5.0)
        await begin(ledger, last := new_id())
        await end(ledger, last)
    assert await stored(database) == dict.fromkeys([running, last], "ok")
    assert await begun(database) == set()


async def test_what_a_dead_process_began_is_settled_as_crashed(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """By whoever lives, also one that keeps its journal in files, and only after it was long silent."""
    dead, living = new_id(), new_id()
    beginnings, store = Beginnings(database), Store(database)
    record = packed(an_opened(dead, estimated_cost=Cost(input_nanos=1, output_nanos=2)))
    await beginnings.beat("dead")
    await beginnings.write("dead", [(dead, record)], [])
    await beginnings.write("living", [(living, packed(an_opened(living)))], [])
    looking = Orphans("me", beginnings, store, limits)
    for _ in range(SILENT_LOOKS):
        await beginnings.beat("living")
        assert await looking.look() == 0
    await beginnings.beat("living")
    assert await looking.look() == 1
    assert await stored(database) == {dead: "crashed"}
    async with database.read() as connection:
        row = (await connection.execute(select(INTERACTIONS))).one()
    assert (row.cost_nanos, row.usage_estimated) == (3, True)
    assert await begun(database) == {living}
    async with open_ledger(root, database, new_id, limits):
        await nothing_begun(database)
    assert await stored(database) == {dead: "crashed", living: "crashed"}


async def test_a_beginning_is_written_again_before_an_attempt_that_may_cost_more(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """It takes the earlier one's place, and its end takes it away."""
    async with open_ledger_without_files(root, database, new_id, limits) as ledger:
        await begin(ledger, id := new_id())
        await ledger.book.reopened(an_opened(id, held_nanos=90))
        async with database.read() as connection:
            records = (await connection.execute(select(BEGINNINGS.c.record))).scalars().all()
        [record] = map(unframed, records)
        assert isinstance(record, Opened)
        assert record.held_nanos == 90
        await end(ledger, id)
    assert await stored(database) == {id: "ok"}
    assert await begun(database) == set()


async def test_who_was_taken_for_dead_and_lives_has_the_last_word(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Its true end takes the place of the row that says `crashed`: one row, with its own attempts."""
    id = new_id()
    slow = msgspec.structs.replace(limits, beat_every_s=60.0)
    async with open_ledger_without_files(root, database, new_id, slow) as ledger:
        await begin(ledger, id)
        looking = Orphans("me", Beginnings(database), Store(database), limits)
        for _ in range(SILENT_LOOKS + 1):
            await looking.look()
        assert await stored(database) == {id: "crashed"}
        await end(ledger, id)
    assert await stored(database) == {id: "ok"}
    async with database.read() as connection:
        costs = (await connection.execute(text("SELECT cost_nanos FROM attempts"))).scalars().all()
    assert list(costs) == [38_100]


async def test_silence_counts_only_while_the_database_answers(
    database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """A look that failed makes every owner's silence begin anew: nobody could say that it lives."""
    id = new_id()
    beginnings = Beginnings(database)
    await beginnings.write("silent", [(id, packed(an_opened(id)))], [])
    looking = Orphans("me", beginnings, Store(database), limits)
    for _ in range(SILENT_LOOKS):
        assert await looking.look() == 0
    place.execute("ALTER TABLE heartbeats RENAME TO elsewhere")
    with pytest.raises(SQLAlchemyError):
        await looking.look()
    place.execute("ALTER TABLE elsewhere RENAME TO heartbeats")
    for _ in range(SILENT_LOOKS):
        assert await looking.look() == 0
    assert await looking.look() == 1
    assert await stored(database) == {id: "crashed"}


async def test_metadata_of_any_size_is_a_clear_error(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """As with files: 413, and nothing was begun."""
    async with open_ledger_without_files(root, database, new_id, limits) as ledger:
        with pytest.raises(TooLarge):
            ledger.book.opened(an_opened(new_id(), context="x" * (300 << 10)))
        assert ledger.book.open_count == 0


async def test_it_may_be_chosen_to_serve_without(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings, place: Place
) -> None:
    """With `serve`, requests go on while the database is away; so many rows are kept, others are counted."""
    few = msgspec.structs.replace(limits, unrecorded_rows=5)
    first, ids = new_id(), [new_id() for _ in range(8)]
    async with open_ledger_without_files(root, database, new_id, few, WhenFull.SERVE) as ledger:
        with place.away():
            await begin(ledger, first)
            await eventually(lambda: ledger.trouble is not None)
            await end(ledger, first)
            for id in ids:
                await begin(ledger, id)
                await end(ledger, id)
            assert ledger.book.lost_count == 4
        async with asyncio.timeout(20):
            while not await ledger.flush():
                pass
    assert await stored(database) == dict.fromkeys([first, *ids[:4]], "ok")
