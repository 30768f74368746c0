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

MAX_STATED_S = 60.0
"""The longest wait a provider may ask of a caller who named no deadline."""


class RetryPolicy(Struct, frozen=True):
    """How often and how patiently a failed call is made again."""

    retries: int = 2

    def pause_s(
        self, failure: Failure, made: int, deadline: Deadline, clock: Clock, rng: random.Random
    ) -> float | None:
        """Seconds to wait before the next attempt on the same route; None: there is none.

        `made`: attempts made so far, at least 1. A wait that would outlast the deadline is not begun.
        """
        if made > self.retries or failure.rule.again is Again.NEVER:
            return None
        wait_s = self._wait_s(failure, made, deadline, rng)
        return wait_s if wait_s is not None and deadline.allows(wait_s, clock) else None

    def _wait_s(self, failure: Failure, made: int, deadline: Deadline, rng: random.Random) -> float | None:
        stated_s = failure.retry_after_s
        if stated_s is not None:
            return stated_s if deadline.at_s is not None or stated_s <= MAX_STATED_S else None
        if made == 1 and failure.rule.again is Again.QUICK:
            return 0.0 if failure.kind is Kind.CONNECT else rng.uniform(_QUICK_LEAST_S, _QUICK_MOST_S)
        steps = made - 2 if failure.rule.again is Again.QUICK else made - 1
        wait_s = min(_CAP_S, _BASE_S * _FACTOR**steps)
        return wait_s * (1 + rng.uniform(0, _JITTER))
