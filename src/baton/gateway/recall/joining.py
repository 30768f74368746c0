"""Equal requests at once, in one process: one is asked, the others wait for it or read its stream along."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from baton.core.clock import Clock
from baton.core.errors import AllAttemptsFailed, Refused
from baton.core.failures import Failure, Kind
from baton.gateway.cache.exact.flights import Flight, Flights
from baton.gateway.cache.exact.kept import How
from baton.gateway.cache.rules import Semantic
from baton.gateway.recall.joined import Lead
from baton.gateway.recall.keeping import Keeping
from baton.gateway.recall.letting import Letting
from baton.gateway.recall.turn import Turn
from baton.gateway.resilience.course import Hope

MOST_LEADERS = 3
"""How many are asked one after the other for those who wait, before the failure is theirs too."""

_LATE = Failure(kind=Kind.DEADLINE, message="An equal request is still being answered.")


class Joining:
    """Finds out for each request whether it leads, and waits."""

    def __init__(self, keeping: Keeping, letting: Letting, clock: Clock) -> None:
        self._keeping = keeping
        self._letting = letting
        self._clock = clock
        self.flights: Flights[Lead] = Flights()

    async def fly(
        self, turn: Turn, lead: Callable[[Lead], Awaitable[None]], hope: Hope | None
    ) -> tuple[Flight[Lead], bool]:
        """The flight that answers a request, once it is whole or has said something, and whether it leads it.

        Raises:
            Refused, AllAttemptsFailed: its own flight's, or those of all that it waited for.
        """
        failed, joins = 0, turn.plan.reads
        while True:
            flight = self.flights.under_way(turn.plan.key) if joins else None
            if flight is not None and flight.shared.tee.error is not None:
                flight = None  # it has broken, and is about to end
            leads = flight is None
            if flight is None:
                shared = Lead(hope or Hope())
                shared.hope.of = None
                # Who asks for itself is not to take the place of one that others wait for.
                key = turn.plan.key if joins else f"{turn.plan.key}/{turn.arrival.id}"
                flight = self.flights.begin(key, shared, partial(shared.lead, lead))
            elif hope is not None:
                hope.of = flight.shared.hope
            flight.waiting += 1
            error = None
            try:
                await self._come_so_far(flight.shared, turn, leads=leads)
                error = flight.shared.error
            except BaseException:
                await self.flights.leave(flight)
                raise
            if error is None and (leads or self._served(turn, flight.shared)):
                return flight, leads
            await self.flights.leave(flight)
            if error is None:
                joins = False  # that one may go on for long, and is not for this request
                continue
            if leads:
                raise error
            if isinstance(error, Refused) or _own_deadline(error):
                continue  # what was the other's need not be one's own
            failed += 1
            if failed >= MOST_LEADERS or not _may_help(error):
                await self._letting.fail(turn, error)

    def _served(self, turn: Turn, shared: Lead) -> bool:
        """Whether what the one that leads is given may be given to this one, too."""
        if shared.how is How.SEMANTIC:
            meaning = turn.plan.meaning
            if meaning is None or meaning.semantic is not Semantic.ON:
                return False
        if shared.streaming is not None:
            return self._keeping.may_serve(turn, *shared.streaming.served_by)
        return shared.kept is not None and self._keeping.may_have(turn, shared.kept)

    async def _come_so_far(self, shared: Lead, turn: Turn, *, leads: bool) -> None:
        """Wait until a flight is whole, has said something or has failed; who follows, to their deadline."""
        ends_s = turn.ends_s
        if leads or ends_s is None:
            await asyncio.shield(shared.begun)
            return
        try:
            async with asyncio.timeout(max(0.0, ends_s - self._clock.monotonic())):
                await asyncio.shield(shared.begun)
        except TimeoutError:
            await self._letting.fail(turn, late(turn))


def late(turn: Turn) -> AllAttemptsFailed:
    """Its time is over, and who was asked for it has not answered."""
    took_ms = int((turn.envelope.options.timeout_s or 0) * 1000)
    return AllAttemptsFailed([(turn.decision.chosen.offer.id, _LATE, took_ms)])


def _own_deadline(error: BaseException) -> bool:
    """Whether the one that was asked had less time than others may have."""
    return isinstance(error, AllAttemptsFailed) and error.failure.kind is Kind.DEADLINE


def _may_help(error: BaseException) -> bool:
    """Whether somebody else's attempt may not fail."""
    return isinstance(error, AllAttemptsFailed) and error.failure.rule.falls_back
