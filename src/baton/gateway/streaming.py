"""An answer on its way: passed on as it comes, and settled before its last byte."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any, Protocol

from baton.core.errors import AllAttemptsFailed
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.money import usd_text
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.gateway.draining import DRAIN_BYTES, DRAIN_S, Drains
from baton.gateway.entry import CANCELLED, Entry, Outcome
from baton.gateway.routing.decision import Decision
from baton.gateway.shaping.judgement import Judgement
from baton.ledger.rows import Settled, Status
from baton.upstream.dialects.handing import Progress
from baton.upstream.dialects.listening import Heard


class Begun(Protocol):
    """An answer that has begun: `resilience.attempts.BegunStream`, or one held back until it was good."""

    first: bytes
    """To be sent before what `rest` brings."""
    rest: AsyncGenerator[bytes]
    seen: Progress
    headers: Mapping[str, str]
    losses: Losses

    @property
    def heard(self) -> Heard | None:
        """What was said, where somebody wanted to hear it."""
        ...

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        ...

    async def drain(self, most_bytes: int) -> None:
        """Read on to its end, or for so many bytes; nobody hears it."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


class Streaming:
    """An answer on its way. Whoever got it closes it; what was not finished by then was cancelled."""

    def __init__(
        self,
        begun: Begun,
        entry: Entry,
        envelope: Envelope,
        decision: Decision,
        judge: Judgement | None,
        drains: Drains,
    ) -> None:
        """`judge`: of an answer that shall be true to a schema; `drains`: reads on once its reader left."""
        self._judge = judge
        self._drains = drains
        self._begun = begun
        self._entry = entry
        self._envelope = envelope
        self.decision = decision
        self.headers = begun.headers
        self.losses = begun.losses
        """What the translation left out or changed; of the answer, what has been written so far."""

    @property
    def id(self) -> str:
        """The interaction's id."""
        return self._entry.id

    @property
    def attempts(self) -> int:
        """Attempts that it took to begin, this one included."""
        return self._entry.attempts + 1

    @property
    def settled(self) -> Settled | None:
        """What the ledger has of it; None while it has not ended."""
        return self._entry.settled

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The answer's bytes. The ledger has its row before the last of them.

        Raises:
            AllAttemptsFailed: the provider broke off; nothing more can be said than that.
        """
        begun = self._begun
        if begun.first:
            yield begun.first
        async for piece in begun.rest:
            yield piece
        if not begun.seen.complete:
            broken = self._broken(begun.seen.failure or _cut_short())
            await self._entry.kept()
            raise broken
        outcome = self._outcome()
        if self._judge is not None and begun.heard is not None:
            self._entry.judge(self._judge.violation(begun.heard))
        usage = self._entry.succeed(outcome)
        settled = self._entry.settle_answered(outcome, usage)
        await self._entry.kept()
        yield begun.finale(usage, self._receipt(settled))

    async def close(self) -> None:
        """End it: one that its reader left is recorded with what it had used, or read on to learn that."""
        if self._entry.settled is None:
            self._entry.leave()
            if not self._begun.seen.ended and self._drains.take(self._read_on):
                return
        await self._let_go()

    async def _read_on(self) -> None:
        """To the provider's last word, or as long as that is bearable."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_S):
                    await self._begun.drain(DRAIN_BYTES)
        finally:
            await self._let_go()

    async def _let_go(self) -> None:
        try:
            await self._begun.close()
        finally:
            if self._entry.settled is None:
                worth = 1.0
                try:
                    worth = await self._worth()
                finally:
                    failure = Failure(kind=Kind.CLIENT_GONE, message=CANCELLED)
                    self._cut(failure, Status.CANCELLED.value, worth)

    async def _worth(self) -> float:
        """How many times its guess the answer takes, where it must be guessed; its reader waits no more."""
        seen, offer = self._begun.seen, self.decision.chosen.offer
        if seen.usage is not None and seen.chars == seen.counted:
            return 1
        return await self._drains.worth(offer.model.name, offer.gauge, seen.text.beginning)

    def _broken(self, failure: Failure) -> AllAttemptsFailed:
        took_ms = self._cut(failure, failure.kind.value)
        route = self.decision.chosen.offer.id
        return AllAttemptsFailed([(route, failure, took_ms)])

    def _cut(self, failure: Failure, status: str, worth: float = 1) -> int:
        outcome = self._outcome(worth)
        usage = self._entry.used(outcome)
        took_ms = self._entry.fail(failure, usage)
        self._entry.settle_cut(status, 200, outcome, usage)
        return took_ms

    def _outcome(self, worth: float = 1) -> Outcome:
        seen = self._begun.seen
        return Outcome(
            usage=seen.usage,
            model=seen.model,
            finish=seen.finish,
            chars=seen.chars,
            text=seen.text,
            worth=worth,
            uncounted=seen.chars - seen.counted,
        )

    def _receipt(self, settled: Settled) -> dict[str, Any] | None:
        """What came too late for a header, for callers who want it (decision 8)."""
        if not (self._envelope.options.said or self._envelope.include_usage):
            return None
        told = {"dropped": list(self.losses.dropped), "adjusted": list(self.losses.adjusted)}
        return {
            "interaction": settled.id,
            "provider": settled.provider,
            "model": settled.model,
            "costUsd": None if settled.unpriced else usd_text(settled.cost.total_nanos),
            "usageEstimated": settled.usage.estimated,
            "attempts": len(settled.attempts),
            "responseTimeMs": settled.latency_ms,
            "upstreamMs": settled.upstream_ms,
            "firstTokenMs": settled.first_token_ms,
            **{name: losses for name, losses in told.items() if losses},
        }


def _cut_short() -> Failure:
    return Failure(kind=Kind.CONNECT, message="The provider's stream ended before the answer was finished.")
