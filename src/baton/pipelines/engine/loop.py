"""A loop of its own in a thread, so that what runs there does not keep requests waiting."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class OwnLoop:
    """Runs while it is entered; what is called across is cancelled there where it is cancelled here."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __aenter__(self) -> Self:
        self._home = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)

    async def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await it on the own loop, from the loop on which this was entered."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    async def across(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Await it on the loop on which this was entered, from the own one."""

        async def awaited() -> T:
            return await ask()

        future: Future[T] = asyncio.run_coroutine_threadsafe(awaited(), self._home)
        return await asyncio.wrap_future(future)

    async def _wind_up(self) -> None:
        """Nothing is left hanging: what is still under way is cancelled, and awaited."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._wind_up())
        finally:
            self._loop.close()
