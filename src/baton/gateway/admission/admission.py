"""Admitting requests: limits are claimed and money is held before a call, and settled when it has ended."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from baton.catalog.lookup import Offer
from baton.catalog.prices import FREE, Prices
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import OverBudget
from baton.core.request import Outline
from baton.gateway.admission.accounts import Short, Tills
from baton.gateway.admission.admitted import Admitted, Priced, Ticket
from baton.gateway.admission.budgets import BudgetBook, Debit, Debits
from baton.gateway.admission.limits import NO_PLAN, Tokens
from baton.gateway.admission.passages import Gate, Passage
from baton.gateway.admission.refusals import over_budget, unpriced
from baton.gateway.admission.spent import Spent
from baton.gateway.admission.worth import ErrandWorth, Lengths, Worth, worth_of
from baton.gateway.routing.decision import Decision

PATIENCE_S = 2.0
"""How long a call waits for others to settle, where nothing is left but they hold some."""

NO_MATTER = 100
"""A hold of at most one part in so many of what is free binds nobody."""


_NEAR_ITS_END = 0.8
"""The share of a budget from which cost weighs more."""


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


class Quote(NamedTuple):
    """What a call of a model may cost, and who pays for it."""

    priced: Priced
    debits: Debits
    worth: Worth | ErrandWorth


class Admission(ABC):
    """Holds and settles. Its kinds know where what is counted lies: here, or where other processes see it."""

    def __init__(
        self,
        gate: Gate,
        books: Books,
        assumed: Callable[[Offer], Prices | None],
        watch: Watch,
        clock: Clock,
        accounts: Tills,
    ) -> None:
        """`assumed`: what a call is counted at where its price is unknown; None: nobody can say.
        `accounts`: what was spent, as far as this process knows."""
        self._accounts = accounts
        self.lengths = Lengths()
        self._gate = gate
        self._books = books
        self._assumed = assumed
        self._watch = watch
        self._clock = clock

    @abstractmethod
    def enter(self, caller: Caller, request: Outline, decision: Decision, id: str) -> Admitted:
        """Let a request in by its caller's limits; no money is held yet. `id`: of its interaction.

        Raises:
            OverLimit: one of them is spent, or a penalty lasts; where that is only found out with the first
                ticket, that raises it.
        """

    def beside(self, caller: Caller, request: Outline, decision: Decision, id: str) -> Admitted:
        """Let in what is asked for the sake of a request of the same caller: that one counts in their limits,
        this one in none; what it costs is held as ever."""
        return Admitted(self, caller, request, decision.ask, Passage(self._gate, NO_PLAN, None), id)

    async def turned_away(self, caller: Caller) -> None:
        """Count a request that nothing can serve.

        Raises:
            OverLimit: one more is more than the caller's limits allow, or a penalty lasts.
        """
        await self._gate.count(caller)

    async def wait(
        self, caller: Caller, request: Outline, decision: Decision, id: str, ends_s: float | None
    ) -> Admitted:
        """As `enter`, for a request that would rather wait than be refused. `ends_s`: when its caller's
        patience ends, on the monotonic clock; None: no time is named."""
        tokens = Tokens(decision.input_tokens, decision.output_tokens)
        passage = await self._gate.wait(caller, tokens, ends_s)
        return Admitted(self, caller, request, decision.ask, passage, id)

    async def claim(self, admitted: Admitted) -> None:
        """Claim what a request takes of its caller's limits that will cost nothing.

        Raises:
            OverLimit: as `enter`, where that is only found out now.
        """
        del admitted

    @abstractmethod
    async def ticket(self, admitted: Admitted, offer: Offer, *, patient: bool) -> Ticket:
        """Hold what an attempt at a model may cost. `patient`: wait where others are about to settle.

        Raises:
            OverBudget: a budget has too little left, also after the wait, or the request's own most.
            OverLimit: as `enter`.
            Elsewhere: others have the answer that it looks for; nothing is held.
            Unservable: a budget is to hold for a model whose price nobody knows.
            Unavailable: what was spent before cannot be read.
        """

    @property
    def spent(self) -> Spent:
        """Which models and providers have nothing left of their own."""
        return self._books.spent

    def pressure(self, caller: Caller, project: str | None) -> float:
        """How near a budget of a caller's is to its end, whichever model is asked: 0 up to 80 % of it, 1
        where it is spent. A look-up; nobody waits for who knows better."""
        now_ms = int(self._clock.wall() * 1000)
        most = 0.0
        for debit in self._books.book.of(caller, project, None, now_ms).each:
            cap_nanos = debit.account.cap_nanos
            spent = self._accounts.settled(debit.account.key) / cap_nanos if cap_nanos else 1.0
            most = max(most, (spent - _NEAR_ITS_END) / (1 - _NEAR_ITS_END))
        return min(1.0, most)

    def _quote(self, admitted: Admitted, offer: Offer) -> Quote:
        """What a call may cost, and who pays. Raises Unservable: nobody knows."""
        now_ms = int(self._clock.wall() * 1000)
        debits = self._books.book.of(admitted.caller, admitted.request.options.project, offer, now_ms)
        prices = offer.prices or (self._assumed(offer) if debits.each else FREE)
        if prices is None:
            raise unpriced(offer)
        return Quote(Priced(offer, prices), debits, worth_of(admitted.request, admitted.ask, offer, prices))

    def _over_budget(self, short: Short, debits: Debits) -> OverBudget:
        debit = next(each for each in debits.each if each.account is short.account)
        self._books.spent.note(debit)
        return over_budget(short, debit)

    def _runs_out(self, debit: Debit, settled_nanos: int) -> None:
        """A call was charged to an account of which much is spent."""
        self._watch.settled(debit, settled_nanos)
        self._books.spent.look(debit)
