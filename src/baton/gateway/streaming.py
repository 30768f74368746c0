"""An answer on its way: passed on as it comes, and settled before its last byte."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any, Protocol

import msgspec
from msgspec import structs

from baton.core.errors import AllAttemptsFailed
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.money import usd_text
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.gateway.draining import DRAIN_BYTES, DRAIN_S, Drains
from baton.gateway.entry import CANCELLED, Entry, Outcome, outcome_so_far
from baton.gateway.rescue import Rescue
from baton.gateway.resilience.attempts import Tried
from baton.gateway.resilience.begun import BegunStream
from baton.gateway.routing.decision import Decision
from baton.gateway.samples import Take
from baton.gateway.shaping.judgement import judgement
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

    def said(self) -> Heard:
        """What it said, with what others had said before it; nothing where nobody has listened."""
        ...

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        ...

    def ended(self, failure: Failure | None) -> None:
        """Its provider has said its last word: well, or not."""
        ...

    async def drain(self, most_bytes: int) -> None:
        """Read on to its end, or for so many bytes; nobody hears it."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


class Delivered:
    """What of a rescued answer came from those who did not end it."""

    __slots__ = ("_last", "chars", "usage")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing: the last one has said all of it again."""
        self.usage = Usage()
        self.chars = 0
        self._last: Outcome | None = None

    def add(self, usage: Usage, outcome: Outcome) -> None:
        """One more has said something of it."""
        self.usage = self.with_more(usage)
        self.chars += outcome.chars
        self._last = outcome

    def with_more(self, usage: Usage) -> Usage:
        """The usage of the whole answer: its prompt counts once."""
        if self._last is None:
            return usage
        before = self.usage
        return structs.replace(
            before,
            completion=before.completion + usage.completion,
            reasoning=before.reasoning + usage.reasoning,
            estimated=before.estimated or usage.estimated,
        )

    def outcome(self, last: Outcome | None = None) -> Outcome:
        """What the whole answer came to; `last`: what its last speaker's part did."""
        if last is None:
            assert self._last is not None
            return structs.replace(self._last, chars=self.chars)
        return structs.replace(last, chars=self.chars + last.chars) if self.chars else last


class Streaming:
    """An answer on its way. Whoever got it closes it; what was not finished by then was cancelled."""

    def __init__(
        self,
        begun: Begun,
        entry: Entry,
        envelope: Envelope,
        decision: Decision,
        rescue: Rescue,
        tried: Tried,
        drains: Drains,
        take: Take | None = None,
    ) -> None:
        """`tried`: what it took to begin; `drains`: reads on once its reader left; `take`: wants to look at
        it once it was given."""
        self._take = take
        self._rescue = rescue
        self._tried = tried
        self._rescuing = False
        self._delivered = Delivered()
        self._judge = judgement(envelope)
        self._drains = drains
        self._begun = begun
        self._entry = entry
        self._envelope = envelope
        self.decision = decision
        self.offer = entry.offer
        """The model that it began with."""
        self.headers = begun.headers
        self.losses = begun.losses
        """What the translation left out or changed; of the answer, what has been written so far."""
        self.receipt = b""
        """What its end tells of it, as it stands there; empty: nothing, or it has not ended."""
        self.cache = "off"

    @property
    def id(self) -> str:
        """The interaction's id."""
        return self._entry.id

    @property
    def attempts(self) -> int:
        """Attempts that it took to begin, this one included."""
        return self._entry.attempts + 1

    @property
    def fallbacks(self) -> int:
        """How many models were asked before the one that it began with."""
        return self._entry.others_than(self.offer)

    @property
    def served_by(self) -> tuple[str, str]:
        """The provider and model that it began with."""
        model = self.offer.model
        return model.provider, model.name

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
        while True:
            if begun.first:
                yield begun.first
            async for piece in begun.rest:
                yield piece
            if begun.seen.complete:
                break
            begun = await self._go_on(begun)
        begun.ended(None)
        outcome = outcome_so_far(begun.seen)
        if self._judge is not None and begun.heard is not None:
            self._entry.judge(self._judge.violation(begun.heard))
        usage = self._delivered.with_more(self._entry.succeed(outcome))
        settled = self._entry.settle_answered(self._delivered.outcome(outcome), usage)
        await self._entry.kept()
        told = self._receipt(settled)
        if told is not None:
            self.receipt = msgspec.json.encode(told)
        yield begun.finale(usage, told)
        if self._take is not None:
            self._take(settled, begun.said)

    async def _go_on(self, broken: Begun) -> Begun:
        """Have somebody else go on with an answer whose provider broke off.

        Raises:
            AllAttemptsFailed: nobody can, or nobody could.
        """
        failure = broken.seen.failure or _cut_short()
        broken.ended(failure)
        entry, tried, delivered = self._entry, self._tried, self._delivered
        outcome = outcome_so_far(broken.seen)
        usage = entry.used(outcome)
        tried.failures.append((entry.offer.id, failure, entry.fail(failure, usage)))
        delivered.add(usage, outcome)
        try:
            if not isinstance(broken, BegunStream) or not self._rescue.can(broken, failure):
                raise tried.error()
            self._rescuing = True
            await broken.release()
            rescued = await self._rescue.go_on(broken, entry, tried)
        except AllAttemptsFailed:
            self._rescuing = False
            entry.settle_cut(failure.kind.value, 200, delivered.outcome(), delivered.usage)
            await entry.kept()
            raise
        self._rescuing = False
        self._begun = rescued.begun
        if rescued.whole:
            delivered.clear()
        return rescued.begun

    async def close(self) -> None:
        """End it: one that its reader left is recorded with what it had used, or read on to learn that."""
        if self._entry.settled is None:
            self._entry.leave()
            going = not self._begun.seen.ended and not self._rescuing
            if going and self._drains.take(self._read_on):
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
                    self._leave(worth)

    async def _worth(self) -> float:
        """How many times its guess the answer takes, where it must be guessed; its reader waits no more."""
        seen, offer = self._begun.seen, self._entry.offer
        if self._rescuing:
            return 1
        if seen.usage is not None and seen.chars == seen.counted:
            return 1
        return await self._drains.worth(offer.model.name, offer.gauge, seen.text.beginning)

    def _leave(self, worth: float) -> None:
        """Write the end of one whose reader has left."""
        entry, delivered = self._entry, self._delivered
        if self._rescuing:
            entry.abandon()
        else:
            outcome = outcome_so_far(self._begun.seen, worth)
            usage = entry.used(outcome)
            entry.fail(Failure(kind=Kind.CLIENT_GONE, message=CANCELLED), usage)
            delivered.add(usage, outcome)
        entry.settle_cut(Status.CANCELLED.value, 200, delivered.outcome(), delivered.usage)

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
