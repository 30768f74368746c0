"""Moves ended interactions from the backlog to the database, in batches."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from baton.core.errors import Unavailable
from baton.ledger.backlog import Backlog
from baton.ledger.outage import in_words
from baton.ledger.settings import LedgerSettings
from baton.ledger.store import Store

_log = structlog.stdlib.get_logger(__name__)


class Writer:
    """One task; `async with` starts it, and drains at the end. While the database is away it keeps trying."""

    def __init__(self, backlog: Backlog, store: Store, settings: LedgerSettings) -> None:
        self._backlog = backlog
        self._store = store
        self._settings = settings
        self._moved = asyncio.Condition()
        self._closing = asyncio.Event()
        self._wanted = 0
        self.trouble: str | None = None
        """What keeps rows from the database, in words."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="ledger writer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Move what is left; what the database does not take in time stays in the journal."""
        self._closing.set()
        self._backlog.some.set()
        self._backlog.plenty.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.closing_s):
                await self._task
        if self._backlog.waiting:
            _log.error("ledger_left_in_journal", interactions=self._backlog.waiting)

    async def flush(self, within_s: float = 1.0) -> bool:
        """Have all that has ended so far in the database; whether that was done in time."""
        target = self._backlog.arrived
        if self._backlog.drained >= target:
            return True
        self._wanted = target
        self._backlog.plenty.set()
        try:
            async with asyncio.timeout(within_s), self._moved:
                await self._moved.wait_for(lambda: self._backlog.drained >= target)
        except TimeoutError:
            return False
        return True

    async def _run(self) -> None:
        pause_s = self._settings.retry_first_s
        while True:
            await self._gather()
            closing = self._closing.is_set()  # a database that came back during the last pause is asked again
            self._backlog.write_missing()
            try:
                await self._move_all()
            except (Unavailable, SQLAlchemyError, OSError) as error:
                self._away(error)
                await self._pause(pause_s)
                pause_s = min(pause_s * 2, self._settings.retry_last_s)
            else:
                self._back()
                pause_s = self._settings.retry_first_s
            if closing and (self.trouble or not self._backlog.waiting):
                return

    async def _gather(self) -> None:
        """Wait until there is something, and then, unless somebody waits for it, for more to go with it."""
        if self._closing.is_set():  # told while rows were on their way: nothing more may come
            return
        await self._backlog.some.wait()
        if self._wanted > self._backlog.drained or self._closing.is_set():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.batch_every_s):
                await self._backlog.plenty.wait()

    async def _move_all(self) -> None:
        """Move what is there now; what comes meanwhile waits for company, a transaction costs as 100 rows."""
        target = self._backlog.arrived
        while self._backlog.drained < target:
            entries = await self._backlog.head()
            async with asyncio.timeout(self._settings.answer_s):
                await self._store.add([entry.interaction for entry in entries])
            self._backlog.drop(len(entries))
            async with self._moved:
                self._moved.notify_all()

    async def _pause(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._closing.wait()

    def _away(self, error: Unavailable | SQLAlchemyError | OSError) -> None:
        if self.trouble is None:
            _log.error("ledger_database_away", error=str(error))
        self.trouble = in_words(error)

    def _back(self) -> None:
        if self.trouble is not None:
            _log.warning("ledger_database_back")
            self.trouble = None
