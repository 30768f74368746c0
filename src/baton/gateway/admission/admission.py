"""Admitting calls: what each may cost is held before it is made, and settled when it has ended."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from baton.catalog.lookup import Offer
from baton.catalog.prices import FREE, Prices
from baton.catalog.pricing import cost
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import OverBudget, Unservable
from baton.core.failures import Failure, Kind
from baton.core.money import usd_text
from baton.core.request import Outline
from baton.core.usage import Usage
from baton.gateway.admission.accounts import Account, Accounts, Hold, Short
from baton.gateway.admission.budgets import OF_MODELS, AtLimit, BudgetBook, Debit, Debits, Scope
from baton.gateway.admission.limits import Tokens
from baton.gateway.admission.passages import Passage, Passages
from baton.gateway.admission.periods import Period
from baton.gateway.admission.spent import Spent
from baton.gateway.admission.worth import LEAST_USUAL, ErrandWorth, Lengths, Worth, worth_of
from baton.gateway.routing.decision import Ask, Decision
from baton.upstream.route import Route

PATIENCE_S = 2.0
"""How long a call waits for others to settle, where nothing is left but they hold some."""

_OWN = frozenset({Scope.USER, Scope.KEY, Scope.PROJECT})
"""Whose sums their owners may know."""

_WHOSE = {
    Scope.ALL: "everybody",
    Scope.USER: "this user",
    Scope.KEY: "this key",
    Scope.TIER: "this tier",
    Scope.PROJECT: "this project",
    Scope.PROVIDER: "this provider",
    Scope.MODEL: "this model",
}
_PERIODS = {Period.DAY: "daily", Period.MONTH: "monthly", Period.LIFETIME: "lifetime"}
_NO_MATTER = 100
"""A hold of at most one part in so many of what is free binds nobody."""


class Watch(Protocol):
    """Learns of budgets that run out; called on a request's path, takes note in microseconds."""

    def settled(self, debit: Debit, settled_nanos: int) -> None:
        """A call was charged to it."""
        ...

    def overshot(self, debits: Sequence[Debit], over_nanos: int) -> None:
        """A call has cost more than was held for it."""
        ...


class Books(Protocol):
    """The budgets in force, and whether it is known what was spent of them."""

    @property
    def book(self) -> BudgetBook:
        """Which budgets a call concerns."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether accounts know what was spent before this process began."""
        ...

    @property
    def spent(self) -> Spent:
        """Which models and providers have nothing left of their own."""
        ...

    async def ready(self) -> None:
        """Return once they do. Raises Unavailable: that takes too long."""
        ...


class Ticket:
    """One attempt's hold; the first word about what it cost counts."""

    __slots__ = ("_admission", "_debits", "_hold", "_open", "_prices", "held_nanos", "most_tokens", "offer")

    def __init__(
        self, admission: "Admission", priced: "Priced", debits: Debits, hold: Hold, most_tokens: int | None
    ) -> None:
        """`most_tokens`: what the answer is bounded to; None: to nothing but what was asked for."""
        self._admission = admission
        self._debits = debits
        self._hold = hold
        self._open = True
        self.offer, self._prices = priced
        self.held_nanos = hold.nanos
        """What may be spent, nano-USD."""
        self.most_tokens = most_tokens

    def settle(self, cost_nanos: int | None, usage: Usage, *, told: bool = True) -> int:
        """It has ended; returns what was counted, nano-USD. `cost_nanos` None: no price is known; then what
        it used is counted at the assumed one. `told`: whether anybody said how much that is; else it may be
        all that was held."""
        if not self._open:
            return 0
        self._open = False
        if cost_nanos is None:
            counted = cost(usage, self._prices).total if told else None
            cost_nanos = self.held_nanos if counted is None else counted
        self._admission.settle(self._debits, self._hold, cost_nanos)
        return cost_nanos

    def release(self) -> None:
        """Nothing was asked for it."""
        self.settle(0, Usage())


class Priced(NamedTuple):
    """A model, and what a call of it is held for and counted at."""

    offer: Offer
    prices: Prices


