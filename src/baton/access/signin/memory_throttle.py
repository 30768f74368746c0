"""The failures of one process, in its memory."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from baton.access.signin.throttle import RULES, Counter, Held
from baton.core.clock import Clock

_MOST = 20_000
"""Counters, some 10 MB; then those go that failed longest ago."""


@dataclass(slots=True)
class _Failures:
    counter: Counter
    count: int
    last_at_s: float

    def until_s(self) -> float:
        return self.last_at_s + RULES[self.counter.scope].wait_s(self.count)

    def over(self, now_s: float, since_s: float) -> bool:
        return self.last_at_s < since_s or now_s - self.last_at_s >= RULES[self.counter.scope].quiet_s


class MemoryThrottle:
    """Each step is one turn without an `await`, so nothing comes in between."""

    def __init__(self, clock: Clock, most: int = _MOST) -> None:
        """`most`: counters at once."""
        self._clock = clock
        self._most = most
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        """By the time of the last failure."""

    async def begin(self, counters: Sequence[Counter]) -> float:
        """See `Throttle`."""
        now_s = self._clock.wall()
        counted = [(counter, self._of(counter, now_s)) for counter in counters]
        wait_s = max((each.until_s() - now_s for _, each in counted if each is not None), default=0.0)
        if wait_s > 0:
            return wait_s
        for counter, failures in counted:
            count = 1 if failures is None else failures.count + 1
            self._failures[counter.id] = _Failures(counter, count, now_s)
            self._failures.move_to_end(counter.id)
        while len(self._failures) > self._most:
            self._failures.popitem(last=False)
        return 0.0

    async def succeed(self, counters: Sequence[Counter]) -> None:
        """See `Throttle`."""
        for counter in counters:
            failures = self._failures.get(counter.id)
            if failures is None:
                continue
            failures.count -= 1
            if failures.count <= 0 or not RULES[counter.scope].shared:
                del self._failures[counter.id]

    async def held(self) -> tuple[Held, ...]:
        """See `Throttle`."""
        now_s = self._clock.wall()
        waiting = [each for each in self._failures.values() if each.until_s() > now_s]
        return tuple(_held(each) for each in sorted(waiting, key=_Failures.until_s, reverse=True))

    async def lift(self, counter_id: str) -> bool:
        """See `Throttle`."""
        return self._failures.pop(counter_id, None) is not None

    def _of(self, counter: Counter, now_s: float) -> _Failures | None:
        """What is counted; forgotten where it is over."""
        failures = self._failures.get(counter.id)
        if failures is not None and failures.over(now_s, counter.since_s):
            del self._failures[counter.id]
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
