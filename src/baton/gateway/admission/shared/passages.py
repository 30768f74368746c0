"""A request's way through rate limits that several processes share."""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import Struct

from baton.catalog.tiers import Tier
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import OverLimit
from baton.gateway.admission.limits import NO_TOKENS, Allowance, Limits, Plan, Tokens, refusal
from baton.gateway.admission.passages import WAITED_S, Claimed, Passage, kept, penalised
from baton.gateway.admission.penalties import Penalties
from baton.gateway.admission.queue import PATIENCE_S, Queue
from baton.gateway.admission.shared.asking import Asking
from baton.gateway.admission.shared.counters import Blocked, Passed, Wish
from baton.gateway.admission.windows import SUB_BUCKETS, Against, Left, Taken, Window
from baton.records.kind import Record

_MOST_SEEN = 20_000
"""Callers whose last answer is remembered, at some 500 bytes each."""


class _Seen(Struct):
    """What Redis said last of a caller's windows."""

    plan: Plan
    totals: list[int]
    at_s: float
    """Of Redis's clock."""
    told_s: float
    """When that was, on our monotonic clock."""


class SharedPassages:
    """Lets requests in. What a request claims for its caller travels with the first money it asks for."""

    def __init__(
        self, tiers: Mapping[str, Record[Tier]], penalties: Penalties, asking: Asking, clock: Clock
    ) -> None:
        self.limits = Limits(tiers)
        self.queue = Queue(clock)
        self._penalties = penalties
        self._asking = asking
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def outside(self, caller: Caller, tokens: Tokens) -> Passage:
        """A passage that has claimed nothing so far.

        Raises:
            OverLimit: a penalty lasts.
        """
        penalty_s = self._penalties.wait_s(caller.key_id, caller.user_id, self._clock.monotonic())
        if penalty_s:
            raise penalised(penalty_s)
        passage = Passage(self, self.limits.of_caller(caller), None)
        if passage.plan.windows:
            passage.unclaimed = tokens
        return passage

    async def enter(
        self,
        caller: Caller,
        passage: Passage,
        wish: Wish | None,
        look: Sequence[object] | None = None,
        *,
        waits: bool = False,
    ) -> Passed:
        """Claim what a passage has yet to claim, look for an answer, and hold the money that is wished for.
        `waits`: whether a refusal is no offence.

        Raises:
            OverLimit: a limit of the caller's is spent; nothing was taken.
            Unavailable: as `Asking.admit`.
        """
        tokens, plan = passage.unclaimed, passage.plan
        if tokens is None:
            found = await self._asking.admit((), (), wish, lambda _: None, look)
        else:

            def entered(passed: Passed) -> None:
                self._entered(caller, passage, passed)

            wanted = plan.wanted(tokens)
            found = await self._asking.admit(plan.windows, wanted, wish, entered, look)
        if isinstance(found, Blocked):
            self._note_seen(caller, plan, found.totals, found.at_s)
            if found.against.wait_s is not None and not (waits or found.alone):
                self._penalties.refused(caller.key_id, caller.user_id, self._clock.monotonic())
            raise refusal(found.against)
        return found

    async def let_in(self, caller: Caller, tokens: Tokens) -> Passage:
        """Claim for a caller. Raises as `outside` and `enter`."""
        passage = self.outside(caller, tokens)
        if passage.unclaimed is not None:
            await self.enter(caller, passage, None)
        return passage

    async def count(self, caller: Caller) -> None:
        """Count a request that asks no model. Raises as `let_in`."""
        (await self.let_in(caller, NO_TOKENS)).end()

    async def wait(self, caller: Caller, tokens: Tokens, ends_s: float | None) -> Passage:
        """As `Passages.wait`."""
        passage = self.outside(caller, tokens)

        async def attempt() -> Passage:
            if passage.unclaimed is not None:
                await self.enter(caller, passage, None, waits=True)
            return passage

        try:
            return await attempt()
        except OverLimit as error:
            if error.retry_after_s is None:
                raise
            refused = error
        began_s = self._clock.monotonic()
        if ends_s is None:
            ends_s = began_s + PATIENCE_S
        try:
            return await self.queue.wait(caller.user_id, attempt, refused, ends_s)
        except OverLimit:
            if self._clock.monotonic() - began_s < WAITED_S:
                self._penalties.refused(caller.key_id, caller.user_id, self._clock.monotonic())
            raise

    async def claim(self, plan: Plan, tokens: Tokens) -> Taken | Against:
        """Take of every window of a route's plan, or of none. Raises Unavailable as `Asking.admit`."""
        found = await self._asking.admit(plan.windows, plan.wanted(tokens), None, lambda _: None)
        return found.against if isinstance(found, Blocked) else found.taken

    def settle(self, plan: Plan, taken: Taken | Claimed, requests: int, tokens: int) -> None:
        """Put what was used in the place of what was claimed, soon."""
        if isinstance(taken, Taken):
            self._asking.used(taken, plan.used(requests, tokens))

    def allowance(self, caller: Caller) -> Allowance:
        """What a caller may still ask for by what Redis said last; nothing while a penalty lasts."""
        plan, now_s = self.limits.of_caller(caller), self._clock.monotonic()
        seen = self._seen.get(caller.key_id)
        penalty_s = self._penalties.wait_s(caller.key_id, caller.user_id, now_s)
        if seen is None or seen.plan is not plan:
            return Allowance(None, None)
        requests = len(plan.requests.windows)
        at_s = seen.at_s + now_s - seen.told_s
        allowance = Allowance(
            _left(plan.requests.windows, seen.totals[:requests], seen.at_s, at_s),
            _left(plan.tokens.windows, seen.totals[requests:], seen.at_s, at_s),
        )
        return kept(allowance, penalty_s) if penalty_s else allowance

    async def left(self, caller: Caller) -> Allowance:
        """What a caller may still ask for at the moment. Raises Unavailable: Redis is away."""
        plan = self.limits.of_caller(caller)
        requests, tokens = await asyncio.gather(
            self._asking.left(plan.requests.windows), self._asking.left(plan.tokens.windows)
        )
        penalty_s = self._penalties.wait_s(caller.key_id, caller.user_id, self._clock.monotonic())
        allowance = Allowance(requests, tokens)
        return kept(allowance, penalty_s) if penalty_s else allowance

    def _entered(self, caller: Caller, passage: Passage, passed: Passed) -> None:
        passage.entered(passed.taken)
        self._note_seen(caller, passage.plan, passed.totals, passed.taken.at_s)

    def _note_seen(self, caller: Caller, plan: Plan, totals: Sequence[int], at_s: float) -> None:
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[caller.key_id] = _Seen(plan, list(totals), at_s, self._clock.monotonic())


def _left(windows: Sequence[Window], totals: Sequence[int], seen_s: float, now_s: float) -> Left | None:
    """What is free of the window of which least is, into which something was counted when it was seen."""
    if not windows:
        return None
    free = [window.limit - total for window, total in zip(windows, totals, strict=True)]
    least = free.index(min(free))
    width_s = windows[least].window_s // SUB_BUCKETS
    until_s = (seen_s // width_s + SUB_BUCKETS + 1) * width_s
    return Left(windows[least].limit, max(0, free[least]), max(0.0, until_s - now_s))
