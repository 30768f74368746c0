"""The database: opened once, read by many, written by one transaction at a time."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from baton.core.errors import Unavailable
from baton.storage.engine import WRITES, database_url, make_engine, sqlite_file
from baton.storage.faults import away, translated
from baton.storage.settings import StorageSettings

_WRITE_LOCK = text("SELECT pg_advisory_xact_lock(7024132)")
"""The one writer's lock, where the database has none of its own; the number means nothing."""

_WRITE_THROUGH = text("PRAGMA wal_checkpoint(PASSIVE)")

_AFTER = "baton_after_commit"

_GRACE_S = 2.0
"""How long a closing waits for a database that says nothing any more, and then for what it cut off."""

_ROUNDS = 3
"""How often what was cut off is cut off again: a driver may begin to tidy up, and wait once more."""

_ONE_STATE = {"isolation_level": "REPEATABLE READ"}
"""What a reader of a server asks for; in SQLite's WAL mode every transaction reads like that."""


def after_commit(connection: AsyncConnection, act: Callable[[], None]) -> None:
    """Call it once what this connection of `write` or `append` does is committed; never if it is undone."""
    options = cast("Connection", connection.sync_connection).get_execution_options()
    after: list[Callable[[], None]] = options[_AFTER]
    after.append(act)


class Database:
    """Gives out connections inside transactions; opened by `open` or `async with`.

    Everything here raises `Unavailable` while the database is away, locked, full, or not open.
    """

    def __init__(self, settings: StorageSettings) -> None:
        """Connects nowhere yet.

        Raises:
            Invalid: the URL cannot be used.
        """
        self._settings = settings
        self._file = sqlite_file(database_url(settings.url))
        self._engine: AsyncEngine | None = None
        self._writer: AsyncEngine | None = None
        self._used: set[asyncio.Future[None]] = set()
        """One for each connection that somebody has or is being given, done once it is given back."""
        self._left: set[asyncio.Future[None]] = set()
        """Connections being given back."""
        # There is one writer. Those of this process queue here, fairly, instead of polling for its lock.
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Connect once; SQLite's file and its folder are made where they are missing."""
        engine = make_engine(self._settings)
        try:
            with translated():
                if self._file is not None:
                    await asyncio.to_thread(_make_folder, self._file.parent)
                async with self._connected(engine):
                    pass
        except BaseException:
            await self._dispose(engine)
            raise
        self._engine = engine if self._file is not None else engine.execution_options(**_ONE_STATE)
        self._writer = engine.execution_options(**{WRITES: True})

    async def close(self) -> None:
        """Close every connection, those of a database that hangs by force; may be called twice.

        Who has one is given two seconds to end.
        """
        engine, self._engine, self._writer = self._engine, None, None
        if engine is not None:
            if self._used:
                await asyncio.wait(self._used, timeout=_GRACE_S)
            await self._dispose(engine)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """A connection that sees one state of the database; what it writes is rolled back."""
        with translated():
            async with self._connected(_open(self._engine)) as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """A connection in a transaction that holds the write lock; committed at its end, or rolled back.

        Not reentrant: a second `write` inside the first waits for it for ever.

        Raises:
            Conflict: a unique key exists already; code `duplicate`.
        """
        async with self._turn, self._writing() as connection:
            if self._file is None:
                await connection.execute(_WRITE_LOCK)
            yield connection

    @asynccontextmanager
    async def append(self) -> AsyncGenerator[AsyncConnection]:
        """As `write`, for new rows that depend on nothing that is there: a server takes several at once.

        Raises:
            Conflict: a unique key exists already; code `duplicate`.
        """
        turn: AbstractAsyncContextManager[object] = nullcontext() if self._file is None else self._turn
        async with turn, self._writing() as connection:
            yield connection

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncConnection]:
        after: list[Callable[[], None]] = []
        with translated():
            async with self._connected(_open(self._writer)) as connection:
                await connection.execution_options(**{_AFTER: after})
                async with connection.begin():
                    yield connection
                for act in after:
                    act()

    async def harden(self) -> None:
        """Have what is committed outlive a loss of power; a server sees to that by itself."""
        if self._file is not None:
            async with self.read() as connection:
                await connection.execute(_WRITE_THROUGH)

    @asynccontextmanager
    async def migrate(self) -> AsyncGenerator[AsyncConnection]:
        """As `write`, with foreign keys unchecked, for changes of the schema."""
        engine = make_engine(self._settings, foreign_keys=False)
        try:
            with translated():
                writer = engine.execution_options(**{WRITES: True})
                async with self._connected(writer) as connection, connection.begin():
                    if self._file is None:
                        await connection.execute(_WRITE_LOCK)
                    yield connection
        finally:
            await self._dispose(engine)

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
        """A connection of the pool; a server that cannot be reached is told from an OSError of the body."""
        opening = asyncio.ensure_future(_opened(engine))
        used: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._used.add(used)
        leaving: asyncio.Future[None] | None = None
        try:
            try:
                connection = await asyncio.shield(opening)
            except OSError as error:
                raise away(error.strerror or "it cannot be reached") from error
            except asyncio.CancelledError:  # half-opened it would belong to nobody, and never be closed
                self._leave(_given_back(opening))
                raise
            try:
                yield connection
            finally:
                leaving = self._leave(connection.close())
        finally:
            self._used.discard(used)
            used.set_result(None)
            if leaving is not None:
                await asyncio.shield(leaving)

    async def _dispose(self, engine: AsyncEngine) -> None:
        """Close an engine behind the last connection that is given back: a closed pool would forget it."""
        grace_s = _GRACE_S if self._file is None else None  # a file does not hang, and may be slow
        await _ended(self._left, grace_s)
        await _ended({asyncio.ensure_future(engine.dispose())}, grace_s)

    def _leave(self, ending: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """Let something end by itself, whatever becomes of who began it; `close` waits for it."""
        left = asyncio.ensure_future(ending)
        self._left.add(left)
        left.add_done_callback(self._left.discard)
        return left


def _open(engine: AsyncEngine | None) -> AsyncEngine:
    if engine is None:
        raise Unavailable("The database is not open.", code="database_unavailable")
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise away(f"its folder cannot be made, {error.strerror}") from error


async def _opened(engine: AsyncEngine) -> AsyncConnection:
    return await engine.connect()


async def _given_back(opening: asyncio.Task[AsyncConnection]) -> None:
    """Wait for a connection that nobody wants any longer, and close it; there may come none."""
    with contextlib.suppress(OSError, SQLAlchemyError):
        connection = await opening
        await connection.close()


async def _ended(tasks: set[asyncio.Future[None]], grace_s: float | None) -> None:
    """Wait until all have ended, of themselves or cut off; None: however long it takes."""
    for _ in range(_ROUNDS):
        if not tasks:
            return
        _, tasks = await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()
