"""Time, handed in, so that tests need no sleep."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def wall(self) -> float:
        """Seconds since the Unix epoch; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow; for durations and deadlines."""
        ...


class SystemClock:
    """The machine's own clock."""

    wall = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
