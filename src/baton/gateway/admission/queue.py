"""Requests of low priority that wait for room in a limit instead of being refused."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from baton.core.clock import Clock
from baton.core.errors import OverLimit

T = TypeVar("T")

MOST_WAITING = 1000
"""Requests of a process; each keeps its connection and its body meanwhile."""

MOST_OF_ONE = 100
"""Of one user: nobody fills the queue alone."""

PATIENCE_S = 300.0
"""How long a request waits that names no time of its own."""

Try = Callable[[], Awaitable[T]]
"""Takes what is wanted, or raises OverLimit with the wait that is worth making."""


class Place:
    """A request in the queue."""

    __slots__ = ("is_next",)

    def __init__(self) -> None:
        self.is_next = asyncio.Event()


class Queue:
    """The queue of one process: first come first served among one user's requests, all users side by side.

    So each user has one request that tries: whoever sends a hundred gets no more than who sends one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[str, deque[Place]] = {}
        self.depth = 0
        """How many wait."""
        self.waited = 0
        """How many have waited, ever."""
        self.waited_s = 0.0
        """And how long, all together."""

    async def wait(self, user_id: str, attempt: Try[T], error: OverLimit, ends_s: float) -> T:
        """What the attempt gives when there is room. `error`: what the first try was refused with; `ends_s`:
        when its caller's patience ends, on the monotonic clock.

        Raises:
            OverLimit: the queue is full, or there will be no room in time.
        """
        line = self._lines.get(user_id)
        if self.depth >= MOST_WAITING or (line is not None and len(line) >= MOST_OF_ONE):
            raise error
        if line is None:
            line = self._lines[user_id] = deque()
        place, began_s = Place(), self._clock.monotonic()
        line.append(place)
        self.depth += 1
        try:
            if line[0] is not place:
                await self._turn(place, ends_s, error)
            return await self._room(attempt, ends_s)
        finally:
            self.depth -= 1
            self.waited += 1
            self.waited_s += self._clock.monotonic() - began_s
            self._leave(user_id, line, place)

    async def _turn(self, place: Place, ends_s: float, error: OverLimit) -> None:
        """Wait for those before."""
        try:
            async with asyncio.timeout(max(0.0, ends_s - self._clock.monotonic())):
                await place.is_next.wait()
        except TimeoutError:
            raise error from None

    async def _room(self, attempt: Try[T], ends_s: float) -> T:
        """Try, and again when that may help."""
        while True:
            try:
                return await attempt()
            except OverLimit as refused:
                wait_s = refused.retry_after_s
                if wait_s is None or self._clock.monotonic() + wait_s > ends_s:
                    raise refused from None
            await asyncio.sleep(wait_s)

    def _leave(self, user_id: str, line: deque[Place], place: Place) -> None:
        line.remove(place)
        if line:
            line[0].is_next.set()
        else:
            del self._lines[user_id]
