"""Admission where several processes count together: windows and money in one step of Redis's."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from baton.catalog.lookup import Offer
from baton.catalog.prices import Prices
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import OverBudget, Unservable
from baton.core.request import Outline
from baton.gateway.admission.accounts import Short
from baton.gateway.admission.admission import NO_MATTER, PATIENCE_S, Admission, Books, Quote, Watch
from baton.gateway.admission.admitted import Admitted, Elsewhere, Ticket
from baton.gateway.admission.budgets import Debits
from baton.gateway.admission.limits import Tokens
from baton.gateway.admission.look import Verdict
from baton.gateway.admission.refusals import too_dear
from baton.gateway.admission.shared.counters import Held, Wish
from baton.gateway.admission.shared.member import Member
from baton.gateway.admission.shared.passages import SharedPassages
from baton.gateway.admission.shared.tills import SharedTills
from baton.gateway.admission.worth import Worth
from baton.gateway.routing.decision import Decision

_PAUSE_S = 0.05
"""Between two looks at accounts of which others hold some."""


class SharedAdmission(Admission):
    """Holds and settles, for all requests of a process among several."""

    def __init__(
        self,
        passages: SharedPassages,
        member: Member,
        tills: SharedTills,
        books: Books,
        assumed: Callable[[Offer], Prices | None],
        watch: Watch,
        clock: Clock,
    ) -> None:
        """As `Admission`. `tills`: learns of what settlements came to."""
        super().__init__(passages, books, assumed, watch, clock, tills)
        self._passages = passages
        self._member = member
        self._tills = tills
        self._numbers = count()

    def enter(self, caller: Caller, request: Outline, decision: Decision, id: str) -> Admitted:
        """As `Admission.enter`; nothing is claimed before the first ticket."""
        passage = self._passages.outside(caller, Tokens(decision.input_tokens, decision.output_tokens))
        return Admitted(self, caller, request, decision.ask, passage, id)

    async def claim(self, admitted: Admitted) -> None:
        """As `Admission.claim`: in the one step that a ticket takes, without its money."""
        await self._passages.enter(admitted.caller, admitted.passage, None)

    async def ticket(self, admitted: Admitted, offer: Offer, *, patient: bool) -> Ticket:
        """As `Admission.ticket`."""
        if not self._books.is_ready:
            await self._books.ready()
        try:
            quote = self._quote(admitted, offer)
            left_nanos = admitted.left_nanos
            if left_nanos is not None and left_nanos < quote.worth.least_nanos:
                raise too_dear(offer, left_nanos)
        except (OverBudget, Unservable):
            if admitted.passage.unclaimed is not None:  # it was a request all the same
                await self._passages.enter(admitted.caller, admitted.passage, None)
            raise
        return await self._held(admitted, quote, left_nanos, patient=patient)

    async def _held(
        self, admitted: Admitted, quote: Quote, left_nanos: int | None, *, patient: bool
    ) -> Ticket:
        """A ticket of what is free, or of what others give back in time."""
        priced, debits, worth = quote
        usual, usual_tokens = worth.most_nanos, None
        easy = usual
        if isinstance(worth, Worth) and not worth.said:
            usual_tokens = worth.usual_tokens(self.lengths)
            usual, easy = worth.nanos(usual_tokens), usual * NO_MATTER
        until_s = self._clock.monotonic() + PATIENCE_S
        while True:
            wish = None
            if debits.accounts:
                wish = Wish(
                    name=f"{admitted.id}/{next(self._numbers)}",
                    accounts=debits.accounts,
                    most=_at_most(worth.most_nanos, left_nanos),
                    easy=easy,
                    usual=_at_most(usual, left_nanos),
                    least=worth.least_nanos,
                )
            found = await self._entered(admitted, wish)
            if found is None:
                nanos = _at_most(worth.most_nanos, left_nanos)
                bound = None if nanos == worth.most_nanos else worth.tokens_for(nanos)
                return Ticket(priced, nanos, bound, _nothing)
            if isinstance(found, Held):
                bound = None
                if found.nanos != worth.most_nanos:
                    bound = usual_tokens if found.nanos == usual else worth.tokens_for(found.nanos)
                return Ticket(priced, found.nanos, bound, partial(self._settle, debits, found))
            now_s = self._clock.monotonic()
            if not (patient and found.may_be_freed and now_s < until_s):
                raise self._short(found, debits)
            await asyncio.sleep(min(_PAUSE_S, until_s - now_s))

    async def _entered(self, admitted: Admitted, wish: Wish | None) -> Held | Short | None:
        """What is held of a wish, once it is known that nobody else asks for the same.

        Raises:
            Elsewhere: somebody has the answer.
        """
        while True:
            look = admitted.look
            order = None if look is None else look.order()
            passed = await self._passages.enter(admitted.caller, admitted.passage, wish, order)
            if look is None or order is None:
                return passed.money
            match await look.hear(passed.seen):
                case Verdict.ASK:
                    return passed.money
                case Verdict.THERE:
                    raise Elsewhere(admitted)
                case Verdict.AGAIN:
                    pass

    def _short(self, short: Short, debits: Debits) -> OverBudget:
        free = short.account.cap_nanos - self._tills.settled(short.account.key)
        if not short.may_be_freed and short.free_nanos < free:
            self._tills.heard(short.account.key, short.account.cap_nanos - short.free_nanos)
        return self._over_budget(short, debits)

    def _settle(self, debits: Debits, held: Held, cost_nanos: int) -> None:
        """End a hold; who is to be warned is told when Redis has counted it."""
        self._member.ends(held, cost_nanos, partial(self._told, debits) if cost_nanos else None)
        if cost_nanos > held.nanos:
            self._watch.overshot(debits.each, cost_nanos - held.nanos)

    def _told(self, debits: Debits, settled_nanos: Sequence[int]) -> None:
        for debit, nanos in zip(debits.each, settled_nanos, strict=True):
            self._tills.heard(debit.account.key, nanos)
            if nanos >= debit.warn_nanos:
                self._runs_out(debit, nanos)


def _at_most(nanos: int, left_nanos: int | None) -> int:
    return nanos if left_nanos is None else min(nanos, left_nanos)


def _nothing(cost_nanos: int) -> None:
    """No account pays."""
