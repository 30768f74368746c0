"""Whom one call asks, and how patiently."""

from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.core.clock import Clock
from baton.core.failures import Failure
from baton.gateway.resilience.deadline import Deadline, bounded, shared
from baton.gateway.resilience.retry import RetryPolicy
from baton.upstream.directory import Provider
from baton.upstream.route import Route
from baton.upstream.transport import Deadlines


class Leg(Struct, frozen=True):
    """One model of the course."""

    provider: Provider
    offer: Offer
    stages: Deadlines
    """How long an attempt at it may take."""
    first_token_s: float
    """How long a stream may keep its first content back where somebody else could be asked."""
    retry: RetryPolicy
    """How often, and how patiently, it is asked again."""

    @property
    def id(self) -> str:
        """`provider/name`."""
        return self.offer.id

    @property
    def model(self) -> str:
        """The provider's own word for it."""
        return self.offer.model.name


class Patience(Struct, frozen=True):
    """How long a call is tried."""

    deadline: Deadline
    ends_s: float
    """When no further attempt is begun, on the monotonic clock: a call is not made to wait for ever."""
    hold_back_s: float
    """How long a stream whose caller wants it whole is held back at most."""


class Course:
    """The legs of one call. Those behind the first are looked for when it has failed."""

    __slots__ = ("_more", "_others", "_postponed", "_resigned", "leg", "patience")

    def __init__(
        self,
        first: Leg,
        patience: Patience,
        more: Callable[[Failure], Sequence[Leg]],
        *,
        others: bool,
    ) -> None:
        """`more`: the further legs, given how the first failed; `others`: whether there may be any."""
        self.leg = first
        self.patience = patience
        self._more = more
        self._others: deque[Leg] | bool = others
        self._postponed: deque[Leg] = deque()
        self._resigned = False
        """Whether nobody is left but those that something speaks against."""

    @property
    def has_others(self) -> bool:
        """Whether somebody else may still be asked."""
        return bool(self._others) or bool(self._postponed)

    @property
    def at_last(self) -> bool:
        """Whether the present leg is to be asked whatever speaks against it."""
        return self._resigned or not self.has_others

    def next(self, failure: Failure) -> Leg | None:
        """The leg to go on with after a failure; None: there is none."""
        leg = self._unasked(failure)
        if leg is None and self._postponed:
            self._resigned = True
            leg = self._postponed.popleft()
        if leg is not None:
            self.leg = leg
        return leg

    def postpone(self, failure: Failure) -> bool:
        """Ask the present leg behind all others, for something speaks against it; False: that was done."""
        if self._resigned:
            return False
        self._postponed.append(self.leg)
        return self.next(failure) is not None

    def _unasked(self, failure: Failure) -> Leg | None:
        others = self._others
        if others is True:
            self._others = others = deque(self._more(failure))
        elif others is False:
            return None
        if failure.is_of_the_provider:
            self._others = others = deque(leg for leg in others if leg.provider is not self.leg.provider)
        return others.popleft() if others else None

    def route(self, clock: Clock) -> Route:
        """Where the next attempt goes: the key whose turn it is."""
        provider, model = self.leg.provider, self.leg.model
        return Route(provider, provider.credential(model, clock.monotonic()), model)

    def deadlines(self, clock: Clock, stages: Deadlines | None = None) -> Deadlines:
        """How long the next attempt may take; `stages`: where it is asked otherwise than the leg says."""
        within = self.leg.stages if stages is None else stages
        left_s = self.patience.deadline.left_s(clock)
        return shared(within, left_s) if self.has_others else bounded(within, left_s)

    def first_token_s(self, clock: Clock) -> float | None:
        """How long a stream may keep its first content back; None: nobody else could give it."""
        if not self.has_others:
            return None
        left_s = self.patience.deadline.left_s(clock)
        limit_s = self.leg.first_token_s
        return limit_s if left_s is None else min(limit_s, left_s / 2)

    def is_over(self, wait_s: float, now_s: float) -> bool:
        """Whether an attempt after such a wait would begin too late."""
        return now_s + wait_s >= self.patience.ends_s


class Hope:
    """Whether somebody else may still be asked; for whoever keeps a caller waiting."""

    __slots__ = ("course", "of")

    def __init__(self) -> None:
        self.course: Course | None = None
        """Once it is laid."""
        self.of: Hope | None = None
        """Whose answer is waited for, where that is another's."""

    @property
    def left(self) -> bool:
        """Whether a failure may still be unseen."""
        if self.of is not None:
            return self.of.left
        return self.course is None or self.course.has_others
