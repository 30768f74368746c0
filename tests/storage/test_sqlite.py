"""What only a database in a file has."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.core.errors import Unavailable
from baton.storage import schema
from baton.storage.database import Database
from tests.databases import SqliteFile
from tests.storage.test_database import count, put


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open one with its tables."""
    async with Database(SqliteFile(tmp_path).settings) as opened:
        await schema.upgrade(opened)
        yield opened


async def test_a_full_disk_is_unavailable(database: Database) -> None:
    """The same answer as for a lock; what was there stays readable."""
    await put(database, "a", 1)
    async with database.read() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Unavailable) as refusal:
        await put(database, "b" * 100_000, 1)
    assert "full" in refusal.value.message
    assert await count(database, "a") == 1


async def test_the_pragmas_hold_on_every_connection(database: Database) -> None:
    """WAL, foreign keys, NORMAL synchronisation and the wait for locks, also on the fifth connection."""

    async def pragmas() -> list[object]:
        async with database.read() as connection:
            names = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            return [(await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in names]

    for found in await asyncio.gather(*(pragmas() for _ in range(5))):
        assert found == ["wal", 1, 1, 50]