class Admitted:
    """One request on its way: each of its attempts is held for, and counted in the limits of its route."""

    __slots__ = ("_admission", "_ended", "_first", "_passage", "ask", "caller", "request", "spent_nanos")

    def __init__(
        self, admission: "Admission", caller: Caller, request: Outline, ask: Ask, passage: Passage
    ) -> None:
        self._passage = passage
        self._admission = admission
        self.caller = caller
        self.request = request
        self.ask = ask
        self._ended = False
        self._first: Ticket | None = None
        self.spent_nanos = 0
        """What its attempts have cost so far."""

    @property
    def left_nanos(self) -> int | None:
        """What the request itself may still cost; None: it names no most."""
        most = self.ask.terms.max_cost_nanos
        return None if most is None else most - self.spent_nanos

    async def begin(self, offer: Offer, *, patient: bool = True) -> None:
        """Hold what an attempt at a model may cost, before anything is written down.

        Raises:
            OverBudget: a budget has too little left.
        """
        self._first = await self._admission.ticket(self, offer, patient=patient)

    async def ticket(self, route: Route, offer: Offer) -> Ticket | Failure:
        """For the next attempt: the one that was begun with, or another; why it is not to be made, where a
        limit of its route or a budget is spent."""
        passage = self._passage
        passage.spare()
        if passage.limited(route, offer):
            spent = passage.take(route, offer, Tokens(self.ask.tokens_for(offer), self.ask.output_tokens))
            if spent is not None:
                return spent
        first, self._first = self._first, None
        if first is not None:
            if first.offer is offer:
                return first
            first.release()
        try:
            return await self._admission.ticket(self, offer, patient=True)
        except (OverBudget, Unservable) as error:
            passage.spare()
            return Failure(kind=Kind.OVER_BUDGET, message=error.message, unasked=True)

    @property
    def held_nanos(self) -> int:
        """What the first attempt may cost, as long as it is not made, nano-USD."""
        return 0 if self._first is None else self._first.held_nanos

    def attempted(self, usage: Usage, cost_nanos: int) -> None:
        """The attempt has ended, and used so much."""
        self._passage.attempted(usage.total)
        self.spent_nanos += cost_nanos

    def made_in(self, offer: Offer, seconds: float, bound: int | None) -> int:
        """Tokens that a model is likely to have made of a whole answer in such a time: at most as many as it
        was asked for, or are usual."""
        request, lengths = self.request, self._admission.lengths
        most = bound or request.max_tokens
        if most is None:
            most = max(lengths.usual(offer.id, request.options.use_case) or 0, LEAST_USUAL)
        return min(lengths.made_in(offer.id, seconds), most) * request.answers

    def saw(self, offer: Offer, usage: Usage, seconds: float) -> None:
        """An answer was so long, and came in such a time."""
        if not usage.estimated:
            self._admission.lengths.took(offer.id, usage.completion, seconds)
            self._admission.lengths.saw(offer.id, self.request.options.use_case, usage.completion)

    def end(self) -> None:
        """No attempt will be made any more. Once is enough."""
        if self._ended:
            return
        self._ended = True
        if self._first is not None:
            self._release()
        self._passage.end()

    def withdraw(self) -> None:
        """No attempt was made, and none will be: it counts for nothing."""
        self._ended = True
        self._release()
        self._passage.withdraw()

    def _release(self) -> None:
        first, self._first = self._first, None
        if first is not None:
            first.release()


