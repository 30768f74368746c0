"""Whether a route may be asked now, and what each attempt teaches about it (decision 6)."""

from collections.abc import Sequence

from baton.core.clock import Clock
from baton.core.failures import Failure, Kind
from baton.gateway.resilience.breakers import Breakers, Lease
from baton.gateway.resilience.course import Leg
from baton.gateway.resilience.observation import Observation, Observer
from baton.upstream.credential import Mark
from baton.upstream.dialects.headroom import Headroom
from baton.upstream.route import Route

_GONE_S = 3600.0
"""How long a model that its provider did not know is passed over."""

_MOST_GONE = 1024
"""Models that are remembered to be gone; callers may name any."""

_LEASE_S = 600.0
"""How long an attempt that nobody speaks of may count as under way: longer than any attempt lasts."""


class Lesson:
    """One attempt under way, and what is learnt from it; the first word counts."""

    __slots__ = ("_alone", "_gates", "_lease", "_leg", "_open", "_route", "_started_s", "first_token_s")

    def __init__(self, gates: "Gates", leg: Leg, route: Route, lease: Lease, *, alone: bool) -> None:
        self._gates = gates
        self._leg = leg
        self._route = route
        self._lease = lease
        self._alone = alone
        self._open = True
        self._started_s = gates.clock.monotonic()
        self.first_token_s: float | None = None
        """When a stream said its first word, on the monotonic clock."""

    def well(self, headroom: Headroom | None = None) -> None:
        """The provider answered as it should. `headroom`: what it says is left of its limits."""
        if self._open:
            self._lease.succeeded()
            self._route.credential.succeeded(self._route.model)
            self._end(None, headroom)

    def failed(self, failure: Failure) -> bool:
        """It failed; returns whether that is the key's fault, so that another key may do better."""
        if not self._open:
            return False
        if failure.unasked:
            self.nothing()
            return False
        if failure.rule.breaks:
            self._lease.failed(unreachable=failure.unreached)
        else:
            self._lease.released()
        refused = self._route.credential.failed(failure, self._leg.model, self._gates.clock.monotonic())
        if failure.kind is Kind.MODEL_GONE:
            self._gates.note_gone(self._leg, failure)
        self._end(failure)
        return refused

    def nothing(self) -> None:
        """Nobody knows how it would have ended: its caller left."""
        if self._open:
            self._lease.released()
            self._open = False
            self._gates.leave(self._leg, alone=self._alone)

    def _end(self, failure: Failure | None, headroom: Headroom | None = None) -> None:
        self._open = False
        self._gates.leave(self._leg, alone=self._alone)
        self._gates.tell(self._observation(failure, headroom))

    def _observation(self, failure: Failure | None, headroom: Headroom | None) -> Observation:
        clock, started_s, first_s = self._gates.clock, self._started_s, self.first_token_s
        return Observation(
            provider=self._leg.provider.name,
            model=self._route.model,
            credential=self._route.credential.last4,
            failure=failure,
            took_ms=int((clock.monotonic() - started_s) * 1000),
            first_token_ms=None if first_s is None else int((first_s - started_s) * 1000),
            at_s=clock.wall(),
            headroom=headroom,
        )


class Gates:
    """Breakers, pauses of rate limits, refused keys and models that are gone: who may be asked."""

    def __init__(self, breakers: Breakers, clock: Clock, observers: Sequence[Observer] = ()) -> None:
        self.clock = clock
        self._breakers = breakers
        self._observers = tuple(observers)
        self._gone: dict[str, Mark] = {}
        self._alone: set[str] = set()
        """Marked routes that are being asked."""

    async def enter(self, leg: Leg, route: Route, *, last: bool, waited: bool = False) -> Lesson | Failure:
        """Leave to ask a route, or why not. One that something speaks against is asked only where it is the
        `last` hope, by one call at a time; one that cools down from a 429 is not, but by a call that got
        that 429 itself and has `waited`."""
        mark = None if waited else self._against(leg, route)
        if mark is not None and not self._may_try(leg, mark, last=last):
            return self._refusal(mark)
        alone = mark is not None
        if alone:
            self._alone.add(leg.id)
        lease: Lease | None = None
        try:
            lease = await self._breakers.enter(leg.provider.name, route.model, _LEASE_S)
        finally:
            if lease is None:
                self.leave(leg, alone=alone)
        return self._broken(leg) if lease is None else Lesson(self, leg, route, lease, alone=alone)

    def leave(self, leg: Leg, *, alone: bool) -> None:
        """An attempt has ended."""
        if alone:
            self._alone.discard(leg.id)
        if self._gone:
            self._forget(self.clock.monotonic())

    def tell(self, observation: Observation) -> None:
        """Have everybody learn from an attempt."""
        if observation.failure is None and self._gone:
            self._gone.pop(f"{observation.provider}/{observation.model}", None)
        for observer in self._observers:
            observer.observe(observation)

    def note_gone(self, leg: Leg, failure: Failure) -> None:
        """A provider does not know a model."""
        if len(self._gone) < _MOST_GONE:
            self._gone[leg.id] = Mark(failure, self.clock.monotonic() + _GONE_S)

    def _against(self, leg: Leg, route: Route) -> Mark | None:
        now_s = self.clock.monotonic()
        mark = route.credential.against(route.model, now_s)
        if mark is None and self._gone:
            mark = self._gone.get(leg.id)
            if mark is not None and mark.until_s <= now_s:
                return None
        return mark

    def _may_try(self, leg: Leg, mark: Mark, *, last: bool) -> bool:
        return last and mark.failure.kind is not Kind.RATE_LIMIT and leg.id not in self._alone

    def _refusal(self, mark: Mark) -> Failure:
        """What the provider said when it was asked last; a pause as long as what is left of it."""
        failure = mark.failure
        if failure.kind is not Kind.RATE_LIMIT:
            return failure
        return Failure(
            kind=failure.kind,
            message=failure.message,
            status=failure.status,
            code=failure.code,
            type=failure.type,
            param=failure.param,
            retry_after_s=max(0.0, mark.until_s - self.clock.monotonic()),
        )

    def _broken(self, leg: Leg) -> Failure:
        wait_s = self._breakers.wait_s(leg.provider.name, leg.model)
        known = 0.0 < wait_s < float("inf")
        return Failure(
            kind=Kind.BREAKER_OPEN,
            message=f"{leg.id} has failed too often of late and is not asked at the moment."
            if known
            else f"{leg.id} is not asked at the moment: its breaker is open.",
            retry_after_s=wait_s if known else None,
        )

    def _forget(self, now_s: float) -> None:
        self._gone = {name: mark for name, mark in self._gone.items() if mark.until_s > now_s}
