"""Putting a request to one model: whole or as a stream, plainly or so that its answer is true to a schema."""

import asyncio

from baton.core.answer import Finish
from baton.core.clock import Clock
from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.core.request import BrokenStream, Envelope
from baton.gateway.entry import Entry, outcome_so_far
from baton.gateway.resilience.attempts import Attempt
from baton.gateway.resilience.begun import BegunStream
from baton.gateway.resilience.course import Course
from baton.gateway.resilience.deadline import WHOLE
from baton.gateway.shaping.emulation import Emulation, emulation
from baton.gateway.shaping.held import HeldAnswer, ask_held
from baton.gateway.shaping.judgement import judgement
from baton.upstream.calls import Upstream
from baton.upstream.dialects.handing import Progress
from baton.upstream.dialects.listening import Heard
from baton.upstream.replies import Reply, ReplyStream

_NOTHING_SAID = Failure(
    kind=Kind.MALFORMED, message="The provider ended its stream without a word.", billed=True
)
_FILTERED = Failure(kind=Kind.CONTENT_FILTER, message="The provider's filter left nothing of the answer.")
LATE = Failure(kind=Kind.TIMEOUT, message="The provider did not begin to answer in time.", billed=True)


class Question:
    """One chat request, put to whatever model an attempt is for."""

    def __init__(
        self,
        upstream: Upstream,
        clock: Clock,
        course: Course,
        envelope: Envelope,
        entry: Entry,
        *,
        listened: bool = False,
    ) -> None:
        """`listened`: somebody wants to know what a stream says."""
        self._listened = listened
        self._upstream = upstream
        self._clock = clock
        self._course = course
        self._envelope = envelope
        self._entry = entry

    async def whole(self, attempt: Attempt) -> Reply:
        """A whole answer.

        Raises:
            AttemptFailed: there is none.
        """
        envelope = attempt.bounded(self._envelope)
        wish = emulation(envelope, attempt.leg.provider.spec, attempt.route.model)
        if wish is not None:
            return await self._held(attempt, wish)
        reply = await self._upstream.ask(attempt.route, envelope, self._course.deadlines(self._clock))
        if self._unfiltered_wanted and _is_filtered(reply.heard()):
            raise AttemptFailed(_FILTERED, reply.seen.usage)
        attempt.lesson.well(reply.headroom)
        judge = judgement(envelope)
        self._entry.judge(None if judge is None else judge.violation(reply.heard()))
        return reply

    async def stream(self, attempt: Attempt) -> BegunStream | HeldAnswer:
        """A stream that has begun to say something; or a whole answer, where it had to be judged first.

        Raises:
            AttemptFailed: it said nothing, or not in time where somebody else can be asked.
        """
        envelope = self._envelope
        wish = emulation(envelope, attempt.leg.provider.spec, attempt.route.model)
        if wish is not None:
            held = HeldAnswer(await self._held(attempt, wish), envelope)
            self._entry.first_token()
            return held
        try:
            async with asyncio.timeout(self._course.first_token_s(self._clock)):
                begun = await self._begin(attempt)
        except TimeoutError:
            raise AttemptFailed(LATE) from None
        if envelope.options.broken_stream is BrokenStream.WHOLE:
            await self._hold_back(begun)
        return begun

    async def _begin(self, attempt: Attempt) -> BegunStream:
        deadlines = self._course.deadlines(self._clock)
        stream = await self._upstream.stream(
            attempt.route,
            attempt.bounded(self._envelope),
            deadlines,
            rescuable=self._envelope.options.broken_stream is not BrokenStream.OFF,
            listened=self._listened,
        )
        begun = await begin(attempt, stream, self._entry, self._clock, unseen=self._course.has_others)
        if self._unfiltered_wanted and not begun.seen.said and _is_filtered(begun.heard):
            await begun.release()
            raise AttemptFailed(_FILTERED, begun.seen.usage)
        return begun

    @property
    def _unfiltered_wanted(self) -> bool:
        """Whether somebody else is to be asked where a filter leaves nothing of an answer."""
        return self._envelope.options.fallback_on_filter and self._course.has_others

    async def _hold_back(self, begun: BegunStream) -> None:
        """Wait for its end, as long as that is bearable: until then a failure is unseen.

        Raises:
            AttemptFailed: it broke.
        """
        until_s = self._clock.monotonic() + self._course.patience.hold_back_s
        held = [begun.first]
        try:
            async for piece in begun.rest:
                held.append(piece)
                if self._clock.monotonic() >= until_s:
                    break
            _check(begun.seen, self._entry)
        except BaseException:
            await begun.release()
            raise
        begun.first = b"".join(held)

    async def _held(self, attempt: Attempt, wish: Emulation) -> Reply:
        route, entry = attempt.route, self._entry

        async def ask(envelope: Envelope) -> Reply:
            deadlines = self._course.deadlines(self._clock, WHOLE)
            return await self._upstream.ask(route, envelope, deadlines)

        async def again() -> None:
            await entry.begin_again(route, attempt.leg.offer)

        reply = await ask_held(ask, again, wish, attempt.bounded(self._envelope), entry)
        attempt.lesson.well(reply.headroom)
        return reply


async def begin(
    attempt: Attempt, stream: ReplyStream, entry: Entry, clock: Clock, *, unseen: bool
) -> BegunStream:
    """A stream, once it has said something that goes to the caller, or shown that it never will (`diverged`).
    `unseen`: one that breaks with its first words has not begun, for another model can be asked.

    Raises:
        AttemptFailed: it has said nothing.
    """
    pieces = stream.pieces()
    seen = stream.seen
    try:
        first: list[bytes] = []
        async for piece in pieces:
            first.append(piece)
            if seen.said:
                entry.first_token()
                attempt.lesson.first_token_s = clock.monotonic()
                break
        nothing_passed = not (first and seen.said)
        if not stream.diverged and (unseen or nothing_passed):
            _check(seen, entry)
            if not seen.said and seen.finish is None:
                raise AttemptFailed(_NOTHING_SAID, seen.usage)
    except BaseException:
        entry.told(seen.usage)
        await pieces.aclose()
        await stream.close()
        raise
    return BegunStream(attempt, stream, pieces, b"".join(first))


def _check(seen: Progress, entry: Entry) -> None:
    """Raise where a stream broke of which nothing has left yet."""
    if seen.failure is not None:
        usage = entry.used(outcome_so_far(seen)) if seen.said else seen.usage
        raise AttemptFailed(seen.failure, usage)


def _is_filtered(heard: Heard | None) -> bool:
    """Whether an answer says nothing but that it was filtered."""
    if heard is None or heard.finish is not Finish.CONTENT_FILTER:
        return False
    return not heard.text and not heard.other
