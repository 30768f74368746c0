"""How often an earlier answer would have been wrong, by use case, and when that is too often."""

from collections import defaultdict, deque
from math import sqrt

from msgspec import Struct

MOST_WRONG = 0.05
"""The share of wrong answers beyond which a use case is given none."""

LEAST_CHECKS = 5
_REMEMBERED = 200
_Z = 1.959964
"""Of 95 %, both sides."""

_MOST_USE_CASES = 1000

NOBODYS = "user:"
"""Before the id of a user whose requests name no use case."""


class Share(Struct, frozen=True):
    """Of answers that were compared with what the model said anew, those that were wrong."""

    checked: int
    wrong: int
    low: float
    """Wilson's interval of the share, 95 % (E. B. Wilson, Probable inference, JASA 1927)."""
    high: float

    @property
    def too_often(self) -> bool:
        """Whether it is all but certain that more than may be are wrong."""
        return self.checked >= LEAST_CHECKS and self.low > MOST_WRONG


def share_of(wrong: int, checked: int) -> Share:
    """The share with its interval; of nothing all is possible."""
    if not checked:
        return Share(0, 0, 0.0, 1.0)
    share, square = wrong / checked, _Z * _Z
    middle = (share + square / (2 * checked)) / (1 + square / checked)
    half = (
        _Z * sqrt(share * (1 - share) / checked + square / (4 * checked * checked)) / (1 + square / checked)
    )
    return Share(checked, wrong, max(0.0, middle - half), min(1.0, middle + half))


class Trust:
    """The last checks of each use case, in this process; requests that name none count for their users."""

    def __init__(self) -> None:
        self._checks: defaultdict[str, deque[bool]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._doubted: set[str] = set()

    def note(self, use_case: str, *, wrong: bool) -> Share:
        """One more was compared."""
        if use_case not in self._checks and len(self._checks) >= _MOST_USE_CASES:
            del self._checks[next(iter(self._checks))]
        self._checks[use_case].append(wrong)
        return self.of(use_case)

    def of(self, use_case: str) -> Share:
        """What is known of a use case."""
        checks = self._checks.get(use_case, ())
        return share_of(sum(checks), len(checks))

    def doubt(self, use_case: str) -> None:
        """It is given nothing any more, where no rule says what it is given."""
        if len(self._doubted) < _MOST_USE_CASES:
            self._doubted.add(use_case)

    def doubts(self, use_case: str) -> bool:
        """Whether it is."""
        return use_case in self._doubted

    def restart(self, use_case: str) -> None:
        """It is believed again: what was before does not count."""
        self._checks.pop(use_case, None)
        self._doubted.discard(use_case)

    @property
    def use_cases(self) -> list[str]:
        """Those of which anything is known."""
        return sorted(self._checks)
