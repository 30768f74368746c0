"""What was asked lately: the last hour by minutes, the last minute by ticks. Time is handed in."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

HOUR = 60
"""Minutes that are remembered one by one."""

TICK_S = 5
_TICKS = 12
_TIMES = range(_TICKS)


class Moment(NamedTuple):
    """A moment on both clocks, taken apart once for everybody who counts."""

    at_s: float
    """Monotonic."""
    minute: int
    """Monotonic, whole minutes."""
    tick: int
    """Monotonic, whole ticks."""
    at_ms: int
    """Unix time."""
    hour: int
    """Whole hours since the epoch."""


def moment(monotonic_s: float, wall_s: float) -> Moment:
    """The moment that both clocks show."""
    whole_s = int(monotonic_s)
    return Moment(monotonic_s, whole_s // 60, whole_s // TICK_S, int(wall_s * 1000), int(wall_s) // 3600)


@dataclass(slots=True)
class Minute:
    """What was asked in one."""

    asked: int = 0
    """Calls and probes."""
    failed: int = 0
    answered: int = 0
    """Calls only."""
    waited_ms: int = 0
    """By callers who were answered, summed."""
    limited: int = 0
    lost: bool = False
    """Nobody asked, as an outage was going on."""
    ours: bool = False
    """Whether this process has asked, or saw the outage begin."""

    @property
    def well(self) -> float | None:
        """The share that went well; None: the minute says nothing."""
        if self.asked:
            return (self.asked - self.failed) / self.asked
        return 0.0 if self.lost else None


class Minutes:
    """The last hour, the minute under way included."""

    __slots__ = ("_slots", "behind", "now")

    def __init__(self, minute: int) -> None:
        self.behind = minute
        """The minute that was under way when this last went on."""
        self._slots = [Minute() for _ in range(HOUR)]
        self.now = self._slots[minute % HOUR]

    def ended(self, minute: int) -> Iterator[Minute]:
        """Go on to `minute`; the minutes that have ended since, oldest first; of very many the last ones.

        Each may be changed as it comes; it is to be read to its end.
        """
        yield self.now
        for each in range(max(self.behind + 1, minute - 2 * HOUR), minute):
            slot = self._slots[each % HOUR] = Minute()
            yield slot
        self.behind = minute
        self.now = self._slots[minute % HOUR] = Minute()

    def last(self, window_s: float) -> list[Minute]:
        """The minutes of the last so many seconds, in whole ones: the one under way and those before."""
        count = min(HOUR, max(1, ceil(window_s / 60)))
        return [self._slots[(self.behind - back) % HOUR] for back in range(count)]


class LastMinute:
    """Calls and failures of the last 60 s, in steps of 5 s."""

    __slots__ = ("_calls", "_failures", "_tick")

    def __init__(self, tick: int) -> None:
        self._tick = tick
        self._calls = [0] * _TICKS
        self._failures = [0] * _TICKS

    def count(self, tick: int, calls: int, *, failed: bool) -> None:
        """Count calls that all went the same way."""
        if tick != self._tick:
            self._go_on(tick)
        at = tick % _TICKS
        self._calls[at] += calls
        if failed:
            self._failures[at] += calls

    def totals(self, tick: int) -> tuple[int, int]:
        """Calls, and failures among them."""
        if tick != self._tick:
            self._go_on(tick)
        return sum(self._calls), sum(self._failures)

    def _go_on(self, tick: int) -> None:
        passed = tick - self._tick
        for at in _TIMES if passed >= _TICKS else ((self._tick + n) % _TICKS for n in range(1, passed + 1)):
            self._calls[at] = self._failures[at] = 0
        self._tick = max(self._tick, tick)
