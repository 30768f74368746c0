"""A kind of record, and two processes that share its database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

import pytest
from msgspec import Meta, Struct, structs

from baton.core.errors import Invalid
from baton.records.audit.entry import Actor
from baton.records.kind import RecordKind
from baton.records.store import Records
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.notices import Notices
from baton.storage.settings import StorageSettings
from tests.clocks import SetClock
from tests.databases import Place
from tests.records.audit.keeping import SCRIBE


class Instrument(Struct, frozen=True, kw_only=True, rename="camel"):
    """Something to keep records of."""

    name: str
    strings: Annotated[int, Meta(ge=0)] = 4
    lock_code: str | None = None
    played_by: frozenset[str] = frozenset()


def refuse_kazoo(value: Instrument) -> None:
    if value.name == "kazoo":
        raise Invalid("A kazoo is not an instrument.", param="name")


INSTRUMENTS = RecordKind(
    name="instrument",
    type=Instrument,
    key=lambda value: value.name,
    check=refuse_kazoo,
    secrets=frozenset({"lock_code"}),
)
ADA = Actor(id="ada", source="192.0.2.1")
BOB = Actor(id="bob", source="cli")


@dataclass(frozen=True)
class Process:
    """What one process has open."""

    database: Database
    notices: Notices
    instruments: Records[Instrument]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def settings(place: Place) -> StorageSettings:
    """Where processes wait for each other."""
    return structs.replace(place.settings, busy_timeout_s=30.0)


@pytest.fixture
async def here(settings: StorageSettings, clock: SetClock) -> AsyncIterator[Process]:
    """This process; its watcher looks often."""
    async with Database(settings) as database:
        await schema.upgrade(database)
        await SCRIBE.begin(database, 0)
        async with (
            Notices(database, every_s=0.01) as notices,
            Records(INSTRUMENTS, database, notices, clock, SCRIBE) as records,
        ):
            yield Process(database, notices, records)


@pytest.fixture
async def there(settings: StorageSettings, here: Process, clock: SetClock) -> AsyncIterator[Process]:
    """Another process on the same database; its watcher never looks by itself."""
    async with (
        Database(settings) as database,
        Notices(database, every_s=3600) as notices,
        Records(INSTRUMENTS, database, notices, clock, SCRIBE) as records,
    ):
        yield Process(database, notices, records)


@pytest.fixture
def instruments(here: Process) -> Records[Instrument]:
    return here.instruments
