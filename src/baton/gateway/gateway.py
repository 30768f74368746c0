"""The life of one call, read from top to bottom."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from baton.catalog.pricing import cost
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import AllAttemptsFailed, BatonError
from baton.core.failures import Failure, Kind
from baton.core.money import usd_text
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.gateway.entry import Entry, Outcome, in_the_book
from baton.gateway.resilience.attempts import Attempts, BegunStream
from baton.gateway.resilience.deadline import STREAM, THINKING, WHOLE, Deadline
from baton.gateway.resilience.plan import Plan
from baton.gateway.resilience.retry import RetryPolicy
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.live import LiveRouter
from baton.ledger.book import Book
from baton.ledger.rows import Cost, Opened, Settled, Status
from baton.upstream.calls import Reply
from baton.upstream.directory import Directory


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request came in."""

    id: str
    """Of the request, and of the interaction it becomes."""
    path: str
    started_s: float
    """Monotonic."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer, and its row."""

    reply: Reply
    settled: Settled
    decision: Decision


class Streaming:
    """An answer on its way. Whoever got it closes it; what was not finished by then was cancelled."""

    def __init__(self, begun: BegunStream, entry: Entry, envelope: Envelope, decision: Decision) -> None:
        self._begun = begun
        self._entry = entry
        self._envelope = envelope
        self.decision = decision
        self.headers = begun.stream.headers

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
        if not begun.handing.complete:
            raise self._broken(begun.handing.failure or _cut_short())
        outcome = self._outcome()
        usage = self._entry.succeed(outcome)
        settled = self._entry.settle_answered(outcome, usage)
        yield begun.handing.finale(usage, self._receipt(settled))

    async def close(self) -> None:
        """End it: a stream that its reader left is recorded with what it had used."""
        try:
            await self._begun.close()
        finally:
            if self._entry.settled is None:
                failure = Failure(kind=Kind.CLIENT_GONE, message="The client left.")
                self._cut(failure, Status.CANCELLED.value)

    def _broken(self, failure: Failure) -> AllAttemptsFailed:
        took_ms = self._cut(failure, failure.kind.value)
        route = self.decision.chosen.offer.id
        return AllAttemptsFailed([(route, failure, took_ms)])

    def _cut(self, failure: Failure, status: str) -> int:
        outcome = self._outcome()
        usage = self._entry.used(outcome)
        took_ms = self._entry.fail(failure, usage)
        self._entry.settle_cut(status, 200, outcome, usage)
        return took_ms

    def _outcome(self) -> Outcome:
        handing = self._begun.handing
        return Outcome(usage=handing.usage, model=handing.model, finish=handing.finish, chars=handing.chars)

    def _receipt(self, settled: Settled) -> dict[str, Any] | None:
        """What came too late for a header, for callers who want it (decision 8)."""
        if not (self._envelope.options.said or self._envelope.include_usage):
            return None
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
        }


def _cut_short() -> Failure:
    return Failure(kind=Kind.CONNECT, message="The provider's stream ended before the answer was finished.")


class Gateway:
    """Carries one chat call from an authenticated caller to an answer and a ledger row."""

    def __init__(
        self,
        router: LiveRouter,
        directory: Directory,
        attempts: Attempts,
        book: Book,
        clock: Clock,
        retry: RetryPolicy,
    ) -> None:
        self._router = router
        self._directory = directory
        self._attempts = attempts
        self._book = book
        self._clock = clock
        self._retry = retry

    async def answer(self, caller: Caller, envelope: Envelope, arrival: Arrival) -> Answered:
        """Answer one request whole.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: every attempt failed; carries them.
        """
        decision = self._router.decide(caller, envelope)
        plan = self._plan(decision, envelope, arrival)
        with self._opened(caller, envelope, decision, arrival) as entry:
            reply = await self._attempts.ask(plan, envelope, entry)
            return self._settle(reply, entry, decision)

    async def stream(self, caller: Caller, envelope: Envelope, arrival: Arrival) -> Streaming:
        """Answer one request as a stream; returns with its first words.

        Raises:
            Refused: not admitted; nothing was sent to a provider.
            AllAttemptsFailed: every attempt failed before it said anything.
        """
        decision = self._router.decide(caller, envelope)
        plan = self._plan(decision, envelope, arrival)
        with self._opened(caller, envelope, decision, arrival) as entry:
            begun = await self._attempts.begin(plan, envelope, entry)
            entry.handed_over = True
            return Streaming(begun, entry, envelope, decision)

    @contextmanager
    def _opened(
        self, caller: Caller, envelope: Envelope, decision: Decision, arrival: Arrival
    ) -> Generator[Entry]:
        """The interaction's entry in the ledger; whatever happens, it gets its end."""
        entry = self._open(caller, envelope, decision, arrival)
        try:
            yield entry
        except asyncio.CancelledError:
            entry.cancel()
            raise
        except AllAttemptsFailed as error:  # a provider may write what it likes into a code of its own
            entry.settle_failed(error.failure.kind.value, error.status)
            raise
        except BatonError as error:
            entry.settle_failed(error.code or "error", error.status)
            raise
        finally:
            if entry.settled is None and not entry.handed_over:  # a mistake of ours still leaves a row
                entry.settle_failed("internal_error", 500)

    def _plan(self, decision: Decision, envelope: Envelope, arrival: Arrival) -> Plan:
        options = envelope.options
        model = decision.chosen.offer.model
        provider = self._directory[model.provider]
        stages = WHOLE
        if envelope.stream:
            stages = THINKING if "reasoning" in model.capabilities else STREAM
        timeout_s = options.timeout_s
        deadline = Deadline() if timeout_s is None else Deadline(arrival.started_s + timeout_s)
        retry = self._retry if options.max_retries is None else RetryPolicy(options.max_retries)
        return Plan(provider=provider, model=model.name, retry=retry, deadline=deadline, stages=stages)

    def _open(self, caller: Caller, envelope: Envelope, decision: Decision, arrival: Arrival) -> Entry:
        options = envelope.options
        model = decision.chosen.offer.model
        opened = Opened(
            id=arrival.id,
            user_id=caller.user_id,
            key_id=caller.key_id,
            tier=caller.tier,
            route=arrival.path,
            dialect=envelope.dialect.value,
            model=envelope.model,
            stream=envelope.stream,
            prompt_tokens=decision.input_tokens,
            estimated_cost=_estimated(decision),
            first_provider=model.provider,
            first_model=model.name,
            session=options.session,
            agent=options.agent,
            use_case=options.use_case,
            tags=options.tags,
            context=None if options.context is None else bytes(options.context).decode(),
        )
        return Entry(self._book, self._clock, opened, decision.chosen.offer, arrival.started_s)

    def _settle(self, reply: Reply, entry: Entry, decision: Decision) -> Answered:
        seen = reply.seen
        outcome = Outcome(usage=seen.usage, model=seen.model, finish=seen.finish, chars=seen.chars)
        usage = entry.succeed(outcome)
        return Answered(reply, entry.settle_answered(outcome, usage), decision)


def _estimated(decision: Decision) -> Cost | None:
    usage = Usage(prompt=decision.input_tokens, completion=decision.output_tokens, estimated=True)
    return in_the_book(cost(usage, decision.chosen.offer.prices))
