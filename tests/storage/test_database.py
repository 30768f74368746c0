"""Transactions, and what happens when they cannot be had."""

import asyncio
import gc
import shutil
import warnings
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from baton.core.errors import Conflict, Invalid, Unavailable
from baton.storage import schema
from baton.storage.bulk import BulkInsert
from baton.storage.database import Database, after_commit
from baton.storage.settings import StorageSettings
from baton.storage.tables import NOTICES
from tests.collector import young
from tests.databases import Place
from tests.postgres import Postgres


@pytest.fixture
def alone() -> Iterator[None]:
    """Only what is made in a test is looked at for what it left behind; the rest of a long run takes a second
    each time."""
    with young():
        yield


async def count(database: Database, topic: str) -> int | None:
    async with database.read() as connection:
        query = select(NOTICES.c.value).where(NOTICES.c.topic == topic)
        return (await connection.execute(query)).scalar_one_or_none()


async def put(database: Database, topic: str, value: int) -> None:
    async with database.write() as connection:
        await connection.execute(insert(NOTICES).values(topic=topic, value=value))


async def put_and_fail(database: Database, topic: str) -> None:
    async with database.write() as connection:
        await connection.execute(insert(NOTICES).values(topic=topic, value=1))
        raise ZeroDivisionError


async def test_what_was_written_is_there_for_every_process(
    database: Database, other_database: Database
) -> None:
    """A commit is visible to others; a failed block leaves nothing."""
    await put(database, "a", 1)
    with pytest.raises(ZeroDivisionError):
        await put_and_fail(database, "b")
    assert await count(other_database, "a") == 1
    assert await count(other_database, "b") is None


async def test_a_read_writes_nothing(database: Database) -> None:
    """What somebody writes on a reading connection is rolled back."""
    async with database.read() as connection:
        await connection.execute(insert(NOTICES).values(topic="a", value=1))
    assert await count(database, "a") is None


async def test_no_update_is_lost(database: Database, other_database: Database) -> None:
    """Read-modify-write by many tasks of two processes adds up, because writers take the lock first."""
    await put(database, "a", 0)

    async def add_one(where: Database) -> None:
        async with where.write() as connection:
            value = (await connection.execute(select(NOTICES.c.value))).scalar_one()
            await connection.execute(update(NOTICES).values(value=value + 1))

    await asyncio.gather(*(add_one(where) for where in [database, other_database] * 10))
    assert await count(database, "a") == 20


async def test_readers_do_not_wait_for_the_writer(database: Database, other_database: Database) -> None:
    """In WAL mode a read sees the last commit while a write is under way."""
    await put(database, "a", 1)
    async with database.write() as connection:
        await connection.execute(update(NOTICES).values(value=2))
        assert await count(database, "a") == 1
        assert await count(other_database, "a") == 1
    assert await count(database, "a") == 2


async def test_a_locked_database_is_unavailable_and_comes_back(place: Place, database: Database) -> None:
    """503 with a wait, not a driver's error; and the connection that met it is not spoilt."""
    with place.locked():
        with pytest.raises(Unavailable):
            await put(database, "a", 1)
        with pytest.raises(Unavailable) as refusal:
            await put(database, "a", 1)
        assert refusal.value.code == "database_unavailable"
        assert refusal.value.retryable
        assert refusal.value.retry_after_s is not None
        assert await count(database, "a") is None
    await put(database, "a", 1)
    assert await count(database, "a") == 1


