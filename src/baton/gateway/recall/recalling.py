"""Requests that may be answered with what an equal one was answered, or is just being answered."""

from typing import Protocol

from msgspec.structs import replace

from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.dialect import Dialect
from baton.core.errors import Refused
from baton.core.request import Envelope
from baton.gateway.admission.admission import Admission
from baton.gateway.admission.admitted import Admitted, Elsewhere
from baton.gateway.admission.look import Look
from baton.gateway.answered import Answered
from baton.gateway.cache.cache import Cache
from baton.gateway.cache.exact.kept import How, Kept
from baton.gateway.opening import Arrival, Openings
from baton.gateway.recall.joined import Followed, Lead, Led, Replayed, Underway
from baton.gateway.recall.joining import Joining, late
from baton.gateway.recall.keeping import Keeping
from baton.gateway.recall.letting import Letting
from baton.gateway.recall.meanings import MOST_SAID, Meanings, Sought
from baton.gateway.recall.turn import Turn
from baton.gateway.resilience.course import Hope
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.live import LiveRouter
from baton.gateway.streaming import Streaming
from baton.ledger.rows import Settled


class AskWhole(Protocol):
    """Has a model answer a request that was decided on. `look`: for what others have.

    Raises Elsewhere: they have it; what any request raises.
    """

    async def __call__(self, decision: Decision, look: Look | None) -> Answered: ...


class AskStream(Protocol):
    """The same as a stream, once it says something."""

    async def __call__(self, decision: Decision, look: Look | None, hope: Hope | None) -> Streaming: ...


