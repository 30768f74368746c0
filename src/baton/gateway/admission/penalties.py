"""Who goes on against a limit is kept waiting longer each time; the memory twin."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from baton.gateway.admission.windows import MINUTE_S, Taken, Window, Windows

STEPS_S = (60.0, 300.0, 1800.0)
"""How long each penalty lasts; further ones last as long as the last."""

QUIET_S = 3600.0
"""After so long without a refusal and without a penalty everything is forgotten."""

_MOST_SUBJECTS = 10_000
"""Keys and users of whom anything is remembered, at some 300 bytes each."""


class Scope(StrEnum):
    """Whose requests are refused."""

    KEY = "key"
    USER = "user"
    """Of all the keys of whom."""


_TOLERATED = {Scope.KEY: 10, Scope.USER: 30}
"""Refusals in any minute without a penalty. SDKs that obey `retry-after` never come near. A key's come first,
so that a user's other keys are spared as long as these behave."""


_EVER = 1_000_000
"""More refusals than anybody's minute has."""


class Subject(Struct, frozen=True):
    """Who is penalised."""

    scope: Scope
    id: str


class Penalty(Struct, frozen=True, kw_only=True):
    """One that somebody has earned. Times in seconds on the monotonic clock."""

    subject: Subject
    step: int
    """Which one it is in a row, from 1."""
    until_s: float
    refusals: int
    """For how many refusals since the last quiet hour."""


class Conduct(Struct, frozen=True, array_like=True):
    """What is remembered of somebody, so that another process remembers the same."""

    subject: Subject
    refusals: int
    step: int
    until_s: float
    last_s: float


class Remembered(Struct, frozen=True):
    """Of everybody; refusals of the last minute: whose, seconds of the window, when, how many."""

    conducts: Sequence[Conduct] = ()
    recent: Sequence[tuple[str, int, float, int]] = ()


class PenaltyListener(Protocol):
    """Learns of penalties."""

    def penalised(self, penalty: Penalty) -> None:
        """Somebody has earned one; called on a request's path: takes note in microseconds, never raises."""
        ...

    def lifted(self, subject: Subject) -> None:
        """An admin has taken it back."""
        ...


class _Conduct:
    """What is remembered of one subject."""

    __slots__ = ("last_s", "refusals", "step", "until_s")

    def __init__(self) -> None:
        self.refusals = 0
        self.step = 0
        self.until_s = 0.0
        self.last_s = 0.0


class Penalties:
    """Those of one process."""

    def __init__(self) -> None:
        self._conducts: dict[Subject, _Conduct] = {}
        self._running: dict[Subject, float] = {}
        """Until when; some may be over."""
        self._recent = Windows()
        self._listeners: list[PenaltyListener] = []
        self.ours = True
        """Whether what happens next is this process's doing: else it is told by another."""

    def __len__(self) -> int:
        """Of how many keys and users anything is remembered."""
        return len(self._conducts)

    def listen(self, listener: PenaltyListener) -> None:
        """Have it told of every penalty."""
        self._listeners.append(listener)

    def wait_s(self, key_id: str, user_id: str, now_s: float) -> float:
        """How long a caller has to wait yet; 0: nothing is against it."""
        if not self._running:
            return 0.0
        return max(
            self._left_s(Subject(Scope.KEY, key_id), now_s),
            self._left_s(Subject(Scope.USER, user_id), now_s),
        )

    def refused(self, key_id: str, user_id: str, now_s: float) -> None:
        """A limit of the caller's has refused a request. What a penalty refuses is not told here: its wait
        would never end."""
        for subject in (Subject(Scope.KEY, key_id), Subject(Scope.USER, user_id)):
            self._note(subject, now_s)

    def running(self, now_s: float) -> list[Penalty]:
        """Those that last, the longest first."""
        found = [self._penalty(subject) for subject, until_s in self._running.items() if until_s > now_s]
        return sorted(found, key=lambda penalty: -penalty.until_s)

    def lift(self, subject: Subject, now_s: float) -> bool:
        """End a penalty and forget what it was for; False: there is none."""
        if self._left_s(subject, now_s) == 0.0:
            return False
        del self._running[subject]
        self._conducts.pop(subject, None)
        if self.ours:
            for listener in self._listeners:
                listener.lifted(subject)
        return True

    def remembered(self, now_s: float) -> Remembered:
        """All of it, as `remember` takes it."""
        conducts = [
            Conduct(subject, each.refusals, each.step, each.until_s, each.last_s)
            for subject, each in self._conducts.items()
        ]
        return Remembered(conducts, list(self._recent.held(now_s)))

    def remember(self, remembered: Remembered) -> None:
        """This, and nothing else."""
        self._recent = Windows()
        for key, window_s, at_s, refusals in remembered.recent:
            self._recent.claim((Window(key, _EVER, window_s),), (refusals,), at_s)
        self._conducts.clear()
        self._running.clear()
        for conduct in remembered.conducts:
            self._take(conduct)

    def adopt(self, conduct: Conduct) -> None:
        """Somebody has earned a penalty elsewhere, of which was told there."""
        known = self._conducts.get(conduct.subject)
        if known is None or known.until_s < conduct.until_s:
            self._take(conduct)

    def _take(self, conduct: Conduct) -> None:
        mine = self._conducts[conduct.subject] = _Conduct()
        mine.refusals, mine.step = conduct.refusals, conduct.step
        mine.until_s, mine.last_s = conduct.until_s, conduct.last_s
        if conduct.until_s:
            self._running[conduct.subject] = conduct.until_s

    def _left_s(self, subject: Subject, now_s: float) -> float:
        until_s = self._running.get(subject)
        return 0.0 if until_s is None or until_s <= now_s else until_s - now_s

    def _note(self, subject: Subject, now_s: float) -> None:
        conduct = self._conducts.get(subject)
        if conduct is None or now_s - max(conduct.last_s, conduct.until_s) >= QUIET_S:
            if conduct is None and len(self._conducts) >= _MOST_SUBJECTS:
                self._forget(now_s)
            conduct = self._conducts[subject] = _Conduct()
        conduct.refusals += 1
        conduct.last_s = now_s
        window = Window(f"{subject.scope.value}/{subject.id}", _TOLERATED[subject.scope], MINUTE_S)
        if isinstance(self._recent.claim((window,), (1,), now_s), Taken):
            return
        conduct.until_s = now_s + STEPS_S[min(conduct.step, len(STEPS_S) - 1)]
        conduct.step += 1
        for each in [each for each, until_s in self._running.items() if until_s <= now_s]:
            del self._running[each]
        self._running[subject] = conduct.until_s
        if self.ours:
            for listener in self._listeners:
                listener.penalised(self._penalty(subject))

    def _penalty(self, subject: Subject) -> Penalty:
        conduct = self._conducts[subject]
        return Penalty(subject=subject, step=conduct.step, until_s=conduct.until_s, refusals=conduct.refusals)

    def _forget(self, now_s: float) -> None:
        """Let go of those that were quiet; of the oldest where nobody was."""
        quiet = [
            subject
            for subject, conduct in self._conducts.items()
            if now_s - max(conduct.last_s, conduct.until_s) >= QUIET_S
        ]
        oldest = [subject for subject, conduct in self._conducts.items() if conduct.until_s <= now_s]
        for subject in quiet or oldest[: _MOST_SUBJECTS // 10]:
            del self._conducts[subject]
            self._running.pop(subject, None)
