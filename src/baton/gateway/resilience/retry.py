"""Whether, and after what pause, the same route is asked again (decision 6)."""

import random

from msgspec import Struct

from baton.core.clock import Clock
from baton.core.failures import Again, Failure, Kind
from baton.gateway.resilience.deadline import Deadline

_BASE_S = 1.0
_FACTOR = 2.0
_CAP_S = 30.0
_JITTER = 0.3
_QUICK_LEAST_S = 0.05
_QUICK_MOST_S = 0.25

SHORT_S = 2.0
"""A stated wait that is obeyed on the same route although somebody else could be asked."""

MAX_STATED_S = 60.0
"""The longest wait a provider may ask of a caller who named no deadline."""


class RetryPolicy(Struct, frozen=True):
    """How often and how patiently a failed call is made again."""

    retries: int = 2
    base_s: float = _BASE_S
    """The first wait; each further one is twice as long."""
    cap_s: float = _CAP_S

    def soon_s(self, failure: Failure, made: int, rng: random.Random) -> float | None:
        """Seconds to wait before the same route is asked once more, whoever else could be; None: it is not.

        `made`: attempts made on it so far, at least 1.
        """
        if made > self.retries:
            return None
        rule, stated_s = failure.rule, failure.retry_after_s
        if stated_s is not None:
            return stated_s if rule.again is not Again.NEVER and stated_s <= SHORT_S else None
        if made == 1 and rule.again is Again.QUICK:
            return 0.0 if failure.kind is Kind.CONNECT else rng.uniform(_QUICK_LEAST_S, _QUICK_MOST_S)
        return None

    def pause_s(
        self, failure: Failure, made: int, deadline: Deadline, clock: Clock, rng: random.Random
    ) -> float | None:
        """Seconds to wait before the next attempt on the last route that is left, where it is not asked again
        soon; None: there is none.

        `made` as above. A wait that would outlast the deadline is not begun.
        """
        if made > self.retries or failure.rule.again is Again.NEVER:
            return None
        wait_s = failure.retry_after_s
        if wait_s is None:
            steps = made - 2 if failure.rule.again is Again.QUICK else made - 1
            wait_s = min(self.cap_s, self.base_s * _FACTOR ** max(0, steps))
            wait_s *= 1 + rng.uniform(0, _JITTER)
        elif deadline.at_s is None and wait_s > MAX_STATED_S:
            return None
        return wait_s if deadline.allows(wait_s, clock) else None
