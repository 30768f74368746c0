"""A provider's keys, and what is known against each of them (decision 6)."""

from msgspec import Struct

from baton.core.failures import Failure, Kind

_MARK_S = {Kind.CREDENTIAL: 60.0, Kind.EXHAUSTED: 600.0}
"""How long a refused key is passed over before it is tried again."""

_COOLDOWN_S = 5.0
"""After a 429 that states no wait."""

_MOST_COOLING = 256
"""Models that are remembered to cool down; callers may name any."""


class Mark(Struct, frozen=True):
    """Why a key is passed over, and until when (monotonic)."""

    failure: Failure
    until_s: float


class Credential:
    """One key of a provider. Its text appears nowhere but in the header it is sent in."""

    __slots__ = ("_cooling", "_mark", "key", "last4")

    def __init__(self, key: str) -> None:
        self.key = key
        self.last4 = key[-4:] if len(key) >= 12 else ""
        """What may be shown of it; nothing of a key too short to hide the rest."""
        self._mark: Mark | None = None
        """It is invalid, or its credit is spent: for all models."""
        self._cooling: dict[str, Mark] = {}
        """Models that it must not be used for yet: providers limit each by itself."""

    def __repr__(self) -> str:
        return f"Credential(…{self.last4})"

    def failed(self, failure: Failure, model: str, now_s: float) -> bool:
        """Note a failure; returns whether it is the key's and another key may do better."""
        if failure.kind is Kind.RATE_LIMIT:
            wait_s = _COOLDOWN_S if failure.retry_after_s is None else failure.retry_after_s
            if len(self._cooling) >= _MOST_COOLING:
                self._cooling = {name: mark for name, mark in self._cooling.items() if mark.until_s > now_s}
            if len(self._cooling) < _MOST_COOLING:
                self._cooling[model] = Mark(failure, now_s + wait_s)
            return True
        if failure.kind in _MARK_S:
            self._mark = Mark(failure, now_s + _MARK_S[failure.kind])
            return True
        return False

    def succeeded(self, model: str) -> None:
        """A success clears every mark that it disproves."""
        self._mark = None
        if self._cooling:
            self._cooling.pop(model, None)

    def clear(self) -> None:
        """Nothing speaks against it any more."""
        self._mark = None
        self._cooling.clear()

    def against(self, model: str, now_s: float) -> Mark | None:
        """What speaks against asking for a model with it now."""
        if self._mark is None and not self._cooling:  # as nearly always
            return None
        return self.mark(now_s) or self._unlapsed(self._cooling.get(model), now_s)

    def mark(self, now_s: float) -> Mark | None:
        """What speaks against it whatever it is used for."""
        return self._unlapsed(self._mark, now_s)

    def cooling(self, now_s: float) -> Mark | None:
        """The longest pause among its models."""
        marks = [mark for mark in self._cooling.values() if mark.until_s > now_s]
        return max(marks, key=lambda mark: mark.until_s, default=None)

    @staticmethod
    def _unlapsed(mark: Mark | None, now_s: float) -> Mark | None:
        return mark if mark is not None and now_s < mark.until_s else None
