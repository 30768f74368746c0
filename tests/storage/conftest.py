"""Databases in files of their own."""

from collections.abc import AsyncIterator

import pytest

from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.databases import Place


@pytest.fixture
def place(bare_place: Place) -> Place:
    """Here it begins with nothing."""
    return bare_place


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


@pytest.fixture
async def other_database(settings: StorageSettings, database: Database) -> AsyncIterator[Database]:
    """Another process's view of the same file."""
    async with Database(settings) as opened:
        yield opened
