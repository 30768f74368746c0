"""A request's way through the rate limits: in for its caller, on for each attempt, out with what it used."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.tiers import Tier
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import OverLimit
from baton.core.failures import Failure
from baton.gateway.admission.limits import NO_TOKENS, Allowance, Limits, Plan, Tokens, failure, refusal
from baton.gateway.admission.penalties import Penalties
from baton.gateway.admission.queue import PATIENCE_S, Queue
from baton.gateway.admission.windows import Against, Left, Taken, Windows
from baton.records.kind import Record
from baton.upstream.route import Route

WAITED_S = 10.0
"""Who waited so long and was refused all the same did no wrong; who did not is refused like any other."""


class Gate(Protocol):
    """Where windows lie: in this process, or where others see them."""

    @property
    def limits(self) -> Limits:
        """Which windows there are."""
        ...

    @property
    def queue(self) -> Queue:
        """Who waits for room."""
        ...

    async def let_in(self, caller: Caller, tokens: Tokens) -> "Passage":
        """Claim for a caller. Raises OverLimit as `Passages.enter`."""
        ...

    async def count(self, caller: Caller) -> None:
        """Count a request that asks no model. Raises OverLimit as `Passages.enter`."""
        ...

    async def wait(self, caller: Caller, tokens: Tokens, ends_s: float | None) -> "Passage":
        """As `let_in`, for a caller who would rather wait. Raises OverLimit as `Passages.wait`."""
        ...

    async def claim(self, plan: Plan, tokens: Tokens) -> "Taken | Claimed | Against":
        """Take of every window of a plan, or of none."""
        ...

    def settle(self, plan: Plan, taken: "Taken | Claimed", requests: int, tokens: int) -> None:
        """Put what was used in the place of what was claimed."""
        ...

    def allowance(self, caller: Caller) -> Allowance:
        """What a caller may still ask for, as far as it is known here."""
        ...

    async def left(self, caller: Caller) -> Allowance:
        """What a caller may still ask for at the moment."""
        ...


class Claimed(Struct, frozen=True):
    """What was taken of a plan's bundles: one request, and tokens."""

    tokens: int
    at_s: float


class Passage:
    """One request that was let in. `end` it, whatever happens."""

    __slots__ = ("_gate", "_route_plan", "_route_taken", "_taken", "_tokens", "plan", "unclaimed")

    def __init__(self, gate: Gate, plan: Plan, taken: Taken | Claimed | None) -> None:
        """`taken`: of its caller's limits; None: there are none, or nothing was claimed so far."""
        self._gate = gate
        self.plan = plan
        """What it claims for its caller."""
        self.unclaimed: Tokens | None = None
        """What of that it has yet to claim."""
        self._taken = taken
        self._route_plan = plan
        self._route_taken: Taken | Claimed | None = None
        self._tokens = 0

    def entered(self, taken: Taken) -> None:
        """What it had yet to claim was taken."""
        self._taken, self.unclaimed = taken, None

    def limited(self, route: Route, offer: Offer) -> bool:
        """Whether an attempt at a route claims of any limit."""
        return bool(self._gate.limits.of_route(route.provider, offer, route.credential).windows)

    async def take(self, route: Route, offer: Offer, tokens: Tokens) -> Failure | None:
        """Claim for an attempt; why it is not to be made, where a limit of its route is spent."""
        self.spare()
        plan = self._gate.limits.of_route(route.provider, offer, route.credential)
        if not plan.windows:
            return None
        found = await self._gate.claim(plan, tokens)
        if isinstance(found, Against):
            return failure(found)
        self._route_plan, self._route_taken = plan, found
        return None

    def attempted(self, tokens: int) -> None:
        """The attempt has ended, and took so many tokens."""
        self._tokens += tokens
        taken, self._route_taken = self._route_taken, None
        if taken is not None:
            self._gate.settle(self._route_plan, taken, 1, tokens)

    def spare(self) -> None:
        """The attempt was not made: its route was asked for nothing."""
        taken, self._route_taken = self._route_taken, None
        if taken is not None:
            self._gate.settle(self._route_plan, taken, 0, 0)

    def end(self) -> None:
        """No attempt will be made any more; what they used together is the caller's. Once is enough."""
        if self._taken is not None or self._route_taken is not None:
            self._leave(1, self._tokens)

    def withdraw(self) -> None:
        """The request was not admitted, for a reason that is none of its caller's: it counts for nothing."""
        self._leave(0, 0)

    def _leave(self, requests: int, tokens: int) -> None:
        self.spare()
        taken, self._taken = self._taken, None
        if taken is not None:
            self._gate.settle(self.plan, taken, requests, tokens)


