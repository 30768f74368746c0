"""What this machine remembers of the audit's end, outside of the database.

Who can write the database can say in it that no chain has begun, or put an older state back. That makes no
start begin anew, and the file does not forget.
"""

import asyncio
from pathlib import Path

import structlog

from baton.core.errors import Invalid, Unavailable
from baton.records.audit.scribe import Scribe
from baton.records.audit.verdict import Anchor, anchor_of
from baton.storage import private_file
from baton.storage.database import Database

WITNESS_FILE = "audit.anchor"

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Witness:
    """The anchor that was last seen to hold, in a file of the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / WITNESS_FILE

    async def begin(self, scribe: Scribe, database: Database, at_ms: int) -> bool:
        """Have the audit begin where it has not, and remember where it ends; whether it can go on.

        Raises:
            Unavailable: the database is away, or as `remembered`.
        """
        remembered = await self.remembered()  # first: it may know less than the database, never more
        end = await scribe.begin(database, at_ms, remembered)
        if end is not None and end != remembered:
            await database.harden()
            await self.remember(end)
        return end is not None

    async def follow(self, scribe: Scribe, database: Database) -> None:
        """Look at the audit's end, and remember it; where what was seen last is gone, remember that instead.

        Raises:
            Unavailable: the database is away, or as `remembered`.
        """
        remembered = await self.remembered()
        end = await scribe.look(database, remembered)
        last = scribe.seen if scribe.missed else end
        if last is not None and (remembered is None or last.rows > remembered.rows):
            await database.harden()  # else a loss of power would look like somebody's doing
            await self.remember(last)

    async def remembered(self) -> Anchor | None:
        """The anchor; None: there is none yet.

        Raises:
            Unavailable: the file cannot be read, or holds something else; code `data_dir_unusable`.
        """
        try:
            return anchor_of(await asyncio.to_thread(self._path.read_text))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, Invalid) as error:
            raise Unavailable(
                f"The file {self._path} holds no anchor of the audit. Take it away to go on without it; then"
                " examine the audit with an anchor of your own.",
                code="data_dir_unusable",
            ) from error

    async def remember(self, anchor: Anchor) -> None:
        """Keep it instead of the last one. A folder that cannot be written is logged, and stops nothing."""
        try:
            await asyncio.to_thread(private_file.replace, self._path, f"{anchor}\n".encode())
        except OSError as error:
            _log.warning("audit_anchor_not_kept", file=str(self._path), reason=error.strerror)
