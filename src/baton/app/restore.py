"""Restoring a backup into an empty place: all of it, or nothing.

The files are laid first, under a note that keeps every start away; the database comes last, in one
transaction. Whoever is killed in between runs the same again.
"""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity.secret import ROOT_FILE, SecretRoot
from baton.app.backup import BACKUP
from baton.app.kept import FILES, JOURNAL, PLAIN_FILES, SECRET_FILES, UNFINISHED_FILE, check_of, read_file
from baton.app.storehouse import database_url, open_store
from baton.core.clock import Clock
from baton.core.errors import Conflict, Invalid, Unavailable
from baton.ledger.journals import lay
from baton.ledger.recovery import Recovery
from baton.ledger.settings import LedgerSettings
from baton.ledger.store import Store
from baton.records.audit.entry import Actor, Change
from baton.records.audit.keys import AuditKeys
from baton.records.audit.verdict import Verdict
from baton.records.audit.verification import Verification
from baton.records.audit.witness import Witness
from baton.settings import Settings
from baton.storage import private_file
from baton.storage.archive.manifest import Manifest, Origin
from baton.storage.archive.reader import Archive
from baton.storage.archive.rows import TableReader, own_tables
from baton.storage.database import Database
from baton.storage.schema import HEAD, knows, lay_tables, version_of
from baton.storage.settings import StorageSettings

_TABLES = "The database has tables of a Baton. A restore overwrites nothing; name one that is empty."


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore has done."""

    manifest: Manifest
    verdict: Verdict
    """On the audit, examined afterwards."""


async def restore(settings: Settings, path: Path, clock: Clock, actor: Actor) -> Restored:
    """Restore a backup into the data folder and the database that the settings name.

    Raises:
        Invalid: the file is no whole backup, a newer Baton's, or of another secret.
        Conflict: something is there already (code `place_in_use`).
        Unavailable: the database is away.
        OSError: a file cannot be read or written.
    """
    archive = Archive(path)
    manifest = await asyncio.to_thread(archive.examine)
    await _check_version(manifest.origin)
    async with Database(StorageSettings(url=database_url(settings))) as database:
        await _Restoring(settings, archive, manifest, database).run()
    verdict = await _settle(settings, manifest.origin, clock, actor)
    return Restored(manifest=manifest, verdict=verdict)


class _Restoring:
    """One restore of an archive that was examined."""

    def __init__(self, settings: Settings, archive: Archive, manifest: Manifest, database: Database) -> None:
        self._settings = settings
        self._folder = settings.data_dir
        self._archive = archive
        self._manifest = manifest
        self._database = database
        self._note = self._folder / UNFINISHED_FILE
        self._id = msgspec.json.encode(manifest.origin)

    async def run(self) -> None:
        """Do it, or leave nothing behind."""
        begun = await asyncio.to_thread(read_file, self._note)
        if begun is None:
            await self._refuse_inhabited()
        elif begun != self._id:
            raise _in_use(
                f"A restore of another backup into {self._folder} was cut off. End it with that one, or begin"
                " in a folder and a database that are empty."
            )
        await asyncio.to_thread(self._check_secret)
        await asyncio.to_thread(private_file.replace, self._note, self._id)
        try:
            await asyncio.to_thread(self._lay_files)
            await self._lay_tables()
        except Conflict:
            await asyncio.to_thread(self._undo)
            raise
        except BaseException:
            # Whoever is cut off while a database commits does not know whether it did.
            with suppress(Unavailable):
                if await self._tables() is None:
                    await asyncio.to_thread(self._undo)
            raise
        await self._database.harden()
        await asyncio.to_thread(self._note.unlink)

    async def _lay_tables(self) -> None:
        rows = await self._tables()
        if rows is None:
            await lay_tables(self._database, self._manifest.origin.revision, self._fill)
        elif any(rows.get(each.name) != each.rows for each in self._manifest.tables):
            raise _in_use(_TABLES)

    async def _refuse_inhabited(self) -> None:
        found = [name for name in (*SECRET_FILES, *PLAIN_FILES) if (self._folder / name).exists()]
        journal = self._folder / JOURNAL
        if journal.is_dir() and any(journal.iterdir()):
            found.append(JOURNAL)
        if found == [ROOT_FILE] and not self._manifest.origin.secret_held:
            found = []  # brought along for a backup without one; whether it fits is looked at
        if found:
            raise _in_use(
                f"{self._folder} is in use: {', '.join(found)}. A restore overwrites nothing; move it away,"
                " or name another folder."
            )
        if await self._tables() is not None:
            raise _in_use(_TABLES)

    async def _tables(self) -> dict[str, int] | None:
        """How many rows each of Baton's tables has; None: there are no tables."""
        async with self._database.read() as connection:
            return await connection.run_sync(_counted)

    def _check_secret(self) -> None:
        """Refuse a root under which no key would be good and the audit would not hold."""
        wanted = self._manifest.origin.secret_check
        given = self._settings.secret_key
        if given is None:
            if self._manifest.origin.secret_held:
                return
            there = read_file(self._folder / ROOT_FILE)
            given = None if there is None else there.decode(errors="replace")
        if given is None or check_of(SecretRoot(given)) != wanted:
            missing = "This backup holds no secret" if given is None else "This backup is of another secret"
            raise Invalid(
                f"{missing}: set BATON_SECRET_KEY to what it was, or put {ROOT_FILE} into {self._folder}.",
                code="wrong_secret",
            )

    def _lay_files(self) -> None:
        for member, data in self._archive.members(self._manifest):
            folder, _, name = member.partition("/")
            if folder == JOURNAL:
                if not lay(self._folder / JOURNAL, name, data):
                    raise _strange(member)
            elif folder == FILES:
                if name not in (*SECRET_FILES, *PLAIN_FILES):
                    raise _strange(member)
                private_file.replace(self._folder / name, data)

    async def _fill(self, connection: AsyncConnection) -> None:
        reader = TableReader(connection, self._manifest.tables)
        await reader.clear()
        members = self._archive.members(self._manifest)
        while (member := await asyncio.to_thread(next, members, None)) is not None:
            await reader.read(*member)
        await reader.count_on()
        wanted = {each.name: each.rows for each in self._manifest.tables}
        if reader.inserted != wanted:
            raise Invalid("The backup has not as many rows as it says.", code="backup_damaged")

    def _undo(self) -> None:
        """Take away what was laid: it was an empty place."""
        members = {member.name for member in self._manifest.members}
        for name in (*SECRET_FILES, *PLAIN_FILES):
            if f"{FILES}/{name}" in members:
                (self._folder / name).unlink(missing_ok=True)
        shutil.rmtree(self._folder / JOURNAL, ignore_errors=True)
        self._note.unlink(missing_ok=True)


