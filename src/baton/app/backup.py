"""Backing up: database, journals and keys as they were at one moment, while Batons serve.

The journals are copied before the database is, so a backup is what a machine would have that died at the
moment when it began: nothing that had ended is missing, and what was under way is settled as crashed.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

from baton import __version__
from baton.access.identity.secret import load_secret
from baton.app.kept import FILES, JOURNAL, PLAIN_FILES, SECRET_FILES, check_of, read_file
from baton.app.storehouse import database_url, open_store
from baton.core.clock import Clock
from baton.core.errors import Unavailable
from baton.ledger.journals import copied
from baton.records.audit.entry import Actor, Change
from baton.settings import Settings
from baton.storage.archive.manifest import Manifest, Origin
from baton.storage.archive.rows import write_tables
from baton.storage.archive.writer import ArchiveWriter
from baton.storage.database import Database
from baton.storage.schema import HEAD, knows, stored_version, version_of
from baton.storage.settings import StorageSettings

BACKUP = "backup"
"""The kind by which the audit speaks of one."""


class _Told(msgspec.Struct, rename="camel"):
    with_secret: bool


async def back_up(
    settings: Settings, file: BinaryIO, clock: Clock, actor: Actor, *, with_secret: bool
) -> Manifest:
    """Write a whole backup; what is in it. `with_secret`: also the key file, if there is one.

    Raises:
        Unavailable: the database is away, has no tables yet (code `nothing_there`), or is a newer Baton's
            (code `schema_unknown`).
        OSError: something cannot be read or written.
    """
    async with _opened(settings, clock, actor, with_secret=with_secret) as database:
        root = await load_secret(settings.data_dir, settings.secret_key)
        # What is in use counts: a file beside another root from the environment opens nothing.
        held = with_secret and settings.secret_key is None
        with ArchiveWriter(file, clock.wall()) as archive:
            await asyncio.to_thread(_add_files, settings, archive, held=held)
            async with database.read() as connection:
                revision = await connection.run_sync(version_of)  # it may have been upgraded by now
                tables = await write_tables(connection, archive.add)
                kind = connection.dialect.name
            origin = Origin(
                version=__version__,
                made_at=datetime.fromtimestamp(clock.wall(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                database=kind,
                revision=str(revision),
                secret_held=held,
                secret_check=check_of(root),
            )
            return archive.finish(origin, tables)


@asynccontextmanager
async def _opened(
    settings: Settings, clock: Clock, actor: Actor, *, with_secret: bool
) -> AsyncGenerator[Database]:
    """The database as it is. The audit of one that is current has it that it is given out; an older one is
    left at its version, so that an upgrade can be taken back."""
    async with Database(StorageSettings(url=database_url(settings))) as database:
        revision = await stored_version(database)
        if revision is None:
            raise Unavailable("There is nothing to back up: no Baton has started here.", code="nothing_there")
        if not await knows(revision):
            raise Unavailable(
                f"The database is a newer Baton's (its tables are of version {revision}, these of {HEAD});"
                " back it up with that one.",
                code="schema_unknown",
            )
        if revision != HEAD:
            yield database
            return
    async with open_store(settings, clock) as store:
        told = msgspec.json.encode(_Told(with_secret)).decode()
        change = Change(action="export", kind=BACKUP, key=BACKUP, before=None, after=told)
        async with store.database.write() as connection:
            await store.scribe.append(connection, actor, int(clock.wall() * 1000), [change])
        yield store.database


def _add_files(settings: Settings, archive: ArchiveWriter, *, held: bool) -> None:
    """Before the database: journals and witness may know less than it, never more."""
    for name in (*PLAIN_FILES, *(SECRET_FILES if held else ())):
        if (data := read_file(settings.data_dir / name)) is not None:
            archive.add(f"{FILES}/{name}", data)
    for name, data in copied(settings.data_dir / JOURNAL):
        archive.add(f"{JOURNAL}/{name}", data)