class Passages:
    """Lets requests in."""

    def __init__(self, tiers: Mapping[str, Record[Tier]], penalties: Penalties, clock: Clock) -> None:
        self.limits = Limits(tiers)
        self._windows = Windows()
        self._penalties = penalties
        self._clock = clock
        self.queue = Queue(clock)

    def enter(self, caller: Caller, tokens: Tokens) -> Passage:
        """Claim for a caller.

        Raises:
            OverLimit: a limit of the caller's is spent, or a penalty lasts; with the true wait.
        """
        plan, found = self._try(caller, tokens)
        if isinstance(found, Against):
            if found.wait_s is not None:
                self._note(caller)
            raise refusal(found)
        return Passage(self, plan, found)

    async def let_in(self, caller: Caller, tokens: Tokens) -> Passage:
        """As `enter`."""
        return self.enter(caller, tokens)

    async def count(self, caller: Caller) -> None:
        """Count a request that asks no model: nothing serves it, or it changes what is the caller's. Raises
        as `enter`."""
        self.enter(caller, NO_TOKENS).end()

    async def wait(self, caller: Caller, tokens: Tokens, ends_s: float | None) -> Passage:
        """Claim for a caller who would rather wait than be refused. `ends_s`: when their patience ends, on
        the monotonic clock; None: they name no time.

        Raises:
            OverLimit: there will be no room in time, or too many wait; with the true wait.
        """
        plan, found = self._try(caller, tokens)
        if not isinstance(found, Against):
            return Passage(self, plan, found)
        error = refusal(found)
        if found.wait_s is None:
            raise error
        began_s = self._clock.monotonic()
        if ends_s is None:
            ends_s = began_s + PATIENCE_S
        try:
            return await self.queue.wait(caller.user_id, lambda: self._entered(plan, tokens), error, ends_s)
        except OverLimit:
            if self._clock.monotonic() - began_s < WAITED_S:
                self._note(caller)
            raise

    async def claim(self, plan: Plan, tokens: Tokens) -> Taken | Claimed | Against:
        """Take of every window of a plan, or of none."""
        return self._claim(plan, tokens, self._clock.monotonic())

    def settle(self, plan: Plan, taken: Taken | Claimed, requests: int, tokens: int) -> None:
        """Put what was used in the place of what was claimed."""
        windows, now_s = self._windows, self._clock.monotonic()
        if isinstance(taken, Taken):
            windows.settle(taken, plan.used(requests, tokens), now_s)
            return
        if not requests:
            windows.change(plan.requests, -1, taken.at_s, now_s)
        windows.change(plan.tokens, tokens - taken.tokens, taken.at_s, now_s)

    def allowance(self, caller: Caller) -> Allowance:
        """What a caller may still ask for at the moment; nothing while a penalty lasts."""
        plan, now_s = self.limits.of_caller(caller), self._clock.monotonic()
        requests, tokens = self._windows.left(plan.requests, now_s), self._windows.left(plan.tokens, now_s)
        penalty_s = self._penalties.wait_s(caller.key_id, caller.user_id, now_s)
        if penalty_s:
            return kept(Allowance(requests, tokens), penalty_s)
        return Allowance(requests, tokens)

    async def left(self, caller: Caller) -> Allowance:
        """As `allowance`."""
        return self.allowance(caller)

    def _note(self, caller: Caller) -> None:
        self._penalties.refused(caller.key_id, caller.user_id, self._clock.monotonic())

    def _claim(self, plan: Plan, tokens: Tokens, now_s: float) -> Taken | Claimed | Against:
        windows, amount = self._windows, tokens.prompt + tokens.answer
        if amount <= plan.least_tokens and windows.take(plan.requests, 1, now_s):  # nearly always
            if windows.take(plan.tokens, amount, now_s):
                return Claimed(amount, now_s)
            windows.change(plan.requests, -1, now_s, now_s)
        return windows.claim(plan.windows, plan.wanted(tokens), now_s)

    def _try(self, caller: Caller, tokens: Tokens) -> tuple[Plan, Taken | Claimed | Against | None]:
        """What a caller claims, and what came of it; None: they have no limits.

        Raises:
            OverLimit: a penalty lasts.
        """
        now_s = self._clock.monotonic()
        penalty_s = self._penalties.wait_s(caller.key_id, caller.user_id, now_s)
        if penalty_s:
            raise penalised(penalty_s)
        plan = self.limits.of_caller(caller)
        if not plan.windows:
            return plan, None
        return plan, self._claim(plan, tokens, now_s)

    async def _entered(self, plan: Plan, tokens: Tokens) -> Passage:
        found = self._claim(plan, tokens, self._clock.monotonic())
        if isinstance(found, Against):
            raise refusal(found)
        return Passage(self, plan, found)


def kept(allowance: Allowance, wait_s: float) -> Allowance:
    """What is left to somebody who has to wait for so long."""

    def nothing_of(left: Left | None) -> Left | None:
        return None if left is None else Left(left.limit, 0, max(left.reset_s, wait_s))

    return Allowance(nothing_of(allowance.requests), nothing_of(allowance.tokens))


def penalised(wait_s: float) -> OverLimit:
    """What a caller is told while a penalty lasts."""
    return OverLimit(
        f"Requests went on against a limit again and again, so none is taken for {wait_s:.0f} s.",
        limit="penalty",
        retry_after_s=wait_s,
        code="rate_limit_penalty",
    )
