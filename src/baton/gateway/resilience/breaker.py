"""One breaker: who may be asked, from what came of the calls before. No I/O, and no clock of its own.

It is closed or open. Half-open is an open one whose wait has passed: nothing has to happen for it. The time
between two changes is a spell; a call's word counts in the spell in which it was begun, and in no other.
"""

import math
from enum import StrEnum

from msgspec import Struct

from baton.gateway.resilience.recent import Failures, KeptRecent, Recent

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

    __slots__ = ("ends_s", "name", "spell")

    def __init__(self, spell: int, ends_s: float | None = None, name: str = "") -> None:
        """`ends_s`: when the lease of a trial ends; None: it is none. `name`: where others know of it."""
        self.spell = spell
        self.ends_s = ends_s
        self.name = name

    @property
    def named(self) -> tuple[int, str | None]:
        """By which it is found again: its spell, and its name where it is of a trial."""
        return self.spell, None if self.ends_s is None else self.name


class Kept(Struct, frozen=True, array_like=True):
    """All that a breaker knows, so that another process has the same one."""

    is_open: bool
    forced: State | None
    since_s: float
    in_a_row: list[tuple[str | None, int]]
    recent: KeptRecent
    openings: int
    failed_by: str | None
    spell: int
    trials: list[tuple[int, float, str]]
    until_s: float
    wait_s: float
    well: int


class Breaker:
    """The breaker of one model, or of a provider. Looking at it changes nothing.

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
        return min(TRIAL_PAUSE_S, *(left for each in self._trials if (left := self._left_s(each, now_s)) > 0))

    def enter(self, now_s: float, lease_s: float, name: str = "") -> Permit:
        """Let a call through; only where `wait_s` is 0. `name`: what it is called should it be a trial."""
        if not self.is_open or self.forced is not None:
            return self._ordinary
        permit = Permit(self._ordinary.spell, now_s + lease_s, name)
        self._trials[:] = [each for each in self._trials if self._left_s(each, now_s) > 0]
        self._trials.append(permit)
        return permit

    @property
    def spell(self) -> int | None:
        """Where everybody is let through, what their permits are of; else None."""
        closed = not self.is_open if self.forced is None else self.forced is State.CLOSED
        return self._ordinary.spell if closed else None

    def permit(self, spell: int, trial: str | None) -> Permit:
        """The one that was given in a spell, to a trial of that name where it is one."""
        if trial is None:
            return self._ordinary if spell == self._ordinary.spell else Permit(spell)
        over = Permit(spell, -math.inf)
        return next((permit for permit in self._trials if permit.name == trial), over)

    def forsake(self, holder: str) -> None:
        """A trial of that name is free, or those of a process of that name."""
        within = f"{holder}/"
        self._trials[:] = [
            permit for permit in self._trials if permit.name != holder and not permit.name.startswith(within)
        ]

    def trial_names(self, process: str) -> list[str]:
        """Of a process's trials under way."""
        return [permit.name for permit in self._trials if permit.name.startswith(f"{process}/")]

    def adopt(self, until_s: float, wait_s: float, now_s: float) -> bool:
        """Be open until then, as it is elsewhere; whether it opened by that."""
        if self.is_open or self.forced is not None or until_s <= now_s:
            return False
        self.openings += 1
        self._begin(now_s, is_open=True)
        self._until_s, self._wait_s = until_s, wait_s
        return True

    def export(self) -> Kept:
        """All that it knows."""
        return Kept(
            is_open=self.is_open,
            forced=self.forced,
            since_s=self.since_s,
            in_a_row=list(self.in_a_row.by_suspect.items()),
            recent=self.recent.export(),
            openings=self.openings,
            failed_by=self._failed_by,
            spell=self._ordinary.spell,
            trials=[(each.spell, each.ends_s or 0.0, each.name) for each in self._trials],
            until_s=self._until_s,
            wait_s=self._wait_s,
            well=self._well,
        )

    def restore(self, kept: Kept) -> None:
        """Be as the one that knew this."""
        self.is_open, self.forced, self.since_s = kept.is_open, kept.forced, kept.since_s
        self.in_a_row.clear()
        for suspect, count in kept.in_a_row:
            self.in_a_row.add(suspect, count)
        self.recent.restore(kept.recent)
        self.openings, self._failed_by = kept.openings, kept.failed_by
        self._ordinary = Permit(kept.spell)
        self._trials = [Permit(*each) for each in kept.trials]
        self._until_s, self._wait_s, self._well = kept.until_s, kept.wait_s, kept.well

    def succeeded(self, permit: Permit, now_s: float, count: int = 1) -> bool:
        """A call went well, or some together; whether the breaker opened or closed by it."""
        if permit is not self._ordinary and not self._counts(permit, now_s):
            return False
        if self.in_a_row.count:
            self.in_a_row.clear()
        self.recent.add_success(now_s, count)
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
        return sum(self._left_s(permit, now_s) > 0 for permit in self._trials)

    def quiet(self, now_s: float) -> bool:
        """Whether there is nothing about it that a new one would not know."""
        busy = self.in_a_row.count or self.recent.within(now_s)[0] or self.trials(now_s)
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
