"""The worker of this process: loaded when somebody first needs it, or runs are found that nobody finishes."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import structlog
from sqlalchemy import select

from baton.core.errors import BatonError
from baton.pipelines.engine.run import RunState
from baton.pipelines.engine.tables import RUNS
from baton.storage.database import Database

if TYPE_CHECKING:
    from baton.pipelines.engine.runs import Runs

_LOOKS_EVERY_S = 4.0
"""As often as workers look after each other's runs."""

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

Opens = Callable[[], Coroutine[Any, Any, "AbstractAsyncContextManager[Runs]"]]
"""Loads what a worker is made of; opened, it carries runs out."""


class Worker:
    """Costs nothing until there is a run; then it stays until this is closed."""

    def __init__(self, opens: Opens, database: Database) -> None:
        self._opens = opens
        self._database = database
        self._stack = AsyncExitStack()
        self._turn = asyncio.Lock()
        self._runs: Runs | None = None
        self._watch: asyncio.Task[None] | None = None
        self._closing = False

    async def __aenter__(self) -> Self:
        self._watch = asyncio.create_task(self._look(), name="runs: is there one")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        async with self._turn:
            await self._stack.aclose()

    @property
    def is_loaded(self) -> bool:
        """Whether it is there already."""
        return self._runs is not None

    async def runs(self) -> "Runs":
        """Runs, from outside; loads the worker, which takes about a second.

        Raises:
            Unavailable: the database is away.
        """
        if self._runs is not None:
            return self._runs
        return await asyncio.shield(asyncio.ensure_future(self._open()))  # others wait for it too

    async def _open(self) -> "Runs":
        async with self._turn:
            if self._runs is None:
                if self._closing:
                    raise asyncio.CancelledError
                self._runs = await self._stack.enter_async_context(await self._opens())
            return self._runs

    async def _look(self) -> None:
        while not self.is_loaded:
            try:
                if await self._wanted():
                    await self.runs()
            except BatonError as error:
                logger.warning("runs_not_looked_for", reason=error.message)
            except Exception:  # a border: whatever it is, runs are to be looked for again
                logger.exception("runs_not_looked_for")
            await asyncio.sleep(_LOOKS_EVERY_S)

    async def _wanted(self) -> bool:
        """Whether there is a run that somebody must carry out."""
        open_ones = select(RUNS.c.id).where(RUNS.c.state.in_([RunState.QUEUED, RunState.RUNNING])).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(open_ones)).one_or_none() is not None
