"""Databases in files of their own, and ledgers with small files."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from baton.core.ids import UuidV7
from baton.ledger.settings import LedgerSettings
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.databases import Place


@pytest.fixture
def new_id() -> UuidV7:
    """Makes interactions' ids."""
    return UuidV7()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Where the journals lie; not made yet."""
    return tmp_path / "journal"


@pytest.fixture
def limits() -> LedgerSettings:
    """Small files, and no waiting."""
    return LedgerSettings(
        segment_bytes=64 << 10,
        journal_bytes=4 << 20,
        sync_every_s=0.01,
        batch_every_s=0.0,
        retry_first_s=0.01,
        retry_last_s=0.01,
    )


@pytest.fixture
def settings(place: Place) -> StorageSettings:
    """Of an empty database, once of each kind."""
    return place.settings


@pytest.fixture
async def database(settings: StorageSettings) -> AsyncIterator[Database]:
    """An open database with its tables."""
    async with Database(settings) as opened:
        await schema.upgrade(opened)
        yield opened


async def eventually(holds: Callable[[], bool]) -> None:
    """Give other tasks and threads their turn until something holds; fails after 10 s."""
    for _ in range(5000):
        if holds():
            return
        await asyncio.sleep(0.002)
    raise TimeoutError


def files(root: Path, pattern: str = "*") -> list[Path]:
    """What lies there."""
    return sorted(root.glob(pattern))
