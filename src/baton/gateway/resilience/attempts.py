"""Making attempts until one succeeds or none is left."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from msgspec import Struct, structs

from baton.catalog.data_policy import Policies, reason_against_policy
from baton.core.clock import Clock
from baton.core.errors import AllAttemptsFailed, AttemptFailed, Invalid
from baton.core.failures import Failure, Kind
from baton.core.request import Envelope
from baton.gateway.entry import Entry
from baton.gateway.resilience.budget import RetryBudget
from baton.gateway.resilience.course import Course, Leg
from baton.gateway.resilience.gates import Gates, Lesson
from baton.gateway.routing.conditions import nothing_stated
from baton.upstream.credential import Credential
from baton.upstream.route import Route

T = TypeVar("T")
_log = structlog.stdlib.get_logger(__name__)

_NOT_NOW = frozenset({Kind.BREAKER_OPEN, Kind.OVER_BUDGET, Kind.NOT_FOR_IT})
"""What speaks against a leg until this call is over."""
_REASONING = "reasoning"
_NEVER_ELSEWHERE = frozenset({Kind.CLIENT_GONE, Kind.DEADLINE})


class Attempt(Struct, frozen=True):
    """One attempt under way: which model, by which key, and what is to be learnt from it."""

    leg: Leg
    route: Route
    lesson: Lesson
    bound: int | None = None
    """Tokens that its answer may have at most, by Baton's word."""

    def bounded(self, envelope: Envelope) -> Envelope:
        """The request with an answer that what is held can pay for, and without a temperature of Baton's own
        where the model thinks: such ones refuse it."""
        if self.bound is not None:
            envelope = structs.replace(envelope, bound=self.bound)
        if envelope.warmth is not None and _REASONING in self.leg.offer.model.capabilities:
            envelope = structs.replace(envelope, warmth=None)
        return envelope


Call = Callable[[Attempt], Awaitable[T]]
"""Makes an attempt. Raises AttemptFailed."""


def never_troubled(provider: str, model: str) -> bool:
    """Of an installation that does not observe its providers."""
    del provider, model
    return False


class Tried:
    """What one call has been through."""

    __slots__ = ("failures", "made", "refused", "skipped")

    def __init__(self) -> None:
        self.failures: list[tuple[str, Failure, int]] = []
        """Route, failure, milliseconds."""
        self.skipped: list[tuple[str, Failure, int]] = []
        """Routes that were not asked, and why."""
        self.made = 0
        """Attempts at the leg under way, but for those with a refused key."""
        self.refused: set[Credential] = set()
        """Keys that the provider would not have."""

    @property
    def others_asked(self) -> bool:
        """Whether this is not the first model."""
        return bool(self.failures or self.skipped)

    def error(self) -> AllAttemptsFailed:
        """The end of a call that nobody could answer."""
        return AllAttemptsFailed(self.failures or self.skipped)


