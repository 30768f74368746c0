"""Requests that may be answered with what an equal one was answered, or is just being answered."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.dialect import Dialect
from baton.core.errors import AllAttemptsFailed, Refused
from baton.core.failures import Failure, Kind
from baton.core.losses import Feature
from baton.core.request import Envelope
from baton.gateway.admission.admission import Admission
from baton.gateway.answered import Answered
from baton.gateway.cache.cache import Cache
from baton.gateway.cache.exact.flights import Flight, Flights
from baton.gateway.cache.exact.kept import How, Kept
from baton.gateway.cache.exact.plan import Plan
from baton.gateway.entry import Entry
from baton.gateway.joined import Followed, Lead, Led, Replayed, Underway
from baton.gateway.opening import Arrival, Openings
from baton.gateway.resilience.course import Hope
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.live import LiveRouter
from baton.gateway.streaming import Streaming
from baton.ledger.rows import Settled
from baton.upstream.dialects.codec import Glance
from baton.upstream.replies import Reply

MOST_LEADERS = 3
"""How many are asked one after the other for those who wait, before the failure is theirs too."""

_GOOD = frozenset(
    {
        *("stop", "length", "tool_calls", "function_call", "eos", "model_length"),
        *("end_turn", "stop_sequence", "max_tokens", "tool_use"),
        *("STOP", "MAX_TOKENS", "completed", "max_output_tokens"),
    }
)
"""Finishes of answers that would end so again: no filter's, no failure's, and none that is not known."""

_CUT = frozenset({"length", "model_length", "max_tokens", "MAX_TOKENS", "max_output_tokens"})
"""Finishes of answers that came to their limit of tokens."""

_LATE = Failure(kind=Kind.DEADLINE, message="An equal request is still being answered.")


class Turn(Struct, frozen=True):
    """One request that takes part."""

    caller: Caller
    envelope: Envelope
    arrival: Arrival
    decision: Decision
    plan: Plan
    generation: int
    """Of the store, when it came."""


class Recalling:
    """Looks up, joins, and keeps."""

    def __init__(
        self,
        cache: Cache,
        router: LiveRouter,
        admission: Admission,
        openings: Openings,
        clock: Clock,
    ) -> None:
        self._planner = cache.planner
        self._store = cache.store
        self._savings = cache.savings
        self._router = router
        self._admission = admission
        self._openings = openings
        self._clock = clock
        self._flights: Flights[Lead] = Flights()

    def wanted(self, envelope: Envelope) -> bool:
        """Whether a request takes part; a look at a few fields."""
        return self._planner.wanted(envelope)

    async def answer(
        self, caller: Caller, envelope: Envelope, arrival: Arrival, ask: Callable[[], Awaitable[Answered]]
    ) -> Answered:
        """A whole answer: one that is kept, one that is waited for, or a new one that others may wait for.

        Raises:
            Refused, AllAttemptsFailed: as whoever asks.
        """
        turn = await self._turn(caller, envelope, arrival)
        if turn is None:
            return await ask()
        if not turn.plan.reads:  # it is asked anew, whoever else asks
            answered = await ask()
            self._keep(turn, answered.settled, _whole(turn, answered))
            return answered
        kept = self._kept(turn)
        if kept is not None:
            return await self._given(turn, kept, How.EXACT)

        async def lead(shared: Lead) -> None:
            shared.answered = answered = await ask()
            self._keep(turn, answered.settled, _whole(turn, answered))

        flight, leads = await self._fly(turn, lead, None)
        answered = flight.shared.answered
        await self._flights.leave(flight)
        assert answered is not None
        if not leads:
            return await self._given(turn, _whole(turn, answered), How.DEDUP)
        self._savings.missed(envelope.options.use_case)
        return replace(answered, looked_up=True)

    async def stream(
        self,
        caller: Caller,
        envelope: Envelope,
        arrival: Arrival,
        hope: Hope | None,
        ask: Callable[[Hope | None], Awaitable[Streaming]],
    ) -> Underway:
        """The same as a stream: told again, read along, or begun.

        Raises:
            Refused, AllAttemptsFailed: as whoever asks.
        """
        turn = await self._turn(caller, envelope, arrival)
        if turn is None:
            return await ask(hope)

        async def lead(shared: Lead) -> None:
            await self._stream_on(turn, shared, await ask(shared.hope))

        if turn.plan.reads:
            kept = self._kept(turn)
            if kept is not None:
                return Replayed(kept, await self._begun(turn), turn.plan.key, turn.decision, self._found)
        flight, leads = await self._fly(turn, lead, hope)
        if leads:
            self._savings.missed(envelope.options.use_case)
            return Led(flight, self._flights)
        try:
            entry = await self._begun(turn)
        except BaseException:
            await self._flights.leave(flight)
            raise
        return Followed(flight, self._flights, entry, turn.plan.key, turn.decision, self._found)

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.close()

    async def _turn(self, caller: Caller, envelope: Envelope, arrival: Arrival) -> Turn | None:
        """Its part in this; None: it takes none."""
        try:
            decision = self._router.decide(caller, envelope)
        except Refused:
            await self._admission.turned_away(caller)
            raise
        plan = self._planner.plan(caller, envelope, decision)
        if plan is None:
            return None
        return Turn(caller, envelope, arrival, decision, plan, self._store.generation)

    def _kept(self, turn: Turn) -> Kept | None:
        """What is kept for it, by a model that may still serve it."""
        kept = self._store.get(turn.plan.key)
        return kept if kept is not None and self._may_serve(turn, kept.provider, kept.model) else None

    def _may_serve(self, turn: Turn, provider: str, model: str) -> bool:
        """Whether a model may answer a request: rows and rules may have changed, and who asks may have less
        rights than who asked."""
        name, decision = f"{provider}/{model}", turn.decision
        if name == decision.chosen.offer.id:
            return True
        router = self._router.current()
        offer = router.catalog.row(name)
        return offer is not None and router.reason_against(offer, decision.ask, decision.chosen.offer) is None

    async def _fly(
        self, turn: Turn, lead: Callable[[Lead], Awaitable[None]], hope: Hope | None
    ) -> tuple[Flight[Lead], bool]:
        """The flight that answers a request, once it is whole or has said something, and whether it leads it.

        Raises:
            Refused, AllAttemptsFailed: its own flight's, or those of all that it waited for.
        """
        failed, joins = 0, turn.plan.reads
        while True:
            flight = self._flights.under_way(turn.plan.key) if joins else None
            if flight is not None and flight.shared.tee.error is not None:
                flight = None  # it has broken, and is about to end
            leads = flight is None
            if flight is None:
                shared = Lead(hope or Hope())
                shared.hope.of = None
                # Who asks for itself is not to take the place of one that others wait for.
                key = turn.plan.key if joins else f"{turn.plan.key}/{turn.arrival.id}"
                flight = self._flights.begin(key, shared, partial(shared.lead, lead))
            elif hope is not None:
                hope.of = flight.shared.hope
            flight.waiting += 1
            error = None
            try:
                await self._come_so_far(flight.shared, turn, leads=leads)
                error = flight.shared.error
            except BaseException:
                await self._flights.leave(flight)
                raise
            if error is None and (leads or self._served(turn, flight.shared)):
                return flight, leads
            await self._flights.leave(flight)
            if error is None:
                joins = False  # that one may go on for long, and is not for this request
                continue
            if leads:
                raise error
            if isinstance(error, Refused) or _own_deadline(error):
                continue  # what was the other's need not be one's own
            failed += 1
            if failed >= MOST_LEADERS or not _may_help(error):
                await self._failed(turn, error)

    def _served(self, turn: Turn, shared: Lead) -> bool:
        """Whether who answers the one that is asked may answer this one, too."""
        if shared.streaming is not None:
            return self._may_serve(turn, *shared.streaming.served_by)
        settled = None if shared.answered is None else shared.answered.settled
        return settled is not None and self._may_serve(turn, settled.provider or "", settled.model or "")

    async def _come_so_far(self, shared: Lead, turn: Turn, *, leads: bool) -> None:
        """Wait until a flight is whole, has said something or has failed; who follows, to their deadline."""
        timeout_s = turn.envelope.options.timeout_s
        if leads or timeout_s is None:
            await asyncio.shield(shared.begun)
            return
        left_s = turn.arrival.started_s + timeout_s - self._clock.monotonic()
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                await asyncio.shield(shared.begun)
        except TimeoutError:
            took_ms = int(timeout_s * 1000)
            late = AllAttemptsFailed([(turn.decision.chosen.offer.id, _LATE, took_ms)])
            await self._failed(turn, late)

    async def _stream_on(self, turn: Turn, shared: Lead, streaming: Streaming) -> None:
        """Read a stream to its end for all who follow it, and keep it."""
        await shared.read(streaming, lambda settled: self._keep(turn, settled, shared.kept(settled)))

    async def _given(self, turn: Turn, kept: Kept, how: How) -> Answered:
        """An answer that somebody else paid for."""
        async with await self._entered(turn) as entry:
            settled = entry.settle_recalled(kept, how, turn.plan.key)
        self._found(turn.envelope.options.use_case, kept, settled)
        glance = Glance(
            id="",
            model=kept.model_version or kept.model,
            usage=kept.usage,
            finish=kept.finish,
            chars=kept.chars,
        )
        reply = Reply(kept.body, glance, {}, kept.losses, kept.response)
        return Answered(reply, settled, turn.decision, looked_up=True)

    async def _begun(self, turn: Turn) -> Entry:
        """The row of a stream that is told again or read along; whoever has the stream writes its end."""
        async with await self._entered(turn) as entry:
            entry.hand_over()
            return entry

    async def _failed(self, turn: Turn, error: BaseException) -> None:
        """The failure of whoever was waited for is one's own, and gets its row.

        Raises:
            BaseException: it.
        """
        async with await self._entered(turn):
            raise error

    async def _entered(self, turn: Turn) -> Entry:
        """Let a request in that costs nothing: by its caller's limits.

        Raises:
            OverLimit: one of them is spent.
            Unavailable: it could not be written down.
        """
        admitted = self._admission.enter(turn.caller, turn.envelope, turn.decision, turn.arrival.id)
        try:
            await self._admission.claim(admitted)
        except BaseException:
            admitted.end()
            raise
        return self._openings.open(
            turn.caller, turn.envelope, turn.decision, admitted, turn.arrival, free=True
        )

    def _keep(self, turn: Turn, settled: Settled, kept: Kept) -> None:
        """Keep an answer, unless the next one might be another."""
        served = f"{settled.provider}/{settled.model}"
        elsewhere = turn.decision.named and served != turn.decision.chosen.offer.id
        # Perhaps by what a budget had left at that moment: the next one may be longer.
        shortened = settled.finish in _CUT and Feature.MAX_TOKENS in kept.losses.features
        forgotten = turn.generation != self._store.generation  # while it was asked
        if not turn.plan.writes or elsewhere or shortened or forgotten or settled.status != "ok":
            return
        if settled.schema_violation is None and settled.finish in _GOOD:
            options = turn.envelope.options
            tags = tuple(f"{name}={value}" for name, value in options.tags.items())
            self._store.put(turn.plan, replace(kept, use_case=options.use_case, tags=tags))

    def _found(self, use_case: str | None, kept: Kept, settled: Settled) -> None:
        self._savings.found(use_case, How(settled.cache or How.EXACT), kept, settled.saved_ms)


def _whole(turn: Turn, answered: Answered) -> Kept:
    """A whole answer as it is kept; taken apart for a route that composes its own."""
    reply = answered.reply
    composed = reply.response if turn.envelope.dialect is Dialect.NATIVE else None
    return Kept.of(answered.settled, reply.losses, body=reply.body, response=composed)


def _own_deadline(error: BaseException) -> bool:
    """Whether the one that was asked had less time than others may have."""
    return isinstance(error, AllAttemptsFailed) and error.failure.kind is Kind.DEADLINE


def _may_help(error: BaseException) -> bool:
    """Whether somebody else's attempt may not fail."""
    return isinstance(error, AllAttemptsFailed) and error.failure.rule.falls_back
