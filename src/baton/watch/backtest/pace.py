"""Work in a thread that leaves the interpreter to those who serve."""

import time
from collections.abc import Callable

_WORK_S = 0.004
_REST_S = 0.0005
"""A thread that only computes keeps the interpreter for 5 ms at a time: after so much work it rests."""


class Pace:
    """Asked between two small pieces of work; rests where it is time to."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._rested_s = monotonic()
        self.stopped = False
        """Set by somebody else: nobody waits for the work any more."""

    def rest(self) -> None:
        """Leave the interpreter to others now and then.

        Raises:
            Abandoned: nobody waits for it any more.
        """
        if self.stopped:
            raise Abandoned
        if self._monotonic() - self._rested_s >= _WORK_S:
            self._sleep(_REST_S)
            self._rested_s = self._monotonic()


class Abandoned(Exception):
    """Ends work that nobody waits for."""
