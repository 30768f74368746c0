"""An audit with a little of everything in it."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from baton.records.audit.entry import Actor, Change
from baton.storage import schema
from baton.storage.database import Database
from tests.databases import Place
from tests.records.audit.keeping import SCRIBE

ADA = Actor(id="u-ada", source="192.0.2.77")
BOB = Actor(id="u-bob", source="198.51.100.9")
OPERATOR = Actor(id="operator", source="cli")
NOW = 1_700_000_000_000


def renamed(person: str, before: str, after: str) -> Change:
    """A person's name was changed."""
    return Change(
        action="update",
        kind="user",
        key=person,
        before=msgspec.json.encode({"name": before, "tier": "free"}).decode(),
        after=msgspec.json.encode({"name": after, "tier": "free"}).decode(),
        person=person,
        personal=frozenset({"name"}),
    )


def plain(key: str) -> Change:
    """Something that belongs to nobody."""
    return Change(action="create", kind="thing", key=key, before=None, after=f'{{"key":"{key}"}}')


async def write(database: Database, actor: Actor, *changes: Change, at_ms: int = NOW) -> None:
    """Write changes down, in a transaction."""
    async with database.write() as connection:
        await SCRIBE.append(connection, actor, at_ms, changes)


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """With its tables, and a chain that has begun."""
    async with Database(place.settings) as database:
        await schema.upgrade(database)
        await SCRIBE.begin(database, NOW)
        yield database


@pytest.fixture
async def lived(database: Database) -> Database:
    """Where forty things have happened, one of them an erasure."""
    for n in range(12):
        await write(database, (ADA, BOB, OPERATOR)[n % 3], plain(f"a{n}"), plain(f"b{n}"), at_ms=NOW + n)
    for person in ("u-ada", "u-bob", "u-eve"):
        await write(database, ADA, renamed(person, "X", "Y"), renamed(person, "Y", "Z"))
        await write(database, BOB, renamed(person, "Z", "X"))
    async with database.write() as connection:
        await SCRIBE.erase(connection, "u-eve", OPERATOR, NOW)
    await write(database, OPERATOR, *(plain(f"c{n}") for n in range(6)))
    return database
