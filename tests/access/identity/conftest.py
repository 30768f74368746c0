"""A data folder and a process that uses it."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from baton.access.identity.editing import Editing
from baton.access.identity.identities import Identities
from baton.access.identity.keyring import Keyring
from baton.access.identity.mint import KeyMint
from baton.access.identity.projects import Projects
from baton.access.identity.secret import load_secret
from baton.core.ids import UuidV7
from baton.records.audit.entry import Actor
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.notices import Notices
from baton.storage.settings import StorageSettings
from tests.clocks import SetClock
from tests.databases import Place
from tests.records.audit.keeping import SCRIBE

ADMIN = Actor(id="admin", source="cli")
MASTER_KEY = "automation's own key"


@dataclass(frozen=True)
class Process:
    """What one process has open."""

    database: Database
    notices: Notices
    identities: Identities
    projects: Projects
    keyring: Keyring
    clock: SetClock = field(default_factory=SetClock)


@asynccontextmanager
async def start(
    data_dir: Path, clock: SetClock, every_s: float = 3600, settings: StorageSettings | None = None
) -> AsyncIterator[Process]:
    """A process on a data folder, as the app would start it, but for the first admin."""
    mint = KeyMint(await load_secret(data_dir, None))
    settings = settings or StorageSettings(url=f"sqlite:///{data_dir / 'baton.db'}")
    async with Database(settings) as database:
        await schema.upgrade(database)
        await SCRIBE.begin(database, 0)
        async with (
            Notices(database, every_s) as notices,
            Keyring(database, notices, mint, clock, MASTER_KEY) as keyring,
        ):
            editing = Editing(database, notices, clock, SCRIBE)
            identities, projects = Identities(editing, mint, UuidV7()), Projects(editing, UuidV7())
            yield Process(database, notices, identities, projects, keyring, clock)


def names(folder: Path) -> list[str]:
    """What lies in a folder; nothing where there is none."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def mode(path: Path) -> int:
    """Who may read and write."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def here(data_dir: Path, clock: SetClock) -> AsyncIterator[Process]:
    """This process; its watcher looks often."""
    async with start(data_dir, clock, every_s=0.01) as process:
        yield process


@pytest.fixture
async def anywhere(place: Place, data_dir: Path, clock: SetClock) -> AsyncIterator[Process]:
    """This process, on a database of each kind, with a first admin."""

    async def keep(key: str) -> None:
        pass

    async with start(data_dir, clock, settings=place.settings) as process:
        await process.identities.make_first_admin(keep)
        yield process
