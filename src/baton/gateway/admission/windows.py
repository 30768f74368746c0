"""Sliding windows: no stretch of time of a window's length ever holds more than its limit.

A window is counted in 60 equal sub-buckets; the oldest one that it still touches counts whole. So a burst up
to the limit passes at once, and the price of being exact is that what was taken frees itself up to one
sub-bucket late. A fixed window lets twice its limit through at its edge, and the generic cell rate algorithm
with a burst nearly as much.
"""

import math
from array import array
from collections import deque
from collections.abc import Sequence

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


class Claim(Struct, frozen=True):
    """So much of one window."""

    key: str
    """Whose window, of what and how long: one key always has one length."""
    limit: int
    """The most that any stretch of `window_s` may hold."""
    amount: int
    window_s: int
    """Whole minutes, so that the edges of sub-buckets are whole seconds, and exact."""


class Against(Struct, frozen=True):
    """What stands in the way of a list of claims."""

    claim: Claim
    """The one that has to be waited for longest."""
    wait_s: float | None
    """Until all of them fit, if nobody else takes; None: never, the amount is larger than the limit."""


class Taken(Struct, frozen=True):
    """Claims that were taken, and when."""

    claims: tuple[Claim, ...]
    at_s: float


class _Counter:
    """What one window holds."""

    __slots__ = ("counts", "key", "newest", "total", "width_s")

    def __init__(self, claim: Claim, bucket: int) -> None:
        self.key = claim.key
        self.width_s = claim.window_s // SUB_BUCKETS
        self.counts = _EMPTY[:]
        self.newest = bucket
        self.total = 0

    def move_to(self, bucket: int) -> None:
        """Forget what lies more than a window before `bucket`, which is newer than the newest."""
        counts = self.counts
        if bucket - self.newest > SUB_BUCKETS:
            self.counts = _EMPTY[:]
            self.total = 0
        elif self.total:
            for gone in range(self.newest + 1, bucket + 1):
                slot = gone % _SLOTS
                self.total -= counts[slot]
                counts[slot] = 0
        self.newest = bucket

    def add(self, bucket: int, amount: int) -> None:
        """Count in a bucket that the window still touches; what has left it counts no more."""
        if bucket > self.newest:
            self.move_to(bucket)
        elif self.newest - bucket > SUB_BUCKETS:
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

    def against(self, claims: Sequence[Claim], now_s: float) -> Against | None:
        """What stands in the way of taking all of the claims; None: nothing. Each key at most once."""
        counters = self._counters
        for claim in claims:
            counter = counters.get(claim.key)
            held = 0
            if counter is not None:
                bucket = int(now_s // counter.width_s)
                if bucket > counter.newest:
                    counter.move_to(bucket)
                held = counter.total
            if held + claim.amount > claim.limit:
                return self._longest(claims, now_s)
        return None

    def take(self, claims: Sequence[Claim], now_s: float) -> Taken:
        """Count all of the claims, fit or not: who wants to be sure asks `against` in the same turn.

        A moment that has passed is counted where it belongs.
        """
        if now_s - self._looked_at_s >= 1.0:
            self._look(now_s)
        counters = self._counters
        for claim in claims:
            counter = counters.get(claim.key)
            bucket = int(now_s // (claim.window_s // SUB_BUCKETS))
            if counter is None:
                counter = counters[claim.key] = _Counter(claim, bucket)
                self._round.append(counter)
            counter.add(bucket, claim.amount)
        return Taken(tuple(claims), now_s)

    def settle(self, taken: Taken, amounts: Sequence[int], now_s: float) -> None:
        """Put what was really used in the place of what was claimed, in the sub-bucket of the claim.

        Less is handed back at once; more counts, even beyond the limit. An amount for each claim; once.
        """
        for claim, amount in zip(taken.claims, amounts, strict=True):
            counter = self._counters.get(claim.key)
            if counter is not None and amount != claim.amount:
                bucket = int(now_s // counter.width_s)
                if bucket > counter.newest:
                    counter.move_to(bucket)
                counter.add(int(taken.at_s // counter.width_s), amount - claim.amount)

    def left(self, claim: Claim, now_s: float) -> tuple[int, float]:
        """How much of a claim's limit is free, and the seconds until all of it is."""
        counter = self._counters.get(claim.key)
        if counter is None:
            return claim.limit, 0.0
        bucket = int(now_s // counter.width_s)
        if bucket > counter.newest:
            counter.move_to(bucket)
        if not counter.total:
            return claim.limit, 0.0
        counts, last = counter.counts, counter.newest
        while not counts[last % _SLOTS]:
            last -= 1
        return max(0, claim.limit - counter.total), (last + _SLOTS) * counter.width_s - now_s

    def _longest(self, claims: Sequence[Claim], now_s: float) -> Against:
        """The claim that has to be waited for longest; one of them does not fit."""
        worst, until_s = claims[0], -math.inf
        for claim in claims:
            if claim.amount > claim.limit:
                return Against(claim, None)
            counter = self._counters.get(claim.key)
            if counter is None:
                continue
            counter.add(int(now_s // counter.width_s), 0)
            excess = counter.total + claim.amount - claim.limit
            free_s = counter.free_s(excess) if excess > 0 else -math.inf
            if free_s > until_s:
                worst, until_s = claim, free_s
        return Against(worst, _until(until_s, now_s))

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
