"""One request on its way: what each of its attempts may cost is held before it is made, and settled after."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from baton.catalog.lookup import Offer
from baton.catalog.prices import Prices
from baton.catalog.pricing import cost
from baton.core.caller import Caller
from baton.core.errors import OverBudget, Unservable
from baton.core.failures import Failure, Kind
from baton.core.request import Outline
from baton.core.usage import Usage
from baton.gateway.admission.limits import Tokens
from baton.gateway.admission.look import Look
from baton.gateway.admission.passages import Passage
from baton.gateway.admission.worth import LEAST_USUAL, Lengths
from baton.gateway.routing.decision import Ask
from baton.upstream.route import Route


class Priced(NamedTuple):
    """A model, and what a call of it is held for and counted at."""

    offer: Offer
    prices: Prices


class Ticket:
    """One attempt's hold; the first word about what it cost counts.

    It is held until it is closed, also where its attempt has ended: should the process die before the next
    one, the journal tells of what was held, and nobody else may have spent it meanwhile.
    """

    __slots__ = ("_cost_nanos", "_open", "_prices", "_settle", "held_nanos", "most_tokens", "offer")

    def __init__(
        self, priced: Priced, held_nanos: int, most_tokens: int | None, settle: Callable[[int], None]
    ) -> None:
        """`most_tokens`: what the answer is bounded to; None: to nothing but what was asked for. `settle`:
        called once, with what it cost, nano-USD."""
        self._settle = settle
        self._open = True
        self._cost_nanos: int | None = None
        self.offer, self._prices = priced
        self.held_nanos = held_nanos
        """What may be spent, nano-USD."""
        self.most_tokens = most_tokens

    def charge(self, cost_nanos: int | None, usage: Usage, *, told: bool = True) -> int:
        """Its attempt has ended; returns what is counted, nano-USD. `cost_nanos` None: no price is known;
        then what it used is counted at the assumed one. `told`: whether anybody said how much that is; else
        it may be all that was held."""
        if self._cost_nanos is not None:
            return 0
        if cost_nanos is None:
            counted = cost(usage, self._prices).total if told else None
            cost_nanos = self.held_nanos if counted is None else counted
        self._cost_nanos = cost_nanos
        return cost_nanos

    def close(self) -> None:
        """What was charged is spent, the rest is free again; where nothing was asked for it, all of it."""
        if self._open:
            self._open = False
            self._settle(self._cost_nanos or 0)


class Elsewhere(Exception):
    """Others have the answer that a request asks for, or will not have it in time: it was let in, and holds
    no money."""

    def __init__(self, admitted: "Admitted") -> None:
        super().__init__()
        self.admitted = admitted
        """To be ended by who catches this."""


class Desk(Protocol):
    """Where tickets are had."""

    @property
    def lengths(self) -> Lengths:
        """How long answers have been of late."""
        ...

    async def ticket(self, admitted: "Admitted", offer: Offer, *, patient: bool) -> Ticket:
        """As `Admission.ticket`."""
        ...


class Admitted:
    """One request: each of its attempts is held for, and counted in the limits of its route."""

    __slots__ = (
        *("_desk", "_ended", "_first", "ask", "caller", "id", "look", "passage", "request"),
        "spent_nanos",
    )

    def __init__(
        self, desk: Desk, caller: Caller, request: Outline, ask: Ask, passage: Passage, id: str
    ) -> None:
        self._desk = desk
        self.passage = passage
        """Its way through the limits."""
        self.caller = caller
        self.request = request
        self.ask = ask
        self.id = id
        """Of the interaction."""
        self.look: Look | None = None
        """For an answer that others may have; None: there are no others, or they are not to be asked."""
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
            Elsewhere: the answer is there.
        """
        self._first = await self._desk.ticket(self, offer, patient=patient)

    async def ticket(self, route: Route, offer: Offer) -> Ticket | Failure:
        """For the next attempt: the one that was begun with, or another; why it is not to be made, where a
        limit of its route or a budget is spent."""
        passage = self.passage
        passage.spare()
        if passage.limited(route, offer):
            spent = await passage.take(
                route, offer, Tokens(self.ask.tokens_for(offer), self.ask.output_tokens)
            )
            if spent is not None:
                return spent
        first, self._first = self._first, None
        if first is not None:
            if first.offer is offer:
                return first
            first.close()
        try:
            return await self._desk.ticket(self, offer, patient=True)
        except (OverBudget, Unservable) as error:
            passage.spare()
            return Failure(kind=Kind.OVER_BUDGET, message=error.message, unasked=True)

    @property
    def held_nanos(self) -> int:
        """What the first attempt may cost, as long as it is not made, nano-USD."""
        return 0 if self._first is None else self._first.held_nanos

    def attempted(self, usage: Usage, cost_nanos: int) -> None:
        """The attempt has ended, and used so much."""
        self.passage.attempted(usage.total)
        self.spent_nanos += cost_nanos

    def made_in(self, offer: Offer, seconds: float, bound: int | None) -> int:
        """Tokens that a model is likely to have made of a whole answer in such a time: at most as many as it
        was asked for, or are usual."""
        request, lengths = self.request, self._desk.lengths
        most = bound or request.max_tokens
        if most is None:
            most = max(lengths.usual(offer.id, request.options.use_case) or 0, LEAST_USUAL)
        return min(lengths.made_in(offer.id, seconds), most) * request.answers

    def saw(self, offer: Offer, usage: Usage, seconds: float) -> None:
        """An answer was so long, and came in such a time."""
        if not usage.estimated:
            self._desk.lengths.took(offer.id, usage.completion, seconds)
            self._desk.lengths.saw(offer.id, self.request.options.use_case, usage.completion)

    def end(self) -> None:
        """No attempt will be made any more. Once is enough."""
        if self._ended:
            return
        self._ended = True
        if self._first is not None:
            self._release()
        self.passage.end()

    def withdraw(self) -> None:
        """No attempt was made, and none will be: it counts for nothing."""
        self._ended = True
        self._release()
        self.passage.withdraw()

    def _release(self) -> None:
        first, self._first = self._first, None
        if first is not None:
            first.close()
