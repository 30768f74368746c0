"""Having another model go on with an answer whose provider broke off in the middle."""

import asyncio
from typing import NamedTuple

from baton.core.clock import Clock
from baton.core.errors import AttemptFailed
from baton.core.failures import Again, Failure, Kind
from baton.core.request import BrokenStream, Envelope
from baton.gateway.asking import LATE, begin
from baton.gateway.entry import Entry, Outcome, outcome_so_far
from baton.gateway.resilience.attempts import Attempt, Attempts, Tried
from baton.gateway.resilience.begun import BegunStream
from baton.gateway.resilience.course import Course
from baton.upstream.calls import Upstream
from baton.upstream.dialects.joining import Resumption
from baton.upstream.replies import ReplyStream

_DIVERGED = Failure(
    kind=Kind.DIVERGED,
    message="What it said does not begin with what had been sent, and it cannot be made to go on.",
    billed=True,
)


class Rescued(NamedTuple):
    """The rest of a broken answer."""

    begun: BegunStream
    whole: bool
    """Whether the model gave the whole answer, of which only the rest is passed on (a splice); otherwise it
    only went on."""


class Rescue:
    """Rescues the answer to one request, as often as it breaks."""

    def __init__(
        self, attempts: Attempts, upstream: Upstream, clock: Clock, course: Course, envelope: Envelope
    ) -> None:
        self._attempts = attempts
        self._upstream = upstream
        self._clock = clock
        self._course = course
        self._envelope = envelope
        self._again = 0
        """How often the same leg was asked to go on with what it broke itself."""

    def can(self, broken: BegunStream, failure: Failure) -> bool:
        """Whether anybody may go on with it. Turns to the next leg."""
        if self._envelope.options.broken_stream is BrokenStream.OFF or not failure.rule.falls_back:
            return False
        if not broken.stream.sent.resumable:
            return False
        if self._course.next(failure) is not None:
            return True
        # Nobody else is left. One that breaks off after every few words would be paid for each of them.
        self._again += 1
        return failure.rule.again is not Again.NEVER and self._again <= self._course.leg.retry.retries

    async def go_on(self, broken: BegunStream, entry: Entry, tried: Tried) -> Rescued:
        """The rest, from the leg whose turn it is or one behind it.

        Raises:
            AllAttemptsFailed: nobody could go on.
        """

        async def ask(attempt: Attempt) -> Rescued:
            return await self._ask(attempt, broken.stream, entry)

        tried.made = 0
        return await self._attempts.make(self._course, entry, ask, tried)

    async def _ask(self, attempt: Attempt, broken: ReplyStream, entry: Entry) -> Rescued:
        """The same question first; where that leads elsewhere, the wish to go on."""
        begun = await self._resume(attempt, broken, Resumption.SPLICE, entry)
        if not begun.stream.diverged:
            return Rescued(begun, whole=True)
        outcome = await self._let_go(begun)
        if not self._upstream.continues(attempt.route, self._envelope):
            raise AttemptFailed(_DIVERGED, entry.used(outcome))
        entry.discard(outcome, Kind.DIVERGED.value, _DIVERGED.message)
        await entry.begin_again(attempt.route, attempt.leg.offer)
        begun = await self._resume(attempt, broken, Resumption.CONTINUE, entry)
        if not begun.stream.diverged:
            return Rescued(begun, whole=False)
        raise AttemptFailed(_DIVERGED, entry.used(await self._let_go(begun)))

    async def _resume(
        self, attempt: Attempt, broken: ReplyStream, how: Resumption, entry: Entry
    ) -> BegunStream:
        try:
            async with asyncio.timeout(self._course.first_token_s(self._clock)):
                deadlines = self._course.deadlines(self._clock)
                stream = await self._upstream.resume(
                    attempt.route, attempt.bounded(self._envelope), broken, how, deadlines
                )
                return await begin(attempt, stream, entry, self._clock, unseen=False)
        except TimeoutError:
            raise AttemptFailed(LATE) from None

    async def _let_go(self, begun: BegunStream) -> Outcome:
        """What it came to."""
        await begun.release()
        return outcome_so_far(begun.seen)
