"""Admission where one process counts for itself; the memory twin."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from baton.catalog.lookup import Offer
from baton.catalog.prices import Prices
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.request import Outline
from baton.gateway.admission.accounts import Account, Accounts, Hold
from baton.gateway.admission.admission import NO_MATTER, PATIENCE_S, Admission, Books, Quote, Watch
from baton.gateway.admission.admitted import Admitted, Ticket
from baton.gateway.admission.budgets import Debits
from baton.gateway.admission.limits import Tokens
from baton.gateway.admission.passages import Passages
from baton.gateway.admission.refusals import too_dear
from baton.gateway.admission.worth import ErrandWorth, Worth
from baton.gateway.routing.decision import Decision


class MemoryAdmission(Admission):
    """Holds and settles, for all requests of a process."""

    def __init__(
        self,
        passages: Passages,
        accounts: Accounts,
        books: Books,
        assumed: Callable[[Offer], Prices | None],
        watch: Watch,
        clock: Clock,
    ) -> None:
        """As `Admission`."""
        super().__init__(passages, books, assumed, watch, clock, accounts)
        self._passages = passages
        self._own = accounts
        self._waiting: list[asyncio.Future[None]] = []

    def enter(self, caller: Caller, request: Outline, decision: Decision, id: str) -> Admitted:
        """As `Admission.enter`."""
        passage = self._passages.enter(caller, Tokens(decision.input_tokens, decision.output_tokens))
        return Admitted(self, caller, request, decision.ask, passage, id)

    async def ticket(self, admitted: Admitted, offer: Offer, *, patient: bool) -> Ticket:
        """As `Admission.ticket`."""
        if not self._books.is_ready:
            await self._books.ready()
        quote = self._quote(admitted, offer)
        if admitted.ask.terms.max_cost_nanos is None:
            priced, debits, worth = quote
            most_nanos = worth.most_nanos
            hold = self._own.take_easily(
                debits.accounts, most_nanos, most_nanos if worth.said else most_nanos * NO_MATTER
            )
            if hold is not None:  # nearly always
                return Ticket(priced, most_nanos, None, partial(self._settle, debits, hold))
        return await self._patiently(admitted, quote, patient=patient)

    async def _patiently(self, admitted: Admitted, quote: Quote, *, patient: bool) -> Ticket:
        """A ticket where money is short: of what is left, or of what others give back in time."""
        priced, debits, worth = quote
        left_nanos = admitted.left_nanos
        if left_nanos is not None and left_nanos < worth.least_nanos:
            raise too_dear(priced.offer, left_nanos)
        until_s = self._clock.monotonic() + PATIENCE_S
        while True:
            wanted, bound = self._wish(worth, debits.accounts)
            if left_nanos is not None and wanted > left_nanos:
                wanted, bound = left_nanos, worth.tokens_for(left_nanos)
            hold = self._own.take(debits.accounts, wanted, worth.least_nanos)
            if isinstance(hold, Hold):
                if hold.nanos < wanted:
                    bound = worth.tokens_for(hold.nanos)
                return Ticket(priced, hold.nanos, bound, partial(self._settle, debits, hold))
            now_s = self._clock.monotonic()
            if not (patient and hold.may_be_freed and now_s < until_s):
                raise self._over_budget(hold, debits)
            await self._freed(until_s - now_s)

    def _settle(self, debits: Debits, hold: Hold, cost_nanos: int) -> None:
        """End a hold; those who wait for money look again."""
        self._own.settle(hold, cost_nanos)
        if cost_nanos:
            for debit, balance in zip(debits.each, hold.balances, strict=True):
                if balance.settled >= debit.warn_nanos:
                    self._runs_out(debit, balance.settled)
            if cost_nanos > hold.nanos:
                self._watch.overshot(debits.each, cost_nanos - hold.nanos)
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    def _wish(self, worth: Worth | ErrandWorth, accounts: Sequence[Account]) -> tuple[int, int | None]:
        """What to hold, and what to bound the answer to."""
        most = worth.most_nanos
        if isinstance(worth, ErrandWorth) or worth.said:
            return most, None
        free = self._own.least_free(accounts)
        if free is None or most * NO_MATTER <= free:
            return most, None
        usual = worth.usual_tokens(self.lengths)
        return worth.nanos(usual), usual

    async def _freed(self, within_s: float) -> None:
        """Wait until somebody has settled, or for so long."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            async with asyncio.timeout(within_s):
                await future
        except TimeoutError:
            if future in self._waiting:
                self._waiting.remove(future)
