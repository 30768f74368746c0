"""How every process learns of a change: counters in the database, bumped in the transaction of the change."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.errors import BatonError
from baton.storage.database import Database
from baton.storage.tables import NOTICES

Subscriber = Callable[[], Awaitable[None]]
"""Called when a topic changed, possibly several times for one change and once for several changes."""

_BUMP = text(
    "INSERT INTO notices (topic, value) VALUES (:topic, 1)"
    " ON CONFLICT (topic) DO UPDATE SET value = notices.value + 1"
)

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


async def bump(connection: AsyncConnection, topic: str) -> None:
    """Say that `topic` changed, in the transaction that changes it.

    The counter's row stays locked until the transaction ends: who bumps first, then looks, looks alone.
    """
    await connection.execute(_BUMP, {"topic": topic})


class Notices:
    """Calls the subscribers of a topic once its counter has moved, whichever process moved it."""

    def __init__(self, database: Database, every_s: float = 0.5) -> None:
        """`every_s`: seconds between two looks, so also how late a change elsewhere may be noticed."""
        self._database = database
        self._every_s = every_s
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._seen: dict[str, int] = {}
        self._owed: dict[Subscriber, bool] = {}  # → whether it has failed before
        self._away = False
        self._turn = asyncio.Lock()
        self._poller: asyncio.Task[object] | None = None
        self._watcher: asyncio.Task[None] | None = None

    def subscribe(self, topic: str, subscriber: Subscriber) -> Callable[[], None]:
        """Have `subscriber` called after each change from now on; gives the way to stop that.

        A subscriber that raises is called again at the next look. It may itself change things; what it
        changes is noticed at the next look.
        """
        self._subscribers.setdefault(topic, []).append(subscriber)

        def unsubscribe() -> None:
            self._subscribers[topic].remove(subscriber)
            self._owed.pop(subscriber, None)

        return unsubscribe

    async def open(self) -> None:
        """Begin to watch. What changes after this call is noticed; a database that is away is waited for."""
        try:
            self._seen = await self._values()
        except BatonError as error:
            self._note_absence(error)
        self._watcher = asyncio.create_task(self._watch(), name="notices")

    async def close(self) -> None:
        """Stop watching; a delivery under way is cancelled."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher])

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def poll(self) -> None:
        """Look now, so that a change just committed here is in force when this returns.

        Raises nothing: while the database is away, or a subscriber fails, the watcher goes on trying.
        """
        if self._poller is asyncio.current_task():
            return
        async with self._turn:
            self._poller = asyncio.current_task()
            try:
                await self._look()
            finally:
                self._poller = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.poll()

    async def _look(self) -> None:
        try:
            values = await self._values()
        except (BatonError, SQLAlchemyError) as error:
            self._note_absence(error)
            return
        if self._away:
            self._away = False
            logger.info("database_back")
        for topic, value in values.items():
            if self._seen.get(topic, 0) != value:
                self._owed.update(dict.fromkeys(self._subscribers.get(topic, ()), False))
        self._seen = values
        for subscriber in list(self._owed):
            await self._deliver(subscriber)

    async def _deliver(self, subscriber: Subscriber) -> None:
        try:
            await subscriber()
        except Exception:  # a border: one subscriber's mistake must not make the others stale for ever
            if not self._owed.get(subscriber, True):
                logger.exception("subscriber_failed", subscriber=repr(subscriber))
                self._owed[subscriber] = True
        else:
            self._owed.pop(subscriber, None)

    async def _values(self) -> dict[str, int]:
        async with self._database.read() as connection:
            rows = await connection.execute(select(NOTICES.c.topic, NOTICES.c.value))
            return {row.topic: row.value for row in rows}

    def _note_absence(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            logger.warning("database_away", reason=str(error))
