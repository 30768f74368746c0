"""Sliding windows: no stretch of time of a window's length ever holds more than its limit.

A window is counted in 60 equal sub-buckets; the oldest one that it still touches counts whole. So a burst up
to the limit passes at once, and the price of being exact is that what was taken frees itself up to one
sub-bucket late. A fixed window lets twice its limit through at its edge, and the generic cell rate algorithm
with a burst nearly as much.
"""

import math
import sys
from array import array
from collections import deque
from collections.abc import Iterator, Sequence

from msgspec import Struct

SUB_BUCKETS = 60
MINUTE_S = 60
DAY_S = 86_400

_SLOTS = SUB_BUCKETS + 1
"""The one that is being filled, and the sixty that a window ending in it may touch."""

_EMPTY = array("q", bytes(8 * _SLOTS))
_ROUND_S = float(MINUTE_S)
"""How long a look at every counter takes, so that idle ones leave."""

_LOOKS_AT_LEAST = 16


class Window(Struct, frozen=True):
    """What any stretch of time of one length may hold."""

    key: str
    """Whose window, of what and how long: one key always has one length."""
    limit: int
    """The most that any stretch of `window_s` may hold."""
    window_s: int
    """Whole minutes, so that the edges of sub-buckets are whole seconds, and exact."""


class Against(Struct, frozen=True):
    """What stands in the way of a claim."""

    window: Window
    """The one that has to be waited for longest."""
    amount: int
    """How much of it was wanted."""
    wait_s: float | None
    """Until all of the claim fits, if nobody else takes; None: never, the amount is larger than the limit."""


class Left(Struct, frozen=True):
    """How much of a limit is free."""

    limit: int
    remaining: int
    reset_s: float
    """Until all of it is free."""


class Taken(Struct, frozen=True):
    """A claim that was taken, and when."""

    windows: Sequence[Window]
    amounts: Sequence[int]
    at_s: float
    epoch: str = ""
    """Of the shared state that it lies in; none of a process's own."""


class Bundle:
    """Windows that one caller always claims together, by one amount.

    Until the next of their sub-buckets begins nothing of them becomes free by itself, so what is free of
    them falls and rises together: to know the one of which least is free is enough. What is claimed
    meanwhile is counted in each of them when that time is over, or when somebody else claims of one.
    """

    __slots__ = ("counted", "emptied_s", "free", "fullest", "refilled_s", "since_s", "until_s", "windows")

    def __init__(self, windows: Sequence[Window]) -> None:
        self.windows = tuple(windows)
        self.since_s = math.inf if windows else -math.inf
        """From when on the figures below hold …"""
        self.until_s = -math.inf if windows else math.inf
        """… and until when."""
        self.free = 0 if windows else sys.maxsize
        """What is free of that one; negative where more was used than was claimed."""
        self.counted = 0
        """What was claimed since then, and is in no window yet."""
        self.fullest: Window | None = None
        """The one of which least is free."""
        self.emptied_s = 0.0
        """When all of it is free again, if nothing was claimed since …"""
        self.refilled_s = 0.0
        """… and if something was."""