async def _settle(settings: Settings, origin: Origin, clock: Clock, actor: Actor) -> Verdict:
    """What the journals have, into the database; that it was restored, into the audit; which is examined."""
    async with open_store(settings, clock) as store:
        async with Recovery(settings.data_dir / JOURNAL, Store(store.database), LedgerSettings()) as recovery:
            await recovery.swept()
        told = msgspec.json.encode(origin).decode()
        change = Change(action="restore", kind=BACKUP, key=BACKUP, before=None, after=told)
        async with store.database.write() as connection:
            await store.scribe.append(connection, actor, int(clock.wall() * 1000), [change])
        keys = AuditKeys.derived(store.secret.derive)
        return await Verification(store.database, keys, Witness(settings.data_dir), store.scribe).run()


async def _check_version(origin: Origin) -> None:
    if not await knows(origin.revision):
        raise Invalid(
            f"This backup is of a newer Baton, {origin.version}: its tables are of version {origin.revision},"
            f" and this one knows them up to {HEAD}. Restore it with that Baton, or a newer one.",
            code="backup_unknown",
        )


def _counted(connection: Connection) -> dict[str, int] | None:
    names = own_tables(connection)
    if not names and version_of(connection) is None:
        return None
    counts = {name: connection.execute(select(func.count()).select_from(table(name))) for name in names}
    return {name: count.scalar_one() for name, count in counts.items()}


def _in_use(message: str) -> Conflict:
    return Conflict(message, code="place_in_use")


def _strange(member: str) -> Invalid:
    return Invalid(f"The backup has a file that belongs into none: {member}.", code="backup_damaged")
