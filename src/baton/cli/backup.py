"""`baton backup`: everything an installation is, in one file, whether or not a server runs."""

import asyncio
import fcntl
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from msgspec import Struct

from baton.app.backup import back_up
from baton.app.kept import SECRET_FILES
from baton.cli.actor import OPERATOR
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.stop import INTERRUPTED, Stop
from baton.cli.terminal import AsJson, counted, note, print_json
from baton.core.clock import SystemClock
from baton.storage.archive.manifest import Manifest

_PRIVATE = 0o600


class BackupView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was backed up."""

    file: str
    bytes: int
    made_at: str
    revision: str
    tables: dict[str, int]
    """Rows of each."""
    journal_files: int
    secret_held: bool


def backup(
    file: Annotated[Path, typer.Argument(help="File to write, e.g. baton-2026-01-31.tar.gz; - is stdout.")],
    without_secret: Annotated[
        bool, typer.Option("--without-secret", help="Leave out the secret and the first admin's key.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Back up everything: database, journals, and the secret that keys are good under.

    Servers may go on serving meanwhile. The file is there once it is whole, for its owner only.
    """
    settings = existing(config, data_dir)
    try:
        with _written(file) as out:
            done = back_up(settings, out, SystemClock(), OPERATOR, with_secret=not without_secret)
            manifest = asyncio.run(done)
    except KeyboardInterrupt as error:
        raise Stop("interrupted; there is no backup.", INTERRUPTED) from error
    except OSError as error:
        raise Stop(f"there is no backup: {error.strerror or error}: {error.filename or file}.") from error
    if str(file) != "-":
        _tell(_view(file, manifest), as_json=as_json)
    _warn(manifest, without_secret=without_secret)


def _tell(view: BackupView, *, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    rows = counted(sum(view.tables.values()), "row")
    journals = counted(view.journal_files, "file")
    tables = f"{counted(len(view.tables), 'table')} of version {view.revision} with {rows}"
    print(f"{view.file}: {tables}, {journals} of journals; {view.bytes / 1e6:.1f} MB.")


def _warn(manifest: Manifest, *, without_secret: bool) -> None:
    if manifest.origin.secret_held:
        files = " and ".join(SECRET_FILES)
        note(
            f"WARNING: {files} are in it, not encrypted. Whoever has this file is as good as an admin; keep"
            " it as you keep keys, or leave them out with --without-secret."
        )
    elif without_secret:
        note(
            f"The secret is not in it: without {SECRET_FILES[0]} it cannot be restored. Keep that elsewhere."
        )
    else:
        note("BATON_SECRET_KEY is not in it: without that it cannot be restored. Keep it elsewhere.")


def _view(file: Path, manifest: Manifest) -> BackupView:
    return BackupView(
        file=str(file),
        bytes=file.stat().st_size,
        made_at=manifest.origin.made_at,
        revision=manifest.origin.revision,
        tables={table.name: table.rows for table in manifest.tables},
        journal_files=sum(member.name.startswith("journal/") for member in manifest.members),
        secret_held=manifest.origin.secret_held,
    )


@contextmanager
def _written(path: Path) -> Generator[BinaryIO]:
    """A file that gets its name once it is whole; what was cut off is written over by the next one.

    Raises:
        Stop: there is one of that name, or another command is writing it.
    """
    if str(path) == "-":
        if sys.stdout.isatty():
            raise Stop("a backup is nothing for a terminal; send it into a file or another program.")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists():
        raise Stop(f"{path} exists already; nothing was written.")
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _PRIVATE), "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Stop(f"another backup is being written to {path}.") from error
        os.ftruncate(file.fileno(), 0)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


COMMANDS = {"backup": backup}