class _Counter:
    """What one window holds."""

    __slots__ = ("bundle", "counts", "key", "newest", "since_s", "slot", "total", "until_s", "width_s")

    def __init__(self, window: Window, now_s: float) -> None:
        self.key = window.key
        self.width_s = window.window_s // SUB_BUCKETS
        self.counts = _EMPTY[:]
        self.total = 0
        self.bundle: Bundle | None = None
        """That may hold what is not counted here yet."""
        self._fill(int(now_s // self.width_s))

    def _fill(self, bucket: int) -> None:
        """From now on this one is being filled."""
        self.newest = bucket
        self.slot = bucket % _SLOTS
        self.since_s = bucket * self.width_s
        self.until_s = self.since_s + self.width_s

    def move_to(self, now_s: float) -> None:
        """Forget what lies more than a window before a moment, at which the newest sub-bucket is over."""
        counts, bucket = self.counts, int(now_s // self.width_s)
        if bucket - self.newest > SUB_BUCKETS:
            self.counts = _EMPTY[:]
            self.total = 0
        elif self.total:
            for gone in range(self.newest + 1, bucket + 1):
                slot = gone % _SLOTS
                self.total -= counts[slot]
                counts[slot] = 0
        self._fill(bucket)

    def add(self, at_s: float, amount: int) -> None:
        """Count at a moment that is not after the newest sub-bucket; what has left the window counts no
        more."""
        if at_s >= self.since_s:
            self.counts[self.slot] += amount
        else:
            bucket = int(at_s // self.width_s)
            if self.newest - bucket > SUB_BUCKETS:
                return
            self.counts[bucket % _SLOTS] += amount
        self.total += amount

    def free_s(self, excess: int) -> float:
        """The moment when `excess` of what it holds has left it; at most all of it, at least 1."""
        counts = self.counts
        bucket = self.newest - _SLOTS
        while excess > 0:
            bucket += 1
            excess -= counts[bucket % _SLOTS]
        return float((bucket + _SLOTS) * self.width_s)

    @property
    def emptied_s(self) -> float:
        """The moment when all of it is free; -infinity: it is."""
        if not self.total:
            return -math.inf
        counts, last = self.counts, self.newest
        while not counts[last % _SLOTS]:
            last -= 1
        return float((last + _SLOTS) * self.width_s)


class Windows:
    """The windows of one process. Nothing is awaited, so what is asked and then taken in one turn stays true.

    A counter costs 0.8 KB and leaves when its window has passed: 10 000 keys, each with a minute and a day of
    requests and of tokens, cost 31 MB in their busiest minute, and half of it after that.
    """

    __slots__ = ("_counters", "_looked_at_s", "_round")

    def __init__(self) -> None:
        self._counters: dict[str, _Counter] = {}
        self._round: deque[_Counter] = deque()
        """In the order in which they are looked at."""
        self._looked_at_s = -math.inf

    def __len__(self) -> int:
        """How many windows hold something, or did a minute ago."""
        return len(self._counters)

    def claim(self, windows: Sequence[Window], amounts: Sequence[int], now_s: float) -> Taken | Against:
        """Take an amount of each window, or of none; each window at most once.

        A moment that has passed is counted where it belongs.
        """
        if now_s - self._looked_at_s >= 1.0:
            self._look(now_s)
        counters = self._counters
        for done, (window, amount) in enumerate(zip(windows, amounts, strict=True)):
            counter = counters.get(window.key) or self._opened(window, now_s)
            self._come_to(counter, now_s)
            if counter.total + amount > window.limit:
                self.settle(Taken(windows[:done], amounts[:done], now_s), (0,) * done, now_s)
                return self._longest(windows, amounts, now_s)
            if now_s >= counter.since_s:
                counter.counts[counter.slot] += amount
                counter.total += amount
            else:
                counter.add(now_s, amount)
        return Taken(windows, amounts, now_s)

    def total(self, key: str) -> int:
        """What a window held when it was last claimed of; nothing of one that is not open."""
        counter = self._counters.get(key)
        return 0 if counter is None else counter.total

    def held(self, now_s: float) -> Iterator[tuple[str, int, float, int]]:
        """What lies in each sub-bucket of what was claimed window by window: key, seconds of the window, when
        the sub-bucket began, amount."""
        for counter in self._counters.values():
            self._come_to(counter, now_s)
            for bucket in range(counter.newest - SUB_BUCKETS, counter.newest + 1):
                if amount := counter.counts[bucket % _SLOTS]:
                    yield counter.key, counter.width_s * SUB_BUCKETS, float(bucket * counter.width_s), amount

    def settle(self, taken: Taken, amounts: Sequence[int], now_s: float) -> None:
        """Put what was really used in the place of what was claimed, in the sub-bucket of the claim.

        Less is handed back at once; more counts, even beyond the limit. An amount for each window; once.
        """
        for window, claimed, amount in zip(taken.windows, taken.amounts, amounts, strict=True):
            if amount == claimed:
                continue
            counter = self._counters.get(window.key)
            if counter is not None:
                self._come_to(counter, now_s)
                counter.add(taken.at_s, amount - claimed)

    def take(self, bundle: Bundle, amount: int, now_s: float) -> bool:
        """Take an amount of all windows of a bundle, or of none: where one has not enough."""
        if not bundle.since_s <= now_s < bundle.until_s:
            self._look_into(bundle, now_s)
        if amount > bundle.free:
            return False
        bundle.free -= amount
        bundle.counted += amount
        return True

    def change(self, bundle: Bundle, more: int, at_s: float, now_s: float) -> None:
        """Count more than was taken of a bundle at a moment, even beyond the limits; or less, negative."""
        if bundle.since_s <= at_s < bundle.until_s:
            bundle.free -= more
            bundle.counted += more
        elif more:
            for window in bundle.windows:
                counter = self._counters.get(window.key)
                if counter is not None:
                    self._come_to(counter, now_s)
                    counter.add(at_s, more)

    def left(self, bundle: Bundle, now_s: float) -> Left | None:
        """What is free of a bundle's window of which least is; None: there are none."""
        if not bundle.since_s <= now_s < bundle.until_s:
            self._look_into(bundle, now_s)
        fullest, free = bundle.fullest, bundle.free
        if fullest is None:
            return None
        until_s = bundle.refilled_s if bundle.counted else bundle.emptied_s
        return Left(fullest.limit, free if free > 0 else 0, until_s - now_s if until_s > now_s else 0.0)

    def _look_into(self, bundle: Bundle, now_s: float) -> None:
        """Have a bundle's figures hold from now until the next of its sub-buckets."""
        self._count(bundle)
        if now_s - self._looked_at_s >= 1.0:
            self._look(now_s)
        fullest: Window | None = None
        fewest, until_s = 0, math.inf
        counters: list[_Counter] = []
        for window in bundle.windows:
            counter = self._counters.get(window.key) or self._opened(window, now_s)
            self._come_to(counter, now_s)
            counters.append(counter)
            until_s = min(until_s, float((now_s // counter.width_s + 1) * counter.width_s))
            free = window.limit - counter.total
            if fullest is None or free < fewest:
                fullest, fewest = window, free
                bundle.emptied_s = counter.emptied_s
                bundle.refilled_s = float((counter.newest + _SLOTS) * counter.width_s)
        for counter in counters:
            counter.bundle = bundle
        bundle.since_s, bundle.until_s = now_s, until_s
        bundle.fullest, bundle.free = fullest, fewest

    def _come_to(self, counter: _Counter, now_s: float) -> None:
        """Have a counter hold all that was claimed, and nothing that lies more than a window back."""
        if counter.bundle is not None:
            self._count(counter.bundle)
        if now_s >= counter.until_s:
            counter.move_to(now_s)

    def _count(self, bundle: Bundle) -> None:
        """Count what was claimed of a bundle in each of its windows; its figures hold no longer."""
        for window in bundle.windows:
            counter = self._counters.get(window.key)
            if counter is not None and counter.bundle is bundle:  # else it was idle, and left
                counter.bundle = None
                counter.add(bundle.since_s, bundle.counted)
        bundle.counted = 0
        bundle.since_s, bundle.until_s = math.inf, -math.inf

    def _opened(self, window: Window, now_s: float) -> _Counter:
        counter = self._counters[window.key] = _Counter(window, now_s)
        self._round.append(counter)
        return counter

    def _longest(self, windows: Sequence[Window], amounts: Sequence[int], now_s: float) -> Against:
        """The window that has to be waited for longest; one of them does not fit."""
        worst, wanted, until_s = windows[0], amounts[0], -math.inf
        for window, amount in zip(windows, amounts, strict=True):
            if amount > window.limit:
                return Against(window, amount, None)
            counter = self._counters.get(window.key)
            if counter is None:
                continue
            self._come_to(counter, now_s)
            excess = counter.total + amount - window.limit
            free_s = counter.free_s(excess) if excess > 0 else -math.inf
            if free_s > until_s:
                worst, wanted, until_s = window, amount, free_s
        return Against(worst, wanted, _until(until_s, now_s))

    def _look(self, now_s: float) -> None:
        """Let idle counters leave: every one is looked at once a minute, a few each second."""
        elapsed_s = min(now_s - self._looked_at_s, _ROUND_S)
        self._looked_at_s = now_s
        waiting = self._round
        looks = max(_LOOKS_AT_LEAST, math.ceil(len(waiting) * elapsed_s / _ROUND_S))
        for _ in range(min(looks, len(waiting))):
            counter = waiting.popleft()
            if int(now_s // counter.width_s) - counter.newest > SUB_BUCKETS:
                del self._counters[counter.key]
            else:
                waiting.append(counter)


def _until(at_s: float, now_s: float) -> float:
    """Seconds from now until then; never a rounding too short."""
    wait_s = at_s - now_s
    while now_s + wait_s < at_s:
        wait_s = math.nextafter(wait_s, math.inf)
    return wait_s
