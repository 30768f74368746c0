"""One breaker: who may be asked, from what came of the calls before. No I/O, and no clock of its own.

It is closed or open. Half-open is an open one whose wait has passed: nothing has to happen for it. The time
between two changes is a spell; a call's word counts in the spell in which it was begun, and in no other.
"""

import math
from enum import StrEnum

from msgspec import Struct

from baton.gateway.resilience.recent import Failures, Recent

TRIAL_PAUSE_S = 1.0
"""How soon to look again where all trials are under way: one may end at any moment."""


class State(StrEnum):
    """How a breaker stands."""

    CLOSED = "closed"
    """All is well: everybody is let through."""
    OPEN = "open"
    """Nobody is let through."""
    HALF_OPEN = "half_open"
    """A few are let through, as a trial."""


class Limits(Struct, frozen=True, kw_only=True):
    """When a breaker opens, and how it closes again (specification 5, "Circuit breaker")."""

    in_a_row: int = 5
    """So many failures without a success between them open it."""
    error_rate: float = 0.5
    """A larger share of failed calls opens it …"""
    least_calls: int = 20
    """… where there were at least so many …"""
    window_s: int = 60
    """… in so many seconds."""
    wait_s: float = 60.0
    """How long it stays open the first time; twice as long each time after that …"""
    most_wait_s: float = 600.0
    """… up to this."""
    trials: int = 3
    """How many calls are under way at most while it is half-open."""
    successes: int = 2
    """So many trials that went well close it."""


class Permit:
    """Leave for one call; of a trial it is one of a few, until its word is said or its lease ends."""

    __slots__ = ("ends_s", "spell")

    def __init__(self, spell: int, ends_s: float | None = None) -> None:
        """`ends_s`: when the lease of a trial ends; None: it is none."""
        self.spell = spell
        self.ends_s = ends_s


