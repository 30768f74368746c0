"""The life of one call, read from top to bottom."""

from msgspec import Struct

from baton.core.caller import Caller
from baton.core.request import Envelope, Outline
from baton.gateway.draining import Drains
from baton.gateway.entry import Entry, outcome_of
from baton.gateway.opening import Arrival, Openings
from baton.gateway.resilience.attempts import Attempts
from baton.gateway.resilience.deadline import PATIENCE_S, STREAM, THINKING, WHOLE, Deadline
from baton.gateway.resilience.plan import Plan
from baton.gateway.resilience.retry import RetryPolicy
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.live import LiveRouter
from baton.gateway.shaping.emulation import emulation
from baton.gateway.shaping.held import HeldAnswer, ask_held
from baton.gateway.shaping.judgement import judgement
from baton.gateway.streaming import Begun, Streaming
from baton.ledger.rows import Settled
from baton.upstream.directory import Directory
from baton.upstream.errands.errand import Errand
from baton.upstream.replies import Reply


class Answered(Struct, frozen=True):
    """A whole answer, and its row."""

    reply: Reply
    settled: Settled
    decision: Decision


class Gateway:
    """Carries one call from an authenticated caller to an answer and a ledger row."""

    def __init__(
        self,
        router: LiveRouter,
        directory: Directory,
        attempts: Attempts,
        openings: Openings,
        retry: RetryPolicy,
        drains: Drains,
    ) -> None:
        """`drains`: who reads streams on that their readers left."""
        self._router = router
        self._directory = directory
        self._attempts = attempts
        self._openings = openings
        self._retry = retry
        self._drains = drains

    async def answer(self, caller: Caller, envelope: Envelope, arrival: Arrival) -> Answered:
        """Answer one request whole.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: every attempt failed; carries them.
        """
        decision = self._router.decide(caller, envelope)
        plan = self._plan(decision, envelope, arrival)
        wish = emulation(envelope, plan.provider.spec, plan.model)
        async with self._openings.open(caller, envelope, decision, arrival) as entry:
            if wish is None:
                reply = await self._attempts.ask(plan, envelope, entry)
                judge = judgement(envelope)
                entry.judge(None if judge is None else judge.violation(reply.heard()))
            else:
                reply = await ask_held(self._attempts, plan, wish, envelope, entry)
            return self._settle(reply, entry, decision)

    async def stream(self, caller: Caller, envelope: Envelope, arrival: Arrival) -> Streaming:
        """Answer one request as a stream; returns with its first words.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: every attempt failed before it said anything.
        """
        decision = self._router.decide(caller, envelope)
        plan = self._plan(decision, envelope, arrival)
        wish = emulation(envelope, plan.provider.spec, plan.model)
        async with self._openings.open(caller, envelope, decision, arrival) as entry:
            if wish is None:
                begun: Begun = await self._attempts.begin(plan, envelope, entry)
            else:
                begun = HeldAnswer(await ask_held(self._attempts, plan, wish, envelope, entry), envelope)
                entry.first_token()
            entry.hand_over()
            judge = judgement(envelope) if wish is None else None
            return Streaming(begun, entry, envelope, decision, judge, self._drains)

    async def run(self, caller: Caller, errand: Errand, arrival: Arrival) -> Answered:
        """Run an errand: what is no chat goes the same way.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: every attempt failed; carries them.
        """
        decision = self._router.decide(caller, errand)
        plan = self._plan(decision, errand, arrival)
        async with self._openings.open(caller, errand, decision, arrival) as entry:
            return self._settle(await self._attempts.run(plan, errand, entry), entry, decision)

    def _plan(self, decision: Decision, request: Outline, arrival: Arrival) -> Plan:
        options = request.options
        model = decision.chosen.offer.model
        provider = self._directory[model.provider]
        stages = WHOLE
        if request.stream:
            stages = THINKING if "reasoning" in model.capabilities else STREAM
        timeout_s = options.timeout_s
        deadline = Deadline() if timeout_s is None else Deadline(arrival.started_s + timeout_s)
        retry = self._retry if options.max_retries is None else RetryPolicy(options.max_retries)
        return Plan(
            provider=provider,
            model=model.name,
            retry=retry,
            deadline=deadline,
            stages=stages,
            ends_s=arrival.started_s + PATIENCE_S,
        )

    def _settle(self, reply: Reply, entry: Entry, decision: Decision) -> Answered:
        outcome = outcome_of(reply)
        usage = entry.succeed(outcome)
        return Answered(reply, entry.settle_answered(outcome, usage), decision)
