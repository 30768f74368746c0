"""Streams that several read, and streams that are told again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Protocol

import msgspec

from baton.core.errors import AllAttemptsFailed
from baton.core.losses import Losses
from baton.gateway.answered import Answered
from baton.gateway.cache.exact.flights import Flight, Flights
from baton.gateway.cache.exact.kept import How, Kept
from baton.gateway.cache.exact.tee import Tee
from baton.gateway.entry import Entry
from baton.gateway.resilience.course import Hope
from baton.gateway.routing.decision import Decision
from baton.gateway.streaming import Streaming
from baton.ledger.rows import Settled

MOST_KEPT_BYTES = 1024 * 1024
"""Of a stream; a longer one can be read along, and is not kept."""

Found = Callable[[str | None, Kept, Settled], None]
"""Told of every answer that somebody else paid for."""


class Underway(Protocol):
    """An answer on its way to one caller. Whoever got it closes it."""

    @property
    def id(self) -> str:
        """The interaction's id."""
        ...

    @property
    def attempts(self) -> int:
        """Attempts that it took to begin."""
        ...

    @property
    def fallbacks(self) -> int:
        """How many models were asked before the one that it began with."""
        ...

    @property
    def served_by(self) -> tuple[str, str]:
        """The provider and model that it began with."""
        ...

    @property
    def cache(self) -> str:
        """`hit`, `semantic`, `miss` or `off`."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the provider's answer, those for the caller."""
        ...

    @property
    def losses(self) -> Losses:
        """What the translation left out or changed."""
        ...

    @property
    def settled(self) -> Settled | None:
        """What the ledger has of it; None while it has not ended."""
        ...

    @property
    def decision(self) -> Decision:
        """Why this model."""
        ...

    def pieces(self) -> AsyncGenerator[bytes]:
        """The answer's bytes. The ledger has its row before the last of them. Raises AllAttemptsFailed."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Lead:
    """What those who wait for one that is under way look at: a whole answer, or a stream and its pieces."""

    __slots__ = ("answered", "begun", "error", "finale", "hope", "how", "kept", "receipt", "streaming", "tee")

    def __init__(self, hope: Hope) -> None:
        self.hope = hope
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once it is whole, has said something, or has failed."""
        self.answered: Answered | None = None
        self.streaming: Streaming | None = None
        self.kept: Kept | None = None
        """What others are given of it: its whole answer, or what was kept for it."""
        self.how = How.EXACT
        """How those have it who are given it."""
        self.tee = Tee()
        self.finale = b""
        self.receipt = b""
        self.error: BaseException | None = None

    async def lead(self, ask: Callable[["Lead"], Awaitable[None]]) -> None:
        """Ask, and note how it fails; nobody but those who wait hears of that."""
        try:
            await ask(self)
        except asyncio.CancelledError as error:
            self.error = error
            raise
        except Exception as error:  # noqa: BLE001 (raised by everybody who waits for it)
            self.error = error
        finally:
            if not self.begun.done():
                self.begun.set_result(None)

    @property
    def over(self) -> bool:
        """Whether all of it is there: nobody's leaving can spare anything any more."""
        return self.tee.ended or self.kept is not None

    async def read(self, streaming: Streaming, keep: Callable[[Settled], None]) -> None:
        """Read a stream to its end, as fast as the quickest of those who follow; it is kept before they hear
        of its end."""
        self.streaming = streaming
        self.begun.set_result(None)
        tee = self.tee
        try:
            async with aclosing(streaming.pieces()) as pieces:
                async for piece in pieces:
                    if streaming.settled is not None:
                        self.finale, self.receipt = piece, streaming.receipt
                    else:
                        await tee.write(piece)
            settled = streaming.settled
            if settled is not None and self.keepable:
                keep(settled)
        except BaseException as error:
            tee.end(error)
            await streaming.close()
            raise
        tee.end()
        await streaming.close()

    @property
    def keepable(self) -> bool:
        """Whether it is whole, not too long, and its receipt can be told from the answer."""
        size = sum(map(len, self.tee.pieces))
        apart = not self.receipt or self.finale.count(self.receipt) == 1
        return bool(self.finale) and apart and size <= MOST_KEPT_BYTES

    def as_kept(self, settled: Settled) -> Kept:
        """The stream as it is kept."""
        return Kept.of(
            settled,
            Losses() if self.streaming is None else self.streaming.losses,
            pieces=tuple(self.tee.pieces),
            finale=self.finale,
            receipt=self.receipt,
        )


