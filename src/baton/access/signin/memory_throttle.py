"""The failures of one process, in its memory."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from baton.access.signin.throttle import RULES, Counter, Held, Scope
from baton.core.clock import Clock

_MOST = 20_000
"""Counters, some 10 MB; then some go that nobody waits for, and nobody's before somebody's."""

_LOOKS = 32
"""At so many counters that must stay is looked before one more than the most is kept for now."""


@dataclass(slots=True)
class _Failures:
    counter: Counter
    count: int
    last_at_s: float

    def until_s(self) -> float:
        return self.last_at_s + RULES[self.counter.scope].wait_s(self.count)

    def is_somebodys(self) -> bool:
        """Whether it says something of an account that there is."""
        return self.counter.user_id is not None

    def must_stay(self, now_s: float) -> bool:
        """Whether whoever could have it forgotten would go on guessing sooner."""
        counts = self.counter.scope is Scope.FACTORS and not self.over(now_s, self.counter.since_s)
        return counts or self.until_s() > now_s

    def over(self, now_s: float, since_s: float) -> bool:
        return self.last_at_s < since_s or now_s - self.last_at_s >= RULES[self.counter.scope].quiet_s


class MemoryThrottle:
    """Each step is one turn without an `await`, so nothing comes in between."""

    def __init__(self, clock: Clock, most: int = _MOST) -> None:
        """`most`: counters at once, but for those that must stay."""
        self._clock = clock
        self._most = most
        self._failures: dict[str, _Failures] = {}
        self._strangers: OrderedDict[str, None] = OrderedDict()
        """Those of networks and of names that nobody has: whoever fails makes as many as they like."""
        self._known: OrderedDict[str, None] = OrderedDict()
        """The others; both by the last failure, or since when one was last found that must stay."""

    async def begin(self, counters: Sequence[Counter]) -> float:
        """See `Throttle`."""
        return self.begun(counters)

    async def succeed(self, counters: Sequence[Counter]) -> None:
        """See `Throttle`."""
        self.succeeded(counters)

    async def held(self) -> tuple[Held, ...]:
        """See `Throttle`."""
        now_s = self._clock.wall()
        waiting = [each for each in self._failures.values() if each.until_s() > now_s]
        return tuple(_held(each) for each in sorted(waiting, key=_Failures.until_s, reverse=True))

    async def lift(self, counter_id: str) -> bool:
        """See `Throttle`."""
        return self.lifted(counter_id)

    def begun(self, counters: Sequence[Counter]) -> float:
        """As `begin`."""
        now_s = self._clock.wall()
        counted = [(counter, self._of(counter, now_s)) for counter in counters]
        wait_s = max((each.until_s() - now_s for _, each in counted if each is not None), default=0.0)
        if wait_s > 0:
            return wait_s
        for counter, failures in counted:
            count = 1 if failures is None else failures.count + 1
            self._put(_Failures(counter, count, now_s))
        while len(self._failures) > self._most:
            if not (self._spare(self._strangers, now_s) or self._spare(self._known, now_s)):
                break
        return 0.0

    def succeeded(self, counters: Sequence[Counter]) -> None:
        """As `succeed`."""
        for counter in counters:
            failures = self._failures.get(counter.id)
            if failures is None:
                continue
            failures.count -= 1
            if failures.count <= 0 or not RULES[counter.scope].shared:
                self._forget(counter.id)

    def lifted(self, counter_id: str) -> bool:
        """As `lift`."""
        return self._forget(counter_id)

    def export(self) -> list[tuple[Counter, int, float]]:
        """All that is counted and not over, and when last, as `restore` takes it."""
        now_s = self._clock.wall()
        ordered = map(self._failures.__getitem__, (*self._strangers, *self._known))
        return [
            (each.counter, each.count, each.last_at_s)
            for each in ordered
            if not each.over(now_s, each.counter.since_s)
        ]

    def adopt(self, counter: Counter, count: int, last_at_s: float) -> None:
        """So many have failed elsewhere."""
        known = self._failures.get(counter.id)
        if known is None or (known.count, known.last_at_s) < (count, last_at_s):
            self._put(_Failures(counter, count, last_at_s))

    def restore(self, counted: Sequence[tuple[Counter, int, float]]) -> None:
        """Count this, and nothing else."""
        for order in (self._failures, self._strangers, self._known):
            order.clear()
        for each in counted:
            self._put(_Failures(*each))

    def _put(self, failures: _Failures) -> None:
        counter_id = failures.counter.id
        self._failures[counter_id] = failures
        order = self._known if failures.is_somebodys() else self._strangers
        order[counter_id] = None
        order.move_to_end(counter_id)

    def _forget(self, counter_id: str) -> bool:
        """Whether there was such a counter."""
        self._strangers.pop(counter_id, None)
        self._known.pop(counter_id, None)
        return self._failures.pop(counter_id, None) is not None

    def _spare(self, order: OrderedDict[str, None], now_s: float) -> bool:
        """Forget the one that failed longest ago of those that may go; whether there was one near."""
        for counter_id in list(islice(order, _LOOKS)):
            if not self._failures[counter_id].must_stay(now_s):
                return self._forget(counter_id)
            order.move_to_end(counter_id)
        return False

    def _of(self, counter: Counter, now_s: float) -> _Failures | None:
        """What is counted; forgotten where it is over."""
        failures = self._failures.get(counter.id)
        if failures is not None and failures.over(now_s, counter.since_s):
            self._forget(counter.id)
            return None
        return failures


def _held(failures: _Failures) -> Held:
    counter = failures.counter
    return Held(
        id=counter.id,
        scope=counter.scope,
        user_id=counter.user_id,
        network=counter.network,
        failures=failures.count,
        last_at_s=failures.last_at_s,
        until_s=failures.until_s(),
    )
