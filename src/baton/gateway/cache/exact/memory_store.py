"""Answers that one process keeps: bounded in number and bytes, those unused for longest leave first."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from baton.core.clock import Clock
from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.marks import Marks, marks_of
from baton.gateway.cache.exact.plan import Plan
from baton.gateway.cache.exact.store import Room

_SWEEP_S = 60.0


class _Entry(NamedTuple):
    plan: Plan
    kept: Kept
    size: int
    until_s: float


class MemoryStore:
    """Looks up and keeps without waiting. Times are monotonic: a clock that is set changes nothing."""

    def __init__(
        self,
        clock: Clock,
        most_entries: int,
        most_bytes: int,
        tell: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`tell`: has other processes, each with a memory of its own, hear that some are forgotten; None:
        there are none."""
        self._tell = tell
        self._clock = clock
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._swept_s = clock.monotonic()
        self._bytes = 0
        self.generation = 0
        """As `Store`."""

    @property
    def shared(self) -> bool:
        """As `Store`."""
        return False

    def __len__(self) -> int:
        return len(self._entries)

    def at_hand(self, key: str) -> Kept | None:
        """The answer of a key, unless it is too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until_s <= self._clock.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.kept

    async def find(self, key: str) -> Kept | None:
        """Nothing is kept but what is at hand."""
        del key
        return None

    async def fetch(self, key: str) -> Kept | None:
        """As `Store`."""
        return self.at_hand(key)

    def put(self, plan: Plan, kept: Kept) -> None:
        """Keep an answer; one that alone is larger than a tenth of the room is not."""
        size = kept.size
        if size * 10 > self._most_bytes:
            return
        now_s = self._clock.monotonic()
        self._drop(plan.key)
        self._entries[plan.key] = _Entry(plan, kept, size, now_s + plan.ttl_s)
        self._bytes += size
        if now_s - self._swept_s >= _SWEEP_S:
            self.sweep()
        while len(self._entries) > self._most_entries or self._bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))

    def sweep(self) -> None:
        """Let go of what is too old."""
        now_s = self._swept_s = self._clock.monotonic()
        for key in [key for key, entry in self._entries.items() if entry.until_s <= now_s]:
            self._drop(key)

    async def forget(self, marks: Marks) -> int:
        """As `Store`."""
        if self._tell is not None:
            await self._tell()
        return self.forget_now(marks)

    def forget_now(self, marks: Marks) -> int:
        """Let go of all answers that have all of these marks; how many those were."""
        self.generation += 1
        found = [
            key
            for key, entry in self._entries.items()
            if not marks or marks <= marks_of(entry.plan, entry.kept)
        ]
        for key in found:
            self._drop(key)
        return len(found)

    async def room(self) -> Room:
        """As `Store`."""
        return Room(len(self._entries), self._bytes, self._most_entries, self._most_bytes)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size