class Admission:
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
        """`assumed`: what a call is counted at where its price is unknown; None: nobody can say."""
        self.lengths = Lengths()
        self._passages = passages
        self._accounts = accounts
        self._books = books
        self._assumed = assumed
        self._watch = watch
        self._clock = clock
        self._waiting: list[asyncio.Future[None]] = []

    def enter(self, caller: Caller, request: Outline, decision: Decision) -> Admitted:
        """Let a request in by its caller's limits; no money is held yet.

        Raises:
            OverLimit: one of them is spent, or a penalty lasts.
        """
        passage = self._passages.enter(caller, Tokens(decision.input_tokens, decision.output_tokens))
        return Admitted(self, caller, request, decision.ask, passage)

    def turned_away(self, caller: Caller) -> None:
        """Count a request that nothing can serve.

        Raises:
            OverLimit: one more is more than the caller's limits allow, or a penalty lasts.
        """
        self._passages.count(caller)

    async def wait(
        self, caller: Caller, request: Outline, decision: Decision, ends_s: float | None
    ) -> Admitted:
        """As `enter`, for a request that would rather wait than be refused. `ends_s`: when its caller's
        patience ends, on the monotonic clock; None: no time is named."""
        tokens = Tokens(decision.input_tokens, decision.output_tokens)
        passage = await self._passages.wait(caller, tokens, ends_s)
        return Admitted(self, caller, request, decision.ask, passage)

    async def ticket(self, admitted: Admitted, offer: Offer, *, patient: bool) -> Ticket:
        """Hold what an attempt at a model may cost. `patient`: wait where others are about to settle.

        Raises:
            OverBudget: a budget has too little left, also after the wait, or the request's own most.
            Unservable: a budget is to hold for a model whose price nobody knows.
            Unavailable: what was spent before cannot be read.
        """
        if not self._books.is_ready:
            await self._books.ready()
        now_ms = int(self._clock.wall() * 1000)
        debits = self._books.book.of(admitted.caller, admitted.request.options.project, offer, now_ms)
        prices = offer.prices or (self._assumed(offer) if debits.each else FREE)
        if prices is None:
            raise _unpriced(offer)
        priced = Priced(offer, prices)
        worth = worth_of(admitted.request, admitted.ask, offer, prices)
        if admitted.ask.terms.max_cost_nanos is None:
            most_nanos = worth.most_nanos
            hold = self._accounts.take_easily(
                debits.accounts, most_nanos, most_nanos if worth.said else most_nanos * _NO_MATTER
            )
            if hold is not None:  # nearly always
                return Ticket(self, priced, debits, hold, None)
        return await self._patiently(admitted, priced, worth, debits, patient=patient)

    async def _patiently(
        self,
        admitted: Admitted,
        priced: Priced,
        worth: Worth | ErrandWorth,
        debits: Debits,
        *,
        patient: bool,
    ) -> Ticket:
        """A ticket where money is short: of what is left, or of what others give back in time."""
        left_nanos = admitted.left_nanos
        if left_nanos is not None and left_nanos < worth.least_nanos:
            raise _too_dear(priced.offer, left_nanos)
        until_s = self._clock.monotonic() + PATIENCE_S
        while True:
            wanted, bound = self._wish(worth, debits.accounts)
            if left_nanos is not None and wanted > left_nanos:
                wanted, bound = left_nanos, worth.tokens_for(left_nanos)
            hold = self._accounts.take(debits.accounts, wanted, worth.least_nanos)
            if isinstance(hold, Hold):
                if hold.nanos < wanted:
                    bound = worth.tokens_for(hold.nanos)
                return Ticket(self, priced, debits, hold, bound)
            now_s = self._clock.monotonic()
            if not (patient and hold.may_be_freed and now_s < until_s):
                raise self._over_budget(hold, debits)
            await self._freed(until_s - now_s)

    @property
    def spent(self) -> Spent:
        """Which models and providers have nothing left of their own."""
        return self._books.spent

    def _over_budget(self, short: Short, debits: Debits) -> OverBudget:
        debit = next(each for each in debits.each if each.account is short.account)
        self._books.spent.note(debit)
        return over_budget(short, debit)

    def settle(self, debits: Debits, hold: Hold, cost_nanos: int) -> None:
        """End a hold; those who wait for money look again."""
        self._accounts.settle(hold, cost_nanos)
        if cost_nanos:
            for debit, balance in zip(debits.each, hold.balances, strict=True):
                if balance.settled >= debit.warn_nanos:
                    self._watch.settled(debit, balance.settled)
                    self._books.spent.look(debit)
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
        free = self._accounts.least_free(accounts)
        if free is None or most * _NO_MATTER <= free:
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


def _too_dear(offer: Offer, left_nanos: int) -> OverBudget:
    return OverBudget(
        f"{offer.id} cannot answer for the {usd_text(max(left_nanos, 0))} USD that are left of what the"
        " request may cost at most.",
        code="max_cost_exceeded",
    )


def _unpriced(offer: Offer) -> Unservable:
    """Where a budget is to hold and nobody knows the price (decision 3)."""
    reason = "no price is known for it, nor for any other model of its provider"
    return Unservable(
        f"{offer.id} cannot be asked: budgets are to hold, and {reason}.", {offer.id: reason}, code="unpriced"
    )


def over_budget(short: Short, debit: Debit) -> OverBudget:
    """What a caller is told whom a budget refuses."""
    budget = debit.budget
    ends_ms = debit.account.until_ms
    left = "too little left"
    if budget.scope in _OWN:
        left = f"{usd_text(max(short.free_nanos, 0))} of {budget.limit_usd} USD left, too little"
    return OverBudget(
        f"The {_PERIODS[budget.period]} budget of {_WHOSE[budget.scope]} ({budget.name}) has {left} for"
        " this request.",
        downgrades=budget.at_limit is AtLimit.DOWNGRADE,
        ends_ms=ends_ms,
        spent=debit.subject if budget.scope in OF_MODELS else None,
    )
