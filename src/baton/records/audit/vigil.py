"""Looking at the audit's end while a process serves."""

import asyncio
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from baton.core.errors import Unavailable
from baton.records.audit.scribe import Scribe
from baton.records.audit.witness import Witness
from baton.storage.database import Database

EVERY_S = 5.0
"""How far the witness may be behind: each time it moves, something is written through to the disk."""

_CLOSING_S = 2.0
"""How long the end may wait for a database that says nothing."""

_AWAY = (Unavailable, SQLAlchemyError, OSError)

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Vigil:
    """Has the witness follow what is written, and notices an end that was put back, while it is entered."""

    def __init__(
        self, scribe: Scribe, witness: Witness, database: Database, every_s: float = EVERY_S
    ) -> None:
        """`every_s`: seconds between two looks."""
        self._scribe = scribe
        self._witness = witness
        self._database = database
        self._every_s = every_s
        self._away = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="audit-vigil")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
            await self._look(_CLOSING_S)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._look(self._every_s)

    async def _look(self, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                await self._witness.follow(self._scribe, self._database)
        except _AWAY as error:
            if not self._away:
                self._away = True
                reason = error.message if isinstance(error, Unavailable) else type(error).__name__
                _log.warning("audit_not_followed", reason=reason)
        else:
            self._away = False