class Breaker:
    """The breaker of one model, or of a provider.

    Of a provider: a failure names the model that it speaks against, so that one broken model does not open it
    (`Failures.weight`); None: it speaks against the whole. All times are of the same monotonic clock.
    """

    __slots__ = (
        "_failed_by",
        "_limits",
        "_ordinary",
        "_trials",
        "_until_s",
        "_wait_s",
        "_well",
        "forced",
        "in_a_row",
        "is_open",
        "openings",
        "recent",
        "refused",
        "since_s",
    )

    def __init__(self, limits: Limits, now_s: float) -> None:
        self._limits = limits
        self.is_open = False
        self.forced: State | None = None
        """Open or closed by an admin's word, whatever the calls say."""
        self.since_s = now_s
        """When it last opened or closed."""
        self.in_a_row = Failures()
        """Failures since the last success."""
        self.recent = Recent(limits.window_s)
        self.openings = 0
        """How often it opened by itself."""
        self.refused = 0
        """Calls that were not let through."""
        self._failed_by: str | None = None
        """The one model whose trials failed in this spell; by itself that says nothing of the others."""
        self._ordinary = Permit(0)
        """The permit of every call that is no trial; a new one for each spell."""
        self._trials: list[Permit] = []
        self._until_s = 0.0
        self._wait_s = 0.0
        """How long it was last to stay open."""
        self._well = 0
        """Trials of this spell that went well."""

    def state(self, now_s: float) -> State:
        """How it stands."""
        if self.forced is not None:
            return self.forced
        if not self.is_open:
            return State.CLOSED
        return State.OPEN if now_s < self._until_s else State.HALF_OPEN

    def wait_s(self, now_s: float) -> float:
        """How long nobody is let through; 0: a call is; infinity: until an admin says otherwise."""
        if self.forced is not None:
            return math.inf if self.forced is State.OPEN else 0.0
        if not self.is_open:
            return 0.0
        if now_s < self._until_s:
            return self._until_s - now_s
        if self.trials(now_s) < self._limits.trials:
            return 0.0
        return min(TRIAL_PAUSE_S, *(self._left_s(permit, now_s) for permit in self._trials))

    def enter(self, now_s: float, lease_s: float) -> Permit:
        """Let a call through; only where `wait_s` is 0."""
        if not self.is_open or self.forced is not None:
            return self._ordinary
        permit = Permit(self._ordinary.spell, now_s + lease_s)
        self._trials.append(permit)
        return permit

    def succeeded(self, permit: Permit, now_s: float) -> bool:
        """A call went well; whether the breaker opened or closed by it."""
        if permit is not self._ordinary and not self._counts(permit, now_s):
            return False
        if self.in_a_row.count:
            self.in_a_row.clear()
        self.recent.add_success(now_s)
        if self.forced is not None:
            return False
        if not self.is_open:
            return self.recent.failures.count > 0 and self._judge(now_s)
        self._well += 1
        if self._well < self._limits.successes:
            return False
        self._close(now_s)
        return True

    def failed(self, permit: Permit, now_s: float, model: str | None = None) -> bool:
        """A call failed; whether the breaker opened by it. `model`: it speaks against that one only."""
        if not self._counts(permit, now_s):
            return False
        self.in_a_row.add(model)
        self.recent.add_failure(now_s, model)
        if self.forced is not None:
            return False
        if not self.is_open:
            return self._judge(now_s)
        if model is not None and self._failed_by in (None, model):
            self._failed_by = model
            return False
        self._open(now_s)
        return True

    def released(self, permit: Permit, now_s: float) -> None:
        """Nothing was learnt of a call: what it held is free."""
        self._counts(permit, now_s)

    def force(self, state: State | None, now_s: float) -> None:
        """Hold it open or closed from now on; None: let it begin anew, closed, by itself."""
        self.forced = state
        self._close(now_s)
        self._wait_s = 0.0

    def trials(self, now_s: float) -> int:
        """Trials under way."""
        trials = self._trials
        if any(self._left_s(permit, now_s) <= 0 for permit in trials):
            trials[:] = [permit for permit in trials if self._left_s(permit, now_s) > 0]
        return len(trials)

    def quiet(self, now_s: float) -> bool:
        """Whether there is nothing about it that a new one would not know."""
        self.recent.forget(now_s)
        busy = self.in_a_row.count or self.recent.calls or self.trials(now_s)
        return not (self.is_open or self.forced or busy) and self._calm(now_s)

    @property
    def open_for_s(self) -> float:
        """How long it was last to stay open; 0: it never did."""
        return self._wait_s

    def _left_s(self, permit: Permit, now_s: float) -> float:
        return math.inf if permit.ends_s is None else permit.ends_s - now_s

    def _counts(self, permit: Permit, now_s: float) -> bool:
        """Whether a permit's word counts; a trial's permit is free from here on."""
        if permit.ends_s is not None:
            if self._left_s(permit, now_s) <= 0 or permit not in self._trials:
                return False
            self._trials.remove(permit)
        return permit.spell == self._ordinary.spell

    def _judge(self, now_s: float) -> bool:
        """Open where there were too many failures; whether there were."""
        limits, recent = self._limits, self.recent
        if self.in_a_row.weight < limits.in_a_row:
            recent.forget(now_s)
            if recent.calls < limits.least_calls:
                return False
            if recent.failures.weight <= limits.error_rate * recent.calls:
                return False
        self._open(now_s)
        return True

    def _open(self, now_s: float) -> None:
        limits = self._limits
        longer = limits.wait_s if not self.is_open and self._calm(now_s) else 2 * self._wait_s
        self._wait_s = min(longer, limits.most_wait_s)
        self._until_s = now_s + self._wait_s
        self.openings += 1
        self._begin(now_s, is_open=True)

    def _close(self, now_s: float) -> None:
        self.in_a_row.clear()
        self.recent.clear()
        self._begin(now_s, is_open=False)

    def _begin(self, now_s: float, *, is_open: bool) -> None:
        """A new spell; trials of the old one that are still under way keep their permits."""
        self.is_open = is_open
        self.since_s = now_s
        self._failed_by = None
        self._well = 0
        self._ordinary = Permit(self._ordinary.spell + 1)

    def _calm(self, now_s: float) -> bool:
        """Whether it has been closed for as long as it had last been open, so that its waits begin anew."""
        return now_s - self.since_s >= self._wait_s
