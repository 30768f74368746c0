"""What an installation stands on: its folder, its secrets, its database, its journal."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from baton.access.identity.first_admin import FIRST_KEY_FILE
from baton.access.identity.secret import ROOT_FILE
from baton.app import database_url
from baton.cli.finding import Finding, State
from baton.cli.terminal import counted
from baton.core.errors import BatonError
from baton.ledger.folder import Folder
from baton.settings import Settings
from baton.storage.database import Database
from baton.storage.engine import sqlite_file
from baton.storage.schema import HEAD, stored_version
from baton.storage.settings import StorageSettings

_OTHERS = 0o077
"""The rights of everybody but the owner."""

_LEAST_FREE_BYTES = 256 << 20
"""Below this the journal and the database are about to stand still: two files of the journal are 32 MiB."""

_LITTLE_FREE_BYTES = 2 << 30
_MIB = 1 << 20


async def premises(settings: Settings, config: Path | None) -> list[Finding]:
    """Look at everything on this machine; changes nothing."""
    local = await asyncio.to_thread(lambda: [*_folder(settings), *_secrets(settings, config)])
    return [
        *local,
        *_proxy(settings),
        await _database(settings),
        await asyncio.to_thread(_journal, settings.data_dir.resolve() / "journal"),
    ]


def _proxy(settings: Settings) -> Iterator[Finding]:
    """Baton itself speaks no TLS, so where browsers do somebody stands in between."""
    if (settings.public_url or "").startswith("https:") and not settings.trusted_proxies:
        yield Finding(
            area="environment",
            name="BATON_TRUSTED_PROXIES",
            state=State.WARNING,
            what="a proxy speaks for browsers and is not named: all people are one address, and failures to"
            " sign in of one hold up all who are new to their browser",
            fix="BATON_TRUSTED_PROXIES",
        )


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.resolve()
    if not folder.exists():
        nearest = next(parent for parent in folder.parents if parent.exists())
        good = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
        yield Finding(
            area="data folder",
            name=str(folder),
            state=State.OFF if good else State.BROKEN,
            what="not there yet; the first start makes it" if good else f"cannot be made in {nearest}",
            fix=None if good else "BATON_DATA_DIR",
        )
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"baton doctor")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        yield Finding(
            area="data folder",
            name=str(folder),
            state=State.BROKEN,
            what=f"cannot be written: {reason}",
            fix="BATON_DATA_DIR",
        )
    else:
        yield Finding(area="data folder", name=str(folder), state=State.OK, what="can be written")
    free = shutil.disk_usage(folder).free
    state = State.OK
    if free < _LITTLE_FREE_BYTES:
        state = State.BROKEN if free < _LEAST_FREE_BYTES else State.WARNING
    yield Finding(area="data folder", name="free space", state=state, what=f"{free // _MIB} MiB")


def _secrets(settings: Settings, config: Path | None) -> Iterator[Finding]:
    files = [settings.data_dir / ROOT_FILE, settings.data_dir / FIRST_KEY_FILE]
    for path in [*files, *([config] if config is not None else [])]:
        if not path.exists():
            continue
        open_to_others = path.stat().st_mode & _OTHERS
        # A configuration may hold no secret at all; the other two always do.
        bad = State.WARNING if path == config else State.BROKEN
        yield Finding(
            area="secrets",
            name=path.name,
            state=bad if open_to_others else State.OK,
            what="may be read by others on this machine" if open_to_others else "for its owner only",
            fix=f"chmod 600 {path.resolve()}" if open_to_others else None,
        )
    if settings.secret_key is not None:
        yield Finding(area="secrets", name="BATON_SECRET_KEY", state=State.OK, what="is set")
    if settings.master_key is not None:
        yield Finding(area="secrets", name="BATON_MASTER_KEY", state=State.OK, what="is set")


async def _database(settings: Settings) -> Finding:
    url = make_url(database_url(settings))
    file = sqlite_file(url)
    if file is not None:
        url = url.set(database=str(file.resolve()))
    name = url.render_as_string(hide_password=True)

    def found(state: State, what: str, fix: str | None = None) -> Finding:
        return Finding(area="database", name=name, state=state, what=what, fix=fix)

    if file is not None and not await asyncio.to_thread(file.exists):
        return found(State.OFF, "not there yet; the first start makes it")
    try:
        async with Database(StorageSettings(url=database_url(settings), busy_timeout_s=1.0)) as database:
            version = await stored_version(database)
    except BatonError as error:
        return found(State.BROKEN, error.message, "DATABASE_URL")
    if version == HEAD:
        return found(State.OK, f"can be reached, its tables are at version {HEAD}")
    return found(
        State.WARNING, f"its tables are at version {version}, not {HEAD}; the next start brings them up"
    )


def _journal(root: Path) -> Finding:
    """Folders of dead processes are held for the moment of looking, as a start that recovers them would."""
    if not root.is_dir():
        return Finding(area="journal", name=str(root), state=State.OFF, what="not there yet")
    try:
        size = sum(path.stat().st_blocks * 512 for path in root.rglob("*") if path.is_file())
        living = sum(1 for path in root.iterdir() if path.is_dir())
        abandoned = Folder.claim_abandoned(root)
        for folder in abandoned:
            folder.release()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        return Finding(area="journal", name=str(root), state=State.BROKEN, what=f"cannot be read: {reason}")
    running = counted(living - len(abandoned), "running process", "running processes")
    what = f"{running}, {size // _MIB} MiB"
    if not abandoned:
        return Finding(area="journal", name=str(root), state=State.OK, what=what)
    left = f"{what}; {len(abandoned)} ended without closing: a running or the next Baton brings that in"
    return Finding(area="journal", name=str(root), state=State.WARNING, what=left)
