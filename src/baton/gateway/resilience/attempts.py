"""Making attempts until one succeeds or none is left."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import structlog
from msgspec import structs

from baton.core.clock import Clock
from baton.core.errors import AllAttemptsFailed, AttemptFailed
from baton.core.failures import Failure, Kind
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.gateway.entry import Entry
from baton.gateway.resilience.plan import Plan
from baton.upstream.calls import Upstream
from baton.upstream.dialects.listening import Heard
from baton.upstream.directory import Credential
from baton.upstream.errands.errand import Errand
from baton.upstream.replies import Reply, ReplyStream
from baton.upstream.route import Route

T = TypeVar("T")
_log = structlog.stdlib.get_logger(__name__)


_NOTHING_SAID = Failure(
    kind=Kind.MALFORMED, message="The provider ended its stream without a word.", billed=True
)


class BegunStream:
    """A stream that has said its first words: `first` is to be sent, then what `rest` brings."""

    def __init__(self, stream: ReplyStream, pieces: AsyncGenerator[bytes], first: bytes) -> None:
        self._stream = stream
        self.seen = stream.seen
        self.headers: Mapping[str, str] = stream.headers
        self.losses = stream.losses
        self.first = first
        self.rest = pieces

    @property
    def heard(self) -> Heard | None:
        """What was said, where somebody wanted to hear it."""
        return self._stream.heard

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        return self._stream.handing.finale(usage, baton)

    async def drain(self, most_bytes: int) -> None:
        """Read on to its end, or for so many bytes; nobody hears it."""
        await self.rest.aclose()
        left = most_bytes
        self.rest = self._stream.pieces()
        async for piece in self.rest:
            left -= len(piece)
            if left < 0:
                break

    async def close(self) -> None:
        """Let go of it; closes the upstream socket where the answer had not ended."""
        await self.rest.aclose()
        await self._stream.close()


class _Tried:
    """What one call has been through."""

    __slots__ = ("failures", "refused")

    def __init__(self) -> None:
        self.failures: list[tuple[str, Failure, int]] = []
        """Route, failure, milliseconds."""
        self.refused: set[Credential] = set()
        """Keys that the provider would not have."""


class Attempts:
    """Calls a route, and calls it again where that may help."""

    def __init__(
        self,
        upstream: Upstream,
        clock: Clock,
        rng: random.Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._upstream = upstream
        self._clock = clock
        self._rng = rng
        self._sleep = sleep

    async def ask(self, plan: Plan, envelope: Envelope, entry: Entry) -> Reply:
        """A whole answer.

        Raises:
            AllAttemptsFailed: carries every attempt.
        """
        return await self._make(
            plan, entry, lambda route: self._upstream.ask(route, envelope, plan.deadlines(self._clock))
        )

    async def run(self, plan: Plan, errand: Errand, entry: Entry) -> Reply:
        """The answer to an errand.

        Raises:
            AllAttemptsFailed: carries every attempt.
        """
        return await self._make(
            plan, entry, lambda route: self._upstream.run(route, errand, plan.deadlines(self._clock))
        )

    async def begin(self, plan: Plan, envelope: Envelope, entry: Entry) -> BegunStream:
        """A stream that has begun to say something, or has ended without; before that, failures are unseen.

        Raises:
            AllAttemptsFailed: carries every attempt.
        """
        return await self._make(plan, entry, lambda route: self._begin(route, envelope, plan, entry))

    async def _make(self, plan: Plan, entry: Entry, call: Callable[[Route], Awaitable[T]]) -> T:
        """Make one attempt after another."""
        tried = _Tried()
        while True:
            route = plan.route(self._clock)
            entry.begin(route)
            try:
                made = await call(route)
            except AttemptFailed as error:
                await self._after(error, route, plan, entry, tried)
            else:
                route.credential.succeeded()
                return made

    async def _begin(self, route: Route, envelope: Envelope, plan: Plan, entry: Entry) -> BegunStream:
        stream = await self._upstream.stream(route, envelope, plan.deadlines(self._clock))
        pieces = stream.pieces()
        try:
            first: list[bytes] = []
            async for piece in pieces:
                first.append(piece)
                if stream.seen.said:
                    entry.first_token()
                    break
            seen = stream.seen
            if seen.failure is not None and not seen.said:
                raise AttemptFailed(seen.failure, seen.usage)
            if not seen.said and seen.finish is None:
                raise AttemptFailed(_NOTHING_SAID, seen.usage)
        except BaseException:
            entry.told(stream.seen.usage)
            await pieces.aclose()
            await stream.close()
            raise
        return BegunStream(stream, pieces, b"".join(first))

    async def _after(
        self, error: AttemptFailed, route: Route, plan: Plan, entry: Entry, tried: _Tried
    ) -> None:
        """Note a failed attempt and wait for the next; raises where there is none."""
        failure = error.failure
        if failure.kind is Kind.TIMEOUT and not plan.deadline.allows(0.0, self._clock):
            failure = structs.replace(failure, kind=Kind.DEADLINE)  # the caller's impatience, not its fault
        tried.failures.append((route.name, failure, entry.fail(failure, error.usage)))
        now_s = self._clock.monotonic()
        if route.credential.failed(failure, now_s):
            if route.credential.key and failure.kind is not Kind.RATE_LIMIT:
                _log.warning(
                    "credential_refused",
                    provider=route.provider.name,
                    credential=route.credential.last4,
                    kind=failure.kind.value,
                )
            tried.refused.add(route.credential)
            if plan.provider.other_credential(now_s) and len(tried.refused) < len(plan.provider.credentials):
                return
        made = len(tried.failures)
        wait_s = plan.retry.pause_s(failure, made, plan.deadline, self._clock, self._rng)
        if wait_s is None or now_s + wait_s >= plan.ends_s:
            raise AllAttemptsFailed(tried.failures)
        if wait_s:
            await self._sleep(wait_s)
