"""Beginnings in the database whose process is dead, settled as crashed."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from baton.core.errors import Unavailable
from baton.ledger.beginnings import Beginnings
from baton.ledger.framing import Unreadable
from baton.ledger.heir import Heir, nobody
from baton.ledger.rows import Interaction, crashed
from baton.ledger.settings import LedgerSettings
from baton.ledger.store import Store

SILENT_LOOKS = 6
"""An owner is dead whose heartbeat stood still at so many looks in a row, all of them answered."""

_log = structlog.stdlib.get_logger(__name__)


class Orphans:
    """Looks every so often; `async with` runs it. Clocks play no part: it counts its own looks.

    Whoever is taken for dead and is not loses nothing: its ends take the place of the `crashed` rows.
    """

    def __init__(
        self,
        own: str,
        beginnings: Beginnings,
        store: Store,
        settings: LedgerSettings,
        heir: Heir = nobody,
    ) -> None:
        """`own`: the owner that this process is; it lives, whatever its heartbeat says."""
        self._heir = heir
        self._own = own
        self._beginnings = beginnings
        self._store = store
        self._settings = settings
        self._seen: dict[str, tuple[int | None, int]] = {}
        """Of each owner the heartbeat, and at how many looks it was the same."""
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="ledger orphans")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop soon; what is not yet settled is left to the next start."""
        self._closing.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.closing_s):
                await self._task

    async def look(self) -> int:
        """Look once; how many interactions were settled as crashed.

        Raises:
            Unavailable: the database is away; then nobody's silence counts.
        """
        seen, self._seen = self._seen, {}
        beats = await self._beginnings.beats()
        self._seen = {
            owner: (beat, seen[owner][1] + 1 if owner in seen and seen[owner][0] == beat else 1)
            for owner, beat in beats.items()
            if owner != self._own
        }
        dead = [owner for owner, (_, looks) in self._seen.items() if looks > SILENT_LOOKS]
        return sum([await self._settle(owner) for owner in dead])

    async def _settle(self, owner: str) -> int:
        settled = 0
        while begun := await self._beginnings.of(owner, self._settings.batch_rows):
            ended = [Interaction(opened, crashed(opened)) for opened in begun]
            added = await self._store.add(ended)
            costs = {each.opened.id: each.settled.cost.total_nanos for each in ended}
            await self._heir(owner, costs, last=False)
            await self._beginnings.write(owner, [], [opened.id for opened in begun])
            settled += len(added)
        await self._heir(owner, {}, last=True)
        await self._beginnings.forget(owner)
        _log.warning("journal_recovered", owner=owner, crashed=settled)
        return settled

    async def _run(self) -> None:
        while not self._closing.is_set():
            try:
                async with asyncio.timeout(self._settings.answer_s):
                    await self.look()
            except (Unavailable, SQLAlchemyError, TimeoutError):
                pass  # the writer says so
            except Unreadable as error:
                _log.error("journal_not_recovered", error=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.beat_every_s):
                    await self._closing.wait()
