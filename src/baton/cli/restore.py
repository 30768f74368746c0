"""`baton restore`: a backup into an empty place."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from baton.app.restore import Restored, restore
from baton.cli.actor import OPERATOR
from baton.cli.installation import ConfigFile, DataDir, read_settings
from baton.cli.logs import configure
from baton.cli.stop import INTERRUPTED, Stop
from baton.cli.terminal import AsJson, counted, note, print_json
from baton.core.clock import SystemClock
from baton.storage.schema import HEAD


class RestoreView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was restored."""

    made_at: str
    made_by: str
    """The version of the Baton that made the backup."""
    from_revision: str
    revision: str
    """Of the tables, as they are now."""
    tables: dict[str, int]
    """Rows that each had in the backup."""
    audit_holds: bool


def restore_backup(
    file: Annotated[Path, typer.Argument(help="A file that `baton backup` has written.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Restore a backup into a data folder and a database that are empty, of whichever kind that is.

    The whole file is examined before anything is touched. An older Baton's is brought up to this version.
    After it was cut off, the same command ends it.
    """
    settings = read_settings(config, data_dir)
    configure("error")
    try:
        done = asyncio.run(restore(settings, file, SystemClock(), OPERATOR))
    except KeyboardInterrupt as error:
        raise Stop("interrupted; run it again.", INTERRUPTED) from error
    except OSError as error:
        raise Stop(f"it cannot be restored: {error.strerror or error}: {error.filename or file}.") from error
    view = _view(done)
    if as_json:
        print_json(view)
    else:
        rows = counted(sum(view.tables.values()), "row")
        tables = f"{counted(len(view.tables), 'table')} with {rows}"
        print(f"{tables}, of {view.made_at}; now of version {view.revision}.")
    if not view.audit_holds:
        note("WARNING: the audit does not verify, nor did it in the backup; see `baton audit verify`.")


def _view(done: Restored) -> RestoreView:
    origin = done.manifest.origin
    return RestoreView(
        made_at=origin.made_at,
        made_by=origin.version,
        from_revision=origin.revision,
        revision=HEAD,
        tables={table.name: table.rows for table in done.manifest.tables},
        audit_holds=done.verdict.holds,
    )


COMMANDS = {"restore": restore_backup}