class Led:
    """The stream of whoever is asked for those who follow."""

    def __init__(self, flight: Flight[Lead], flights: Flights[Lead]) -> None:
        streaming = flight.shared.streaming
        assert streaming is not None
        self._flight = flight
        self._flights = flights
        self._streaming = streaming
        self.id = streaming.id
        self.attempts = streaming.attempts
        self.fallbacks = streaming.fallbacks
        self.served_by = streaming.served_by
        self.headers = streaming.headers
        self.losses = streaming.losses
        self.decision = streaming.decision
        self.cache = "miss"

    @property
    def settled(self) -> Settled | None:
        """As `Underway`."""
        return self._streaming.settled

    async def pieces(self) -> AsyncGenerator[bytes]:
        """As `Underway`."""
        shared = self._flight.shared
        async with aclosing(shared.tee.read()) as pieces:
            async for piece in pieces:
                yield piece
        yield shared.finale

    async def close(self) -> None:
        """As `Underway`: it goes on while others follow."""
        await self._flights.leave(self._flight)


class _Recalled:
    """A stream that somebody else paid for, or pays for."""

    def __init__(self, entry: Entry, key: str, decision: Decision, found: Found) -> None:
        self._entry = entry
        self._key = key
        self._found = found
        self.decision = decision
        self.id = entry.id
        self.attempts = 0
        self.fallbacks = 0
        self.headers: Mapping[str, str] = {}
        self.losses = Losses()
        self.cache = "hit"

    @property
    def settled(self) -> Settled | None:
        """As `Underway`."""
        return self._entry.settled

    async def _end(self, kept: Kept, how: How) -> bytes:
        """Write its row, and give its end with its own receipt."""
        settled = self._entry.settle_recalled(kept, how, self._key)
        self._found(self._entry.opened.use_case, kept, settled)
        await self._entry.kept()
        return kept.ending(msgspec.json.encode(_receipt(settled)) if kept.receipt else b"")

    async def _leave(self) -> None:
        if self._entry.settled is None:
            self._entry.leave()
            self._entry.cancel()
            await self._entry.kept()


class Replayed(_Recalled):
    """A stream that is told again, piece by piece."""

    def __init__(
        self, kept: Kept, how: How, entry: Entry, key: str, decision: Decision, found: Found
    ) -> None:
        super().__init__(entry, key, decision, found)
        self._kept = kept
        self._how = how
        self.cache = "semantic" if how is How.SEMANTIC else "hit"
        self.losses = kept.losses
        self.served_by = (kept.provider, kept.model)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """As `Underway`."""
        for piece in self._kept.pieces:
            self._entry.shown()
            yield piece
        yield await self._end(self._kept, self._how)

    async def close(self) -> None:
        """As `Underway`."""
        await self._leave()


class Followed(_Recalled):
    """A stream that is read along."""

    def __init__(
        self,
        flight: Flight[Lead],
        flights: Flights[Lead],
        entry: Entry,
        key: str,
        decision: Decision,
        found: Found,
    ) -> None:
        super().__init__(entry, key, decision, found)
        streaming = flight.shared.streaming
        assert streaming is not None
        self._flight = flight
        self._flights = flights
        self._streaming = streaming
        self.served_by = streaming.served_by
        self.losses = streaming.losses

    async def pieces(self) -> AsyncGenerator[bytes]:
        """As `Underway`."""
        shared = self._flight.shared
        try:
            async with aclosing(shared.tee.read()) as pieces:
                async for piece in pieces:
                    self._entry.shown()
                    yield piece
        except Exception as error:
            failed = error.failure.kind.value if isinstance(error, AllAttemptsFailed) else "error"
            self._entry.settle_failed(failed, 200)
            await self._entry.kept()
            raise
        settled = self._streaming.settled
        assert settled is not None
        yield await self._end(shared.as_kept(settled), How.DEDUP)

    async def close(self) -> None:
        """As `Underway`."""
        try:
            await self._leave()
        finally:
            await self._flights.leave(self._flight)


def _receipt(settled: Settled) -> dict[str, Any]:
    """What a stream's end says of an answer that cost nothing."""
    return {
        "interaction": settled.id,
        "provider": settled.provider,
        "model": settled.model,
        "costUsd": "0",
        "usageEstimated": settled.usage.estimated,
        "attempts": 0,
        "responseTimeMs": settled.latency_ms,
        "cache": settled.cache,
    }
