"""Answers that one process keeps: bounded in number and bytes, those unused for longest leave first."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from baton.core.clock import Clock
from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.plan import Plan

_SWEEP_S = 60.0


class _Entry(NamedTuple):
    plan: Plan
    kept: Kept
    size: int
    until_s: float


class MemoryStore:
    """Looks up and keeps without waiting. Times are monotonic: a clock that is set changes nothing."""

    def __init__(self, clock: Clock, most_entries: int, most_bytes: int) -> None:
        self._clock = clock
        self.most_entries = most_entries
        self.most_bytes = most_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._swept_s = clock.monotonic()
        self.bytes = 0
        self.generation = 0
        """Counts how often something was forgotten: what was asked before that is not kept."""

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Kept | None:
        """The answer of a key, unless it is too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until_s <= self._clock.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.kept

    def put(self, plan: Plan, kept: Kept) -> None:
        """Keep an answer; one that alone is larger than a tenth of the room is not."""
        size = kept.size
        if size * 10 > self.most_bytes:
            return
        now_s = self._clock.monotonic()
        self._drop(plan.key)
        self._entries[plan.key] = _Entry(plan, kept, size, now_s + plan.ttl_s)
        self.bytes += size
        if now_s - self._swept_s >= _SWEEP_S:
            self.sweep()
        while len(self._entries) > self.most_entries or self.bytes > self.most_bytes:
            self._drop(next(iter(self._entries)))

    def sweep(self) -> None:
        """Let go of what is too old."""
        now_s = self._swept_s = self._clock.monotonic()
        for key in [key for key, entry in self._entries.items() if entry.until_s <= now_s]:
            self._drop(key)

    def remove(self, matches: Callable[[Plan, Kept], bool]) -> int:
        """Let go of all that match; how many those were."""
        self.generation += 1
        found = [key for key, entry in self._entries.items() if matches(entry.plan, entry.kept)]
        for key in found:
            self._drop(key)
        return len(found)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.size