async def test_a_writer_that_was_cancelled_leaves_no_lock(
    place: Place, database: Database, other_database: Database
) -> None:
    """Cancelled in the middle of its transaction or while waiting for the lock, it blocks nobody."""
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with database.write() as connection:
            await connection.execute(insert(NOTICES).values(topic="a", value=1))
            inside.set()
            await asyncio.Event().wait()

    writing = asyncio.create_task(never_ends())
    await inside.wait()
    queued = asyncio.create_task(put(database, "b", 1))
    await asyncio.sleep(0)
    queued.cancel()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    with pytest.raises(asyncio.CancelledError):
        await queued
    with place.locked():
        waiting = asyncio.create_task(put(database, "c", 1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waiting, 0.05)
    await put(other_database, "d", 1)
    await put(database, "e", 1)
    assert [await count(database, topic) for topic in "abcde"] == [None, None, None, 1, 1]


async def test_what_exists_already_is_a_conflict(database: Database) -> None:
    """A unique key is told from other failures."""
    await put(database, "a", 1)
    with pytest.raises(Conflict) as refusal:
        await put(database, "a", 1)
    assert refusal.value.code == "duplicate"


async def test_our_own_mistakes_are_not_called_an_outage(database: Database) -> None:
    """A statement that is wrong stays the driver's error; so does an OSError of the caller's."""

    async def ask_nonsense() -> None:
        async with database.read() as connection:
            await connection.execute(text("SELECT * FROM nowhere"))

    async def break_a_pipe() -> None:
        async with database.read():
            raise BrokenPipeError

    with pytest.raises(DBAPIError):
        await ask_nonsense()
    with pytest.raises(BrokenPipeError):
        await break_a_pipe()


async def test_a_database_that_is_not_open_is_unavailable(settings: StorageSettings, tmp_path: Path) -> None:
    """Before `open`, after `close`, and where the file cannot be."""
    database = Database(settings)
    with pytest.raises(Unavailable):
        await count(database, "a")
    async with database:
        pass
    with pytest.raises(Unavailable):
        await put(database, "a", 1)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Unavailable):
        await Database(StorageSettings(url=f"sqlite:///{tmp_path / 'file' / 'x.db'}")).open()
    (tmp_path / "garbage.db").write_bytes(b"this is no database at all, but long enough to look at" * 20)
    with pytest.raises(Unavailable):
        await Database(StorageSettings(url=f"sqlite:///{tmp_path / 'garbage.db'}")).open()
    with pytest.raises(Unavailable):
        await Database(StorageSettings(url=f"sqlite:///{tmp_path}")).open()


@pytest.mark.parametrize("url", ["baton.db", "mysql://host/baton", "sqlite://", "sqlite:///:memory:", ""])
def test_a_url_that_cannot_be_used_is_refused_by_name(url: str) -> None:
    """The refusal names the setting, before anything is opened."""
    with pytest.raises(Invalid) as refusal:
        Database(StorageSettings(url=url))
    assert refusal.value.param == "DATABASE_URL"


async def test_many_rows_go_in_at_once(database: Database) -> None:
    """Tuples in the order of the columns asked for; the number is of rows really inserted."""
    insert_all = BulkInsert(NOTICES, ("value", "topic"))
    insert_new = BulkInsert(NOTICES, ("value", "topic"), skip_present=True)
    async with database.write() as connection:
        assert await insert_all(connection, [(n, f"topic {n}") for n in range(100)]) == 100
        assert await insert_new(connection, [(-1, f"topic {n}") for n in range(50, 120)]) == 20
        assert await insert_new(connection, [(7, "alone")]) == 1
        assert await insert_all(connection, []) == 0
    assert await count(database, "topic 60") == 60
    assert await count(database, "topic 110") == -1


async def test_many_rows_go_in_wholly_or_not_at_all(database: Database) -> None:
    """One row too many takes the others back with it."""
    insert_all = BulkInsert(NOTICES, ("topic", "value"))

    async def twice() -> None:
        async with database.write() as connection:
            await insert_all(connection, [("a", 1), ("b", 1), ("a", 2)])

    with pytest.raises(Conflict):
        await twice()
    assert await count(database, "a") is None


def test_a_bulk_insert_into_a_column_that_is_not_there_is_a_mistake() -> None:
    """It shows where it is declared, not at the first row."""
    with pytest.raises(KeyError):
        BulkInsert(NOTICES, ("topic", "worth"))


@pytest.mark.usefixtures("alone")
async def test_who_leaves_in_the_middle_leaves_no_connection_behind(tmp_path: Path) -> None:
    """Wherever a reader is cancelled, closing the database closes what it had, or was about to have."""
    for step in range(60):
        async with Database(StorageSettings(url=f"sqlite:///{tmp_path}/left.db")) as database:
            await _cut_off(_read_once(database), step)
        assert _left_behind() == []


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("way", ["open", "migrate"])
async def test_a_start_that_is_broken_off_leaves_no_connection_behind(tmp_path: Path, way: str) -> None:
    """Wherever it is cancelled while it opens the database or brings the tables up to date."""
    for step in range(40):
        database = Database(StorageSettings(url=f"sqlite:///{tmp_path}/begun.db"))
        await _cut_off(database.open() if way == "open" else _migrate_once(database), step)
        await database.close()
        assert _left_behind() == []