class Attempts:
    """Asks one leg of a course after the other, and the same one again where that may help."""

    def __init__(
        self,
        gates: Gates,
        clock: Clock,
        rng: random.Random,
        *,
        troubled: Callable[[str, str], bool] = never_troubled,
        policies: Callable[[], Policies] = nothing_stated,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`troubled`: whether so many calls of a route (provider, model) fail of late that a quick second
        one is of no use. `policies`: what becomes of what providers are sent, at the moment."""
        self._policies = policies
        self._gates = gates
        self._clock = clock
        self._rng = rng
        self._troubled = troubled
        self._sleep = sleep
        self._budget = RetryBudget(clock)

    async def make(self, course: Course, entry: Entry, call: Call[T], tried: Tried | None = None) -> T:
        """What a call returns that succeeded; its lesson is the caller's to end.

        `tried`: what the same request has been through before.

        Raises:
            AllAttemptsFailed: carries every attempt.
        """
        tried = tried or Tried()
        while True:
            attempt = await self._enter(course, entry, tried)
            entry.begin(attempt.route, attempt.leg.offer)
            try:
                return await call(attempt)
            except AttemptFailed as error:
                wait_s = self._after(error, attempt, course, entry, tried)
            except Invalid as error:  # nothing its caller could mend where it was Baton's choice to ask it
                if not tried.others_asked:
                    attempt.lesson.nothing()
                    raise
                failure = Failure(kind=Kind.BAD_REQUEST, message=error.message)
                wait_s = self._after(AttemptFailed(failure), attempt, course, entry, tried)
            except BaseException:
                attempt.lesson.nothing()
                raise
            if wait_s:
                await self._sleep(wait_s)

    async def _enter(self, course: Course, entry: Entry, tried: Tried) -> Attempt:
        """Leave to ask the leg whose turn it is, or the next that may be asked, and the money for it."""
        while True:
            leg, route = course.leg, course.route(self._clock)
            barred = self._barred(leg, entry)
            if barred is not None:
                self._pass_over(barred, course, tried)
                continue
            lesson = await self._gates.enter(leg, route, last=course.at_last, waited=tried.made > 0)
            if isinstance(lesson, Failure):
                self._pass_over(lesson, course, tried)
                continue
            refused: Failure | None = None
            try:
                refused = await entry.reserve(route, leg.offer)
            except BaseException:
                lesson.nothing()
                raise
            if refused is not None:
                lesson.nothing()
                self._pass_over(refused, course, tried)
                continue
            if not tried.made:
                self._budget.called(leg.provider.name)
            return Attempt(leg, route, lesson, entry.bound)

    def _barred(self, leg: Leg, entry: Entry) -> Failure | None:
        """Why a leg may not be sent the request: what was stated when it was chosen may have been taken back
        since."""
        if not entry.data_needs:
            return None
        reason = reason_against_policy(self._policies(), leg.provider.name, entry.data_needs)
        return None if reason is None else Failure(kind=Kind.NOT_FOR_IT, message=reason, unasked=True)

    def _pass_over(self, why: Failure, course: Course, tried: Tried) -> None:
        """Go on with another leg than one that is not to be asked now; raises where there is none."""
        waits = why.kind not in _NOT_NOW
        passed = course.leg.id
        if (waits and course.postpone(why)) or (course.next(why) is not None):
            tried.made = 0
            if not waits:
                tried.skipped.append((passed, why, 0))
            return
        tried.skipped.append((passed, why, 0))
        raise tried.error()

    def _after(
        self, error: AttemptFailed, attempt: Attempt, course: Course, entry: Entry, tried: Tried
    ) -> float:
        """Note a failed attempt; how long to wait for the next. Raises where there is none."""
        failure = error.failure
        deadline = course.patience.deadline
        if failure.kind is Kind.TIMEOUT and not deadline.allows(0.0, self._clock):
            failure = structs.replace(failure, kind=Kind.DEADLINE)  # the caller's impatience, not its fault
        tried.failures.append((attempt.route.name, failure, entry.fail(failure, error.usage)))
        if attempt.lesson.failed(failure) and self._other_key(attempt, failure, tried):
            return 0.0
        tried.made += 1
        wait_s = self._next(failure, attempt.leg, course, tried)
        if wait_s is None or course.is_over(wait_s, self._clock.monotonic()):
            raise tried.error()
        return wait_s

    def _other_key(self, attempt: Attempt, failure: Failure, tried: Tried) -> bool:
        """Whether the same provider may be asked at once, by another key."""
        credential, provider = attempt.route.credential, attempt.leg.provider
        if credential.key and failure.kind is not Kind.RATE_LIMIT:
            _log.warning(
                "credential_refused",
                provider=provider.name,
                credential=credential.last4,
                kind=failure.kind.value,
            )
        tried.refused.add(credential)
        refused = sum(each in tried.refused for each in provider.credentials)
        fit = provider.has_fit_credential(attempt.leg.model, self._clock.monotonic())
        return fit and refused < len(provider.credentials)

    def _next(self, failure: Failure, leg: Leg, course: Course, tried: Tried) -> float | None:
        """How long to wait for the next attempt, at this leg or another; None: there is none."""
        retry, provider, made = leg.retry, leg.provider.name, tried.made
        if failure.kind in _NEVER_ELSEWHERE:
            return None
        deadline = course.patience.deadline
        soon_s = retry.soon_s(failure, made, self._rng)
        if soon_s is not None and self._troubled(provider, leg.model):
            soon_s = None
        if soon_s is not None and deadline.allows(soon_s, self._clock) and self._budget.take(provider):
            return soon_s
        if course.next(failure) is not None:
            tried.made = 0
            return 0.0
        if soon_s is not None:  # the budget or the deadline was against it
            return None
        wait_s = retry.pause_s(failure, made, deadline, self._clock, self._rng)
        return wait_s if wait_s is not None and self._budget.take(provider) else None
