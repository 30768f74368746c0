"""Clocks that tests set."""

from dataclasses import dataclass


@dataclass
class SetClock:
    """A clock that stands still until it is set."""

    now: float = 1_700_000_000.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now
