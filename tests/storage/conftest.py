"""Databases in files of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings


@pytest.fixture
def settings(tmp_path: Path) -> StorageSettings:
    """A database in a folder that does not exist yet."""
    return StorageSettings(url=f"sqlite:///{tmp_path / 'data' / 'baton.db'}", busy_timeout_s=0.2)


@pytest.fixture
async def database(settings: StorageSettings) -> AsyncIterator[Database]:
    """An open database with its tables."""
    async with Database(settings) as opened:
        await schema.upgrade(opened)
        yield opened


@pytest.fixture
async def other_database(settings: StorageSettings, database: Database) -> AsyncIterator[Database]:
    """Another process's view of the same file."""
    async with Database(settings) as opened:
        yield opened