@pytest.mark.usefixtures("alone")
async def test_a_database_closed_in_the_middle_leaves_no_connection_behind(tmp_path: Path) -> None:
    """Whoever reads ends first, and what it had is closed as well."""
    database = Database(StorageSettings(url=f"sqlite:///{tmp_path}/used.db"))
    await database.open()
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async with database.read() as connection:
            await connection.execute(text("SELECT 1"))
            inside.set()
            await go_on.wait()

    reading = asyncio.create_task(read())
    await inside.wait()
    closing = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(reading, closing)
    assert _left_behind() == []


@pytest.mark.usefixtures("alone")
async def test_a_database_closed_before_readers_have_begun_leaves_no_connection_behind(
    tmp_path: Path,
) -> None:
    """Whoever is just being given a connection is waited for as those are that have one."""
    database = Database(StorageSettings(url=f"sqlite:///{tmp_path}/soon.db"))
    for turns in range(40):
        await database.open()
        await _read_once(database)
        reading = [asyncio.create_task(_read_once(database)) for _ in range(20)]
        for _ in range(turns):
            await asyncio.sleep(0)
        await database.close()
        for end in await asyncio.gather(*reading, return_exceptions=True):
            assert end is None or isinstance(end, Unavailable), end
        assert _left_behind() == []


async def _cut_off(doing: Coroutine[object, object, None], step: int) -> None:
    """Cancelled after some tenths of a millisecond."""
    task = asyncio.create_task(doing)
    await asyncio.sleep(0.0003 * (step % 20))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _left_behind() -> list[str]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gc.collect()
    return [str(warning.message) for warning in told if warning.category is ResourceWarning]


async def _migrate_once(database: Database) -> None:
    async with database.migrate() as connection:
        await connection.execute(text("SELECT 1"))


async def _read_once(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(text("SELECT 1"))


async def test_a_server_that_hangs_does_not_keep_a_process_from_ending(postgres: Postgres) -> None:
    """Neither one in the middle of a statement, nor one that was idle, nor one half asked for."""
    settings = StorageSettings(url=postgres.new_database())
    database = Database(settings)
    await database.open()
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def ask_twice() -> None:
        async with database.append() as connection:
            await connection.execute(text("SELECT 1"))
            inside.set()
            await go_on.wait()
            await connection.execute(text("SELECT 2"))

    asking = asyncio.create_task(ask_twice())
    await inside.wait()
    async with database.read() as connection:
        await connection.execute(text("SELECT 3"))
    with postgres.hung():
        go_on.set()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await _read_once(database)
        asking.cancel()
        async with asyncio.timeout(30):
            await asyncio.wait([asking])
            await database.close()


async def test_what_waits_for_a_commit_is_called_behind_it(database: Database) -> None:
    """Once, when others can see what was done; never for what is undone, and not in a later transaction."""
    called: list[str] = []
    for name in ("a", "b"):
        async with database.write() as connection:
            after_commit(connection, partial(called.append, name))
            assert called == ["a"][: name == "b"]
    with suppress(ZeroDivisionError):
        async with database.append() as connection:
            after_commit(connection, partial(called.append, "undone"))
            raise ZeroDivisionError
    await put(database, "c", 1)
    assert called == ["a", "b"]


async def test_what_was_hardened_needs_no_log(tmp_path: Path) -> None:
    """It stands in SQLite's file itself, written through: nothing that a loss of power could take."""
    async with Database(StorageSettings(url=f"sqlite:///{tmp_path / 'a.db'}")) as database:
        await schema.upgrade(database)
        await put(database, "a", 1)
        await database.harden()
        await asyncio.to_thread(shutil.copy, tmp_path / "a.db", tmp_path / "b.db")
    async with Database(StorageSettings(url=f"sqlite:///{tmp_path / 'b.db'}")) as database:
        assert await count(database, "a") == 1
