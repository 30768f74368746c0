"""The retry budget: an outage must not be answered with a storm of further calls (spec 5)."""

from collections import deque

from baton.core.clock import Clock

WINDOW_S = 60
SHARE = 0.2
"""Further calls per call, at most …"""

ALWAYS = 10
"""… but so many in a minute in any case: a quiet provider's one failure may be tried again (decision 6)."""


class _Minute:
    """Calls of one provider in the last minute, by the second."""

    __slots__ = ("calls", "extra", "seconds")

    def __init__(self) -> None:
        self.calls = 0
        self.extra = 0
        self.seconds: deque[list[int]] = deque()
        """Second, calls, further calls."""

    def now(self, second: int) -> list[int]:
        """The count of this second."""
        seconds = self.seconds
        if seconds and seconds[-1][0] >= second:
            return seconds[-1]
        while seconds and seconds[0][0] <= second - WINDOW_S:
            _, calls, extra = seconds.popleft()
            self.calls -= calls
            self.extra -= extra
        seconds.append([second, 0, 0])
        return seconds[-1]


class RetryBudget:
    """How many calls are further ones: to a provider that the same request has asked before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minutes: dict[str, _Minute] = {}

    def called(self, provider: str) -> None:
        """A provider is asked for the first time."""
        minute = self._minutes.get(provider)
        if minute is None:
            minute = self._minutes[provider] = _Minute()
        minute.now(int(self._clock.monotonic()))[1] += 1
        minute.calls += 1

    def take(self, provider: str) -> bool:
        """Whether a provider may be asked once more, which then counts."""
        minute = self._minutes.get(provider)
        if minute is None:
            minute = self._minutes[provider] = _Minute()
        second = minute.now(int(self._clock.monotonic()))
        if minute.extra >= ALWAYS and minute.extra >= SHARE * minute.calls:
            return False
        second[2] += 1
        minute.extra += 1
        return True
