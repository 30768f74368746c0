"""How the calls of the last while went, and what their failures speak against."""

from collections.abc import Mapping

from msgspec import Struct

_MOST_SUSPECTS = 64
"""How many are told apart; callers can name any number of models."""

_SOMEBODY = ""
"""Stands for all further ones; no model has that name."""


class Failures:
    """Failures, each speaking against one suspect, or (None) against the whole that all of them belong to."""

    __slots__ = ("_by", "count")

    def __init__(self) -> None:
        self._by: dict[str | None, int] = {}
        self.count = 0

    def add(self, suspect: str | None, count: int = 1) -> None:
        """So many more."""
        by = self._by
        if suspect not in by and len(by) >= _MOST_SUSPECTS:
            suspect = _SOMEBODY
        by[suspect] = by.get(suspect, 0) + count
        self.count += count

    def subtract(self, others: "Failures") -> None:
        """Forget others that were added to these."""
        for suspect, count in others._by.items():
            left = self._by.get(suspect, 0) - count
            if left > 0:
                self._by[suspect] = left
            else:
                self._by.pop(suspect, None)
        self.count -= others.count

    def clear(self) -> None:
        """Forget all."""
        if self.count:
            self._by.clear()
            self.count = 0

    @property
    def by_suspect(self) -> Mapping[str | None, int]:
        """How many speak against whom."""
        return self._by

    @property
    def weight(self) -> int:
        """How many speak against the whole: one suspect's weigh at most one more than those of all others.

        So that a single suspect never speaks against the whole, and two that fail in turn do.
        """
        against_all = self._by.get(None, 0)
        if against_all == self.count:
            return against_all
        named = self.count - against_all
        most = max(count for suspect, count in self._by.items() if suspect is not None)
        return against_all + min(named, 2 * (named - most) + 1)


class KeptRecent(Struct, frozen=True, array_like=True):
    """All that is recent, so that another process has the same."""

    seconds: list[tuple[int, int, list[tuple[str | None, int]]]]
    """Which, how many calls, and the failures of them by suspect."""
    failed: list[tuple[str | None, int]]
    """All failures by suspect: some of the seconds' suspects may be told apart here no more."""


class _Second:
    """What happened in one second."""

    __slots__ = ("calls", "failures", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls = 0
        self.failures: Failures | None = None


class Recent:
    """Calls of the last so many seconds, whole seconds of the clock; one entry for each that had any."""

    __slots__ = ("_latest", "_seconds", "_window_s", "calls", "failures")

    def __init__(self, window_s: int) -> None:
        self._window_s = window_s
        self._seconds: list[_Second] = []
        self._latest = _Second(-1)
        """The last of them."""
        self.calls = 0
        self.failures = Failures()

    def add_success(self, now_s: float, count: int = 1) -> None:
        """One that went well, or some."""
        second = self._latest
        if second.number != int(now_s):
            second = self._at(now_s)
        second.calls += count
        self.calls += count

    def add_failure(self, now_s: float, suspect: str | None) -> None:
        """One that failed."""
        second = self._at(now_s)
        second.calls += 1
        if second.failures is None:
            second.failures = Failures()
        second.failures.add(suspect)
        self.calls += 1
        self.failures.add(suspect)

    def forget(self, now_s: float) -> None:
        """Leave out what is no longer recent."""
        oldest = int(now_s) - self._window_s
        while self._seconds and self._seconds[0].number <= oldest:
            gone = self._seconds.pop(0)
            self.calls -= gone.calls
            if gone.failures is not None:
                self.failures.subtract(gone.failures)

    def within(self, now_s: float) -> tuple[int, int]:
        """Calls that are recent yet, and how many of them failed."""
        oldest = int(now_s) - self._window_s
        calls, failed = self.calls, self.failures.count
        for second in self._seconds:
            if second.number > oldest:
                break
            calls -= second.calls
            failed -= 0 if second.failures is None else second.failures.count
        return calls, failed

    def clear(self) -> None:
        """Forget all."""
        self._seconds.clear()
        self._latest = _Second(-1)
        self.calls = 0
        self.failures.clear()

    def export(self) -> KeptRecent:
        """All of it."""
        seconds = [
            (each.number, each.calls, [] if each.failures is None else list(each.failures.by_suspect.items()))
            for each in self._seconds
        ]
        return KeptRecent(seconds, list(self.failures.by_suspect.items()))

    def restore(self, kept: KeptRecent) -> None:
        """Be as the one that exported this."""
        self.clear()
        for number, calls, failed in kept.seconds:
            second = self._latest = _Second(number)
            second.calls = calls
            self.calls += calls
            if failed:
                second.failures = Failures()
                for suspect, count in failed:
                    second.failures.add(suspect, count)
            self._seconds.append(second)
        for suspect, count in kept.failed:
            self.failures.add(suspect, count)

    def _at(self, now_s: float) -> _Second:
        number = int(now_s)
        if self._latest.number == number:
            return self._latest
        self.forget(now_s)
        second = self._latest = _Second(number)
        self._seconds.append(second)
        return second
