"""A loop whose time leaps over every wait, in a thread of its own.

All that a rehearsal waits for are timers: its providers are simulated, nothing comes from outside. So hours
of waiting take no time, and every deadline of the gateway ends at exactly its moment.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

from baton.core.clock import SystemClock

T = TypeVar("T")

_WORK_S = 0.002
_REST_S = 0.002
"""A thread that only computes keeps the interpreter for 5 ms at a time from those who serve: after so much
work it rests for so long, and doubles its own time for it."""


class _Selector(selectors.DefaultSelector):
    """Never waits for a timer: it puts the time forward to it."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_s = 0.0
        self._rested_s = time.monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # no timer is left: only another thread's word can wake it
            return super().select(None)
        if time.monotonic() - self._rested_s >= _WORK_S:
            time.sleep(_REST_S)
            self._rested_s = time.monotonic()
        events = super().select(0)
        if not events and timeout > 0:
            self.ahead_s += timeout
        return events


class LeapingLoop(asyncio.SelectorEventLoop):
    """Its time stands still while anything runs, and leaps to the next timer when nothing does."""

    def __init__(self) -> None:
        self._leaps = _Selector()
        super().__init__(self._leaps)

    def time(self) -> float:
        """Seconds since it was made."""
        return self._leaps.ahead_s


class LeapingClock:
    """The time of such a loop; a `Clock`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wall_s: float) -> None:
        """`wall_s`: the time of day at which the loop was made."""
        self._loop = loop
        self._wall_s = wall_s

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        return self._wall_s + self._loop.time()

    def monotonic(self) -> float:
        """The loop's time."""
        return self._loop.time()


class Apart:
    """Runs one coroutine on such a loop, away from everybody who is served meanwhile."""

    def __init__(self) -> None:
        self._stopped = False
        self._end: Callable[[], object] | None = None

    async def run(self, work: Callable[[LeapingClock], Coroutine[None, None, T]]) -> T:
        """What the work returns; it is given the time of its loop. Cancelling this cancels it."""
        running = asyncio.ensure_future(asyncio.to_thread(self._run, work, SystemClock.wall()))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._stop()
            await asyncio.wait([running])
            if not running.cancelled():
                running.exception()  # nobody is left to be told
            raise

    def _run(self, work: Callable[[LeapingClock], Coroutine[None, None, T]], wall_s: float) -> T:
        """In the thread."""

        async def whole() -> T:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None
            self._end = lambda: loop.call_soon_threadsafe(task.cancel)
            if self._stopped:
                raise asyncio.CancelledError
            try:
                return await work(LeapingClock(loop, wall_s))
            finally:
                self._end = None

        with asyncio.Runner(loop_factory=LeapingLoop) as runner:
            return runner.run(whole())

    def _stop(self) -> None:
        self._stopped = True
        end = self._end
        if end is not None:
            with suppress(RuntimeError):  # it has just ended by itself
                end()
