"""What happens to a stream whose reader has left: it is let go at once and counted by what was said, or read
on to learn what it took."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from types import TracebackType
from typing import Self

from baton.catalog.tokens.gauge import Gauge

DRAIN_S = 120.0
"""How long a provider is listened to for nobody; the answer it is in the middle of takes seconds."""

DRAIN_BYTES = 16 << 20
"""How much of it is read for nobody."""

MOST_DRAINS = 1000
"""How many streams are read for nobody at a time; those beyond are let go at once."""

COUNT_S = 2.0
"""How long the tokens of what was said are waited for; the first count starts the tokenizer."""

Weigher = Callable[[str, Gauge, str], Awaitable[float]]
"""How many times what the gauge of a model (by name) guesses a text really takes."""


class AbortedStreams(StrEnum):
    """The policy."""

    CANCEL = "cancel"
    """Close the provider's connection at once; what was not reported is estimated."""
    DRAIN = "drain"
    """Read on to the provider's report of usage; the answer is paid for whole."""


class Drains:
    """Streams that are read on for nobody, while it is entered; at its end each is cut short and recorded."""

    def __init__(self, policy: AbortedStreams, weigh: Weigher, most: int = MOST_DRAINS) -> None:
        self._weigh = weigh
        self._most = most if policy is AbortedStreams.DRAIN else 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._most = 0
        await asyncio.sleep(0)  # one taken just now has to begin, or it would never write its end
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def count(self) -> int:
        """How many are under way."""
        return len(self._tasks)

    async def worth(self, model: str, gauge: Gauge, said: str) -> float:
        """How many times its guess a text takes; 1 where that cannot be had in time."""
        try:
            async with asyncio.timeout(COUNT_S):
                return await self._weigh(model, gauge, said)
        except TimeoutError:
            return 1

    def take(self, read_on: Callable[[], Awaitable[None]]) -> bool:
        """Take a stream over; False: it is to be let go. `read_on` writes its end, also when cancelled."""
        if len(self._tasks) >= self._most:
            return False
        task = asyncio.ensure_future(_run(read_on))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True


async def _run(read_on: Callable[[], Awaitable[None]]) -> None:
    await read_on()
