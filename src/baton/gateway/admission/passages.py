"""A request's way through the rate limits: in for its caller, on for each attempt, out with what it used."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.tiers import Tier
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import OverLimit
from baton.core.failures import Failure
from baton.gateway.admission.limits import NOTHING, Allowance, Limits, Order, Tokens, failure, refusal
from baton.gateway.admission.penalties import Penalties
from baton.gateway.admission.queue import PATIENCE_S, Queue
from baton.gateway.admission.windows import Against, Taken, Windows
from baton.records.kind import Record
from baton.upstream.route import Route


class Wish(Struct, frozen=True, kw_only=True):
    """What a request asks of the limits."""

    tokens: Tokens
    waits: bool = False
    """Whether it would rather wait than be refused."""
    ends_s: float | None = None
    """When its caller's patience ends, on the monotonic clock; None: it names no time."""


class _Held(Struct, frozen=True):
    """What was taken, and how to settle it."""

    order: Order
    taken: Taken


class Passage:
    """One request that was let in. `end` it, whatever happens."""

    __slots__ = ("_held", "_on_route", "_passages", "_tokens")

    def __init__(self, passages: "Passages", held: _Held | None) -> None:
        self._passages = passages
        self._held = held
        self._on_route: _Held | None = None
        self._tokens = 0

    def take(self, route: Route, offer: Offer, tokens: Tokens) -> Failure | None:
        """Claim for an attempt; why it is not to be made, where a limit of its route is spent."""
        self.spare()
        found = self._passages.on_route(route, offer, tokens)
        if isinstance(found, Against):
            return failure(found)
        self._on_route = found
        return None

    def attempted(self, tokens: int) -> None:
        """The attempt has ended, and took so many tokens."""
        held, self._on_route = self._on_route, None
        self._tokens += tokens
        if held is not None:
            self._passages.settle(held, held.order.used(tokens))

    def spare(self) -> None:
        """The attempt was not made: its route was asked for nothing."""
        held, self._on_route = self._on_route, None
        if held is not None:
            self._passages.settle(held, held.order.unused())

    def end(self) -> None:
        """No attempt will be made any more; what they used together is the caller's. Once is enough."""
        self.spare()
        held, self._held = self._held, None
        if held is not None:
            self._passages.settle(held, held.order.used(self._tokens))

    def withdraw(self) -> None:
        """The request was not admitted, for another reason than a limit: it counts for nothing."""
        self.spare()
        held, self._held = self._held, None
        if held is not None:
            self._passages.settle(held, held.order.unused())


class Passages:
    """Lets requests in."""

    def __init__(
        self, tiers: Callable[[], Mapping[str, Record[Tier]]], penalties: Penalties, clock: Clock
    ) -> None:
        """`tiers`: as they are at the moment."""
        self._limits = Limits(tiers)
        self._windows = Windows()
        self._penalties = penalties
        self._clock = clock
        self.queue = Queue(clock)

    async def enter(self, caller: Caller, wish: Wish) -> Passage:
        """Claim for a caller.

        Raises:
            OverLimit: a limit of the caller's is spent, or a penalty lasts; with the true wait.
        """
        now_s = self._clock.monotonic()
        penalty_s = self._penalties.wait_s(caller.key_id, caller.user_id, now_s)
        if penalty_s:
            raise _penalised(penalty_s)
        order = self._limits.of_caller(caller, wish.tokens)
        if order is NOTHING:
            return Passage(self, None)
        against = self._windows.against(order.claims, now_s)
        if against is None:
            return Passage(self, _Held(order, self._windows.take(order.claims, now_s)))
        error = refusal(against)
        try:
            if not wish.waits or against.wait_s is None:
                raise error
            ends_s = now_s + PATIENCE_S if wish.ends_s is None else wish.ends_s
            return await self.queue.wait(caller.user_id, lambda: self._enter(order), error, ends_s)
        except OverLimit as refused:
            if refused.retry_after_s is not None and not wish.waits:
                self._penalties.refused(caller.key_id, caller.user_id, now_s)
            raise

    def on_route(self, route: Route, offer: Offer, tokens: Tokens) -> _Held | Against | None:
        """Claim of the limits of a route; None: it has none."""
        order = self._limits.of_route(route.provider, offer, route.credential, tokens)
        if order is NOTHING:
            return None
        now_s = self._clock.monotonic()
        against = self._windows.against(order.claims, now_s)
        return against or _Held(order, self._windows.take(order.claims, now_s))

    def settle(self, held: _Held, amounts: list[int]) -> None:
        """Put what was used in the place of what was claimed."""
        self._windows.settle(held.taken, amounts, self._clock.monotonic())

    def allowance(self, caller: Caller) -> Allowance:
        """What a caller may still ask for at the moment."""
        return self._limits.allowance(caller, self._windows, self._clock.monotonic())

    def _enter(self, order: Order) -> Passage:
        now_s = self._clock.monotonic()
        against = self._windows.against(order.claims, now_s)
        if against is not None:
            raise refusal(against)
        return Passage(self, _Held(order, self._windows.take(order.claims, now_s)))


def _penalised(wait_s: float) -> OverLimit:
    return OverLimit(
        f"Requests went on against a limit again and again, so none is taken for {wait_s:.0f} s.",
        limit="penalty",
        retry_after_s=wait_s,
        code="rate_limit_penalty",
    )
