"""What a process has let pass itself: its part of limits while Redis is away, told again where it forgot."""

from collections.abc import Sequence
from typing import NamedTuple

from baton.core.clock import Clock
from baton.gateway.admission.windows import Against, Taken, Window, Windows

_UNBOUNDED = 1 << 62
_AGAIN_S = 1.0
"""What whoever wants more than a part of a limit is told to wait: Redis may be back by then."""


class Past(NamedTuple):
    """What was counted within one sub-bucket."""

    key: str
    window_s: int
    at_s: float
    """Of Redis's clock."""
    amount: int


class Tally:
    """Counts beside Redis. Nothing in here waits."""

    def __init__(self, clock: Clock) -> None:
        self._windows = Windows()
        self._clock = clock
        self._ahead_s = 0.0
        """What Redis's clock is before our monotonic one."""

    def passed(self, taken: Taken) -> None:
        """Redis has let this pass just now."""
        now_s = self._clock.monotonic()
        self._ahead_s = taken.at_s - now_s
        unbounded = [Window(each.key, _UNBOUNDED, each.window_s) for each in taken.windows]
        self._windows.claim(unbounded, taken.amounts, now_s)

    def used(self, taken: Taken, amounts: Sequence[int]) -> None:
        """What a claim has come to."""
        here = Taken(taken.windows, taken.amounts, taken.at_s - self._ahead_s)
        self._windows.settle(here, amounts, self._clock.monotonic())

    def claim(
        self, windows: Sequence[Window], amounts: Sequence[int], parts: int
    ) -> tuple[Taken, list[int]] | Against:
        """Take of this process's part of each limit, one of so many; and what of each limit is gone then, as
        far as that part tells."""
        now_s = self._clock.monotonic()
        shares = [Window(each.key, each.limit // parts, each.window_s) for each in windows]
        found = self._windows.claim(shares, amounts, now_s)
        if isinstance(found, Against):
            which = next(each for each in windows if each.key == found.window.key)
            return Against(which, found.amount, _AGAIN_S if found.wait_s is None else found.wait_s)
        totals = [
            window.limit - share.limit + self._windows.total(window.key)
            for window, share in zip(windows, shares, strict=True)
        ]
        return Taken(windows, amounts, now_s + self._ahead_s), totals

    def past(self) -> list[Past]:
        """All that still lies in a window."""
        return [
            Past(key, window_s, at_s + self._ahead_s, amount)
            for key, window_s, at_s, amount in self._windows.held(self._clock.monotonic())
        ]