class Recalling:
    """Looks up, joins, and keeps."""

    def __init__(
        self,
        cache: Cache,
        router: LiveRouter,
        admission: Admission,
        openings: Openings,
        clock: Clock,
        meanings: Meanings | None = None,
    ) -> None:
        """`meanings`: finds what means the same; None: only equal ones are found."""
        self._meanings = meanings
        self._planner = cache.planner
        self._router = router
        self._admission = admission
        self._keeping = Keeping(cache, router)
        self._letting = Letting(admission, openings)
        self._joining = Joining(self._keeping, self._letting, clock)

    def wanted(self, envelope: Envelope) -> bool:
        """Whether a request takes part; a look at a few fields."""
        return self._planner.wanted(envelope)

    async def answer(self, caller: Caller, envelope: Envelope, arrival: Arrival, ask: AskWhole) -> Answered:
        """A whole answer: one that is kept, one that is waited for, or a new one that others may wait for.

        Raises:
            Refused, AllAttemptsFailed: as whoever asks.
        """
        decision = await self._decide(caller, envelope)
        turn = self._turn(caller, envelope, arrival, decision)
        if turn is None:
            return await ask(decision, None)
        if not turn.plan.reads:  # it is asked by itself, whoever else asks
            return await self._anew(turn, ask)
        kept = self._keeping.at_hand(turn)
        if kept is not None:
            return await self._given(turn, kept, How.EXACT)
        flight, leads = await self._joining.fly(turn, lambda shared: self._lead(turn, shared, ask), None)
        shared = flight.shared
        await self._joining.flights.leave(flight)
        assert shared.answered is not None
        assert shared.kept is not None
        if leads:
            return shared.answered
        return await self._given(turn, shared.kept, shared.how)

    async def _anew(self, turn: Turn, ask: AskWhole) -> Answered:
        """Ask, unless something that means the same was answered, and keep the answer in the place of the one
        that may be kept."""
        sought = await self._meant(turn)
        if sought is not None and sought.given is not None:
            return await self._given(turn, sought.given, How.SEMANTIC)
        with self._keeping.landing(turn, joins=False) as landing:
            answered = await ask(turn.decision, landing.look)
            kept = _whole(turn, answered)
            lasts = self._keeping.keep(turn, landing, answered.settled, kept)
        await self._learn(turn, sought, kept, lasts=lasts)
        return answered

    async def _lead(self, turn: Turn, shared: Lead, ask: AskWhole) -> None:
        """Answer a request for all who wait for it here: as others have been answered, or by a model."""
        keeping = self._keeping
        shared.kept = await keeping.find(turn)
        if shared.kept is not None:
            shared.answered = await self._given(turn, shared.kept, How.EXACT)
            return
        sought = await self._sought(turn, shared)
        if shared.kept is not None:
            shared.answered = await self._given(turn, shared.kept, shared.how)
            return
        with keeping.landing(turn, joins=True) as landing:
            try:
                answered = await ask(turn.decision, landing.look)
            except Elsewhere as elsewhere:
                look = landing.look
                if look is None or look.found is None:
                    await self._letting.fail(turn, late(turn), elsewhere.admitted)
                kept, shared.how = look.found, look.how
                shared.answered = await self._given(turn, kept, shared.how, elsewhere.admitted)
                shared.kept = kept
                return
            shared.how = How.DEDUP
            shared.kept = kept = _whole(turn, answered)
            shared.answered = replace(answered, looked_up=True)
            lasts = keeping.keep(turn, landing, answered.settled, kept)
        keeping.missed(turn)
        await self._learn(turn, sought, kept, lasts=lasts)

    async def _sought(self, turn: Turn, shared: Lead) -> Sought | None:
        """What means the same as a request; `shared.kept` where it is to be given that answer. None: nothing
        is known of its meaning."""
        if turn.plan.meaning is None or self._meanings is None:
            return None
        kept = await self._keeping.fetch(turn) if turn.plan.reads else None
        if kept is not None:  # what is equal is not to be asked what it means
            shared.kept = kept
            return None
        sought = await self._meant(turn)
        if sought is not None and sought.given is not None:
            shared.kept, shared.how = sought.given, How.SEMANTIC
        return sought

    async def _meant(self, turn: Turn) -> Sought | None:
        """What means the same as a request; None: nothing is known of its meaning."""
        meaning = turn.plan.meaning
        if meaning is None or self._meanings is None:
            return None
        return await self._meanings.seek(turn, meaning, lambda kept: self._keeping.may_have(turn, kept))

    async def _learn(self, turn: Turn, sought: Sought | None, kept: Kept | None, *, lasts: bool) -> None:
        """Have an answer be found by what its request means, and compare it with what was found by that."""
        meaning = turn.plan.meaning
        if sought is None or meaning is None or self._meanings is None:
            return
        if kept is not None:
            self._meanings.check(turn, sought, kept.said)
        if lasts:
            await self._meanings.learn(turn, meaning, sought)

    async def stream(
        self, caller: Caller, envelope: Envelope, arrival: Arrival, hope: Hope | None, ask: AskStream
    ) -> Underway:
        """The same as a stream: told again, read along, or begun.

        Raises:
            Refused, AllAttemptsFailed: as whoever asks.
        """
        decision = await self._decide(caller, envelope)
        turn = self._turn(caller, envelope, arrival, decision)
        if turn is None:
            return await ask(decision, None, hope)
        if turn.plan.reads:
            kept = self._keeping.at_hand(turn)
            if kept is not None:
                return await self._replayed(turn, kept)
        flight, leads = await self._joining.fly(turn, lambda shared: self._begin(turn, shared, ask), hope)
        flights, found = self._joining.flights, self._keeping.found
        kept = flight.shared.kept
        if kept is not None:
            how = flight.shared.how
            await flights.leave(flight)
            return await self._replayed(turn, kept, how)
        if leads:
            return Led(flight, flights)
        try:
            entry = await self._letting.begin(turn)
        except BaseException:
            await flights.leave(flight)
            raise
        return Followed(flight, flights, entry, turn.plan.key, turn.decision, found)

    async def _begin(self, turn: Turn, shared: Lead, ask: AskStream) -> None:
        """Find a stream that is kept for all who wait for it here, or have a model begin one, read it to its
        end, and keep it."""
        keeping = self._keeping
        sought: Sought | None = None
        if turn.plan.reads:
            shared.kept = await keeping.find(turn)
        if shared.kept is None:
            sought = await self._sought(turn, shared)
        if shared.kept is not None:
            return
        with keeping.landing(turn, joins=False) as landing:
            try:
                streaming = await ask(turn.decision, landing.look, shared.hope)
            except Elsewhere as elsewhere:
                elsewhere.admitted.withdraw()  # each that it is told again to is let in by itself
                assert landing.look is not None
                shared.kept = landing.look.found
                return
            keeping.missed(turn)
            lasts = False

            def keep(settled: Settled) -> None:
                nonlocal lasts
                lasts = keeping.keep(turn, landing, settled, shared.as_kept(settled))

            await shared.read(streaming, keep)
        await self._learn(turn, sought, None, lasts=lasts)

    async def close(self) -> None:
        """End what is under way."""
        if self._meanings is not None:
            await self._meanings.close()
        await self._joining.flights.close()

    async def _decide(self, caller: Caller, envelope: Envelope) -> Decision:
        """Which model serves it. Raises Refused: none can; it was a request all the same."""
        try:
            return self._router.decide(caller, envelope)
        except Refused:
            await self._admission.turned_away(caller)
            raise

    def _turn(self, caller: Caller, envelope: Envelope, arrival: Arrival, decision: Decision) -> Turn | None:
        """Its part in this; None: it takes none."""
        plan = self._planner.plan(caller, envelope, decision)
        if plan is None:
            return None
        return Turn(caller, envelope, arrival, decision, plan, self._keeping.generation)

    async def _given(self, turn: Turn, kept: Kept, how: How, admitted: Admitted | None = None) -> Answered:
        """An answer that somebody else paid for."""
        answered = await self._letting.give(turn, kept, how, admitted)
        self._keeping.found(turn.envelope.options.use_case, kept, answered.settled)
        return answered

    async def _replayed(self, turn: Turn, kept: Kept, how: How = How.EXACT) -> Replayed:
        entry = await self._letting.begin(turn)
        return Replayed(kept, how, entry, turn.plan.key, turn.decision, self._keeping.found)


def _whole(turn: Turn, answered: Answered) -> Kept:
    """A whole answer as it is kept; taken apart for a route that composes its own."""
    reply = answered.reply
    composed = reply.response if turn.envelope.dialect is Dialect.NATIVE else None
    said = "" if turn.plan.meaning is None else reply.heard().text[:MOST_SAID]
    return Kept.of(answered.settled, reply.losses, said=said, body=reply.body, response=composed)
