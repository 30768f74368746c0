"""The life of one call, read from top to bottom."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import OverBudget, Refused, Unavailable, Unservable
from baton.core.request import Envelope, Outline, Priority
from baton.gateway.admission.admission import Admission
from baton.gateway.admission.admitted import Admitted, Elsewhere
from baton.gateway.admission.downgrade import cheaper
from baton.gateway.admission.look import Look
from baton.gateway.answered import Answered
from baton.gateway.asking import Question
from baton.gateway.draining import Drains
from baton.gateway.entry import Entry, outcome_of
from baton.gateway.opening import Arrival, Openings
from baton.gateway.recall.joined import Underway
from baton.gateway.recall.recalling import Recalling
from baton.gateway.rescue import Rescue
from baton.gateway.resilience.attempts import Attempt, Attempts, Tried
from baton.gateway.resilience.course import Hope
from baton.gateway.resilience.courses import Courses
from baton.gateway.routing.decision import Decision, instead
from baton.gateway.routing.live import LiveRouter
from baton.gateway.samples import Given, Samples, Take
from baton.gateway.shaping.preface import PrefaceOf, no_preface, shaped
from baton.gateway.streaming import Streaming
from baton.ledger.rows import Settled
from baton.upstream.calls import Upstream
from baton.upstream.dialects.listening import Heard
from baton.upstream.errands.errand import Errand
from baton.upstream.replies import Reply


class Gateway:
    """Carries one call from an authenticated caller to an answer and a ledger row."""

    def __init__(
        self,
        router: LiveRouter,
        admission: Admission,
        courses: Courses,
        attempts: Attempts,
        upstream: Upstream,
        openings: Openings,
        drains: Drains,
        clock: Clock,
        recalling: Recalling | None = None,
        preface_of: PrefaceOf = no_preface,
        samples: Samples | None = None,
    ) -> None:
        """`drains`: who reads streams on that their readers left; `recalling`: who answers again what was
        answered; None: nobody. `preface_of`: what requests are served with. `samples`: who looks at some of
        what was answered; None: nobody."""
        self._samples = samples
        self._preface_of = preface_of
        self._recalling = recalling
        self._router = router
        self._admission = admission
        self._courses = courses
        self._attempts = attempts
        self._upstream = upstream
        self._openings = openings
        self._drains = drains
        self._clock = clock

    async def answer(self, caller: Caller, envelope: Envelope, arrival: Arrival) -> Answered:
        """Answer one request whole.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: every attempt failed; carries them.
        """
        envelope = await self._shaped(caller, envelope)
        recalling = self._recalling
        if recalling is None or not recalling.wanted(envelope):
            return await self._ask(caller, envelope, arrival)
        ask = partial(self._ask, caller, envelope, arrival)
        return await recalling.answer(caller, envelope, arrival, ask)

    async def _shaped(self, caller: Caller, envelope: Envelope) -> Envelope:
        """The request with what its prompt and its persona say.

        Raises:
            Refused: as `shaped`; it was a request all the same.
        """
        try:
            return shaped(caller, envelope, self._preface_of)
        except Refused:
            await self._admission.turned_away(caller)
            raise

    async def _ask(
        self,
        caller: Caller,
        envelope: Envelope,
        arrival: Arrival,
        decision: Decision | None = None,
        look: Look | None = None,
    ) -> Answered:
        decision, admitted = await self._admit(caller, envelope, arrival, decision, look)
        course = self._courses.of(decision, envelope, arrival)
        async with self._openings.open(caller, envelope, decision, admitted, arrival) as entry:
            question = Question(self._upstream, self._clock, course, envelope, entry)
            reply = await self._attempts.make(course, entry, question.whole)
            answered = self._settle(reply, entry, decision)
        take = self._drawn(caller, envelope, arrival, decision)
        if take is not None:
            take(answered.settled, reply.heard)
        return answered

    def _drawn(self, caller: Caller, envelope: Envelope, arrival: Arrival, decision: Decision) -> Take | None:
        """Who wants to look at the answer to a request; None: nobody."""
        samples = self._samples
        if samples is None or not samples.draws(envelope, arrival):
            return None

        def take(settled: Settled, hear: Callable[[], Heard]) -> None:
            samples.take(Given(caller, envelope, decision.ask.data_needs, settled, hear))

        return take

    async def stream(
        self, caller: Caller, envelope: Envelope, arrival: Arrival, hope: Hope | None = None
    ) -> Underway:
        """Answer one request as a stream; returns with its first words.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: every attempt failed before it said anything.
        """
        envelope = await self._shaped(caller, envelope)
        recalling = self._recalling
        if recalling is None or not recalling.wanted(envelope):
            return await self._begin(caller, envelope, arrival, hope=hope)
        begin = partial(self._begin, caller, envelope, arrival)
        return await recalling.stream(caller, envelope, arrival, hope, begin)

    async def _begin(
        self,
        caller: Caller,
        envelope: Envelope,
        arrival: Arrival,
        decision: Decision | None = None,
        look: Look | None = None,
        hope: Hope | None = None,
    ) -> Streaming:
        decision, admitted = await self._admit(caller, envelope, arrival, decision, look)
        course = self._courses.of(decision, envelope, arrival)
        if hope is not None:
            hope.course = course
        async with self._openings.open(caller, envelope, decision, admitted, arrival) as entry:
            take = self._drawn(caller, envelope, arrival, decision)
            listened = take is not None
            question = Question(self._upstream, self._clock, course, envelope, entry, listened=listened)
            tried = Tried()
            begun = await self._attempts.make(course, entry, question.stream, tried)
            entry.hand_over()
            rescue = Rescue(self._attempts, self._upstream, self._clock, course, envelope)
            return Streaming(begun, entry, envelope, decision, rescue, tried, self._drains, take)

    async def run(
        self, caller: Caller, errand: Errand, arrival: Arrival, *, beside: bool = False
    ) -> Answered:
        """Run an errand: what is no chat goes the same way. `beside`: for the sake of another request, which
        is the one that counts in its caller's limits.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: every attempt failed; carries them.
        """
        decision, admitted = await self._admit(caller, errand, arrival, beside=beside)
        course = self._courses.of(decision, errand, arrival)

        async def ask(attempt: Attempt) -> Reply:
            reply = await self._upstream.run(attempt.route, errand, course.deadlines(self._clock))
            attempt.lesson.well(reply.headroom)
            return reply

        async with self._openings.open(caller, errand, decision, admitted, arrival) as entry:
            return self._settle(await self._attempts.make(course, entry, ask), entry, decision)

    async def _admit(
        self,
        caller: Caller,
        request: Outline,
        arrival: Arrival,
        decision: Decision | None = None,
        look: Look | None = None,
        *,
        beside: bool = False,
    ) -> tuple[Decision, Admitted]:
        """Which model serves a request, and what that may cost, held; a cheaper one where money is short.
        `decision`: where it was made already.

        Raises:
            Refused: nothing can serve it, or nothing can pay for it; it was a request all the same.
            Elsewhere: others have the answer that is looked for.
        """
        if decision is None:
            try:
                decision = self._router.decide(caller, request)
            except Refused:
                if not beside:
                    await self._admission.turned_away(caller)
                raise
        if beside:
            admitted = self._admission.beside(caller, request, decision, arrival.id)
        elif request.options.priority is Priority.LOW:
            timeout_s = request.options.timeout_s
            ends_s = None if timeout_s is None else arrival.started_s + timeout_s
            admitted = await self._admission.wait(caller, request, decision, arrival.id, ends_s)
        else:
            admitted = self._admission.enter(caller, request, decision, arrival.id)
        admitted.look = look
        try:
            try:
                await admitted.begin(decision.chosen.offer)
            except (OverBudget, Unservable) as error:
                decision = await self._cheaper(decision, admitted, error)
        except Elsewhere:
            raise
        except Unavailable:  # the caller's limits are not to pay for what is ours
            admitted.withdraw()
            raise
        except BaseException:
            admitted.end()
            raise
        return decision, admitted

    async def _cheaper(
        self, decision: Decision, admitted: Admitted, error: OverBudget | Unservable
    ) -> Decision:
        """The decision for a model that can be paid for: of `auto` another one where the budget is the chosen
        model's or provider's own, else a cheaper one.

        Raises:
            OverBudget: there is none.
            Unservable: nor is it known what the chosen one costs.
        """
        passed: set[str] = set()
        while isinstance(error, OverBudget) and error.spent is not None:
            passed.add(error.spent)
            other = self._router.decide_again(decision, passed)
            if other is None:
                break
            try:
                await admitted.begin(other.chosen.offer, patient=False)
            except (OverBudget, Unservable) as refused:
                decision, error = other, refused
            else:
                return other
        over = isinstance(error, OverBudget)
        why = "a budget has too little left" if over else "budgets are to hold, and no price is known"
        for offer in cheaper(self._router, decision, downgrades=over and error.downgrades):
            with suppress(OverBudget, Unservable):
                await admitted.begin(offer, patient=False)
                return instead(decision, offer, f"{why} for {decision.chosen.offer.id}.")
        raise error

    def _settle(self, reply: Reply, entry: Entry, decision: Decision) -> Answered:
        outcome = outcome_of(reply)
        usage = entry.succeed(outcome)
        settled = entry.settle_answered(outcome, usage)
        return Answered(reply, settled, decision, prompt=entry.opened.prompt)
