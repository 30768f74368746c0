"""Counting the tokens of a prompt before it is sent: routed like a chat, free, and in no ledger."""

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.tokens.tokens import Tokens
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import AllAttemptsFailed, AttemptFailed, Invalid, Refused
from baton.core.estimate import estimate_tokens
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.request import Envelope
from baton.gateway.admission.limits import NO_TOKENS
from baton.gateway.admission.passages import Gate, Passage
from baton.gateway.resilience.deadline import WHOLE, Deadline, bounded
from baton.gateway.routing.live import LiveRouter
from baton.gateway.shaping.preface import PrefaceOf, no_preface, shaped
from baton.upstream.calls import Upstream
from baton.upstream.directory import Directory
from baton.upstream.replies import Counted
from baton.upstream.route import Route

_OF_THE_REQUEST = frozenset(
    {Kind.BAD_REQUEST, Kind.MODEL_GONE, Kind.CONTEXT_LENGTH, Kind.CONTENT_FILTER, Kind.DEADLINE}
)
"""What the caller has to know; whatever else keeps a provider from counting leaves an estimate."""

MOST_OPENED_BYTES = 4_000_000
"""Of a letter that is opened to be counted: taking apart a longer one would hold the loop for too long, and
the tokenizer would not take it."""

_MOST_TOKENS = 1_000_000_000
"""Far above what any model takes: beyond it, as below zero, a count is a mistake."""


class Count(Struct, frozen=True):
    """A prompt's tokens, and whose they are: another model has others."""

    counted: Counted
    provider: str
    model: str


class Counting:
    """Counts prompts."""

    def __init__(
        self,
        router: LiveRouter,
        gate: Gate,
        directory: Directory,
        upstream: Upstream,
        tokens: Tokens,
        clock: Clock,
        preface_of: PrefaceOf = no_preface,
    ) -> None:
        """`preface_of`: what requests are served with, which counts too."""
        self._preface_of = preface_of
        self._router = router
        self._gate = gate
        self._directory = directory
        self._upstream = upstream
        self._tokens = tokens
        self._clock = clock

    async def count(self, caller: Caller, envelope: Envelope) -> Count:
        """The tokens of a prompt, by the model that would answer it; a request as others are, of no tokens.

        Raises:
            Refused: no model may or can answer it, or a limit of the caller's is spent.
            AllAttemptsFailed: the provider refused the prompt itself.
        """
        try:
            envelope = shaped(caller, envelope, self._preface_of)
            chosen = self._router.decide(caller, envelope).chosen.offer
        except Refused:
            await self._gate.count(caller)
            raise
        passage = await self._gate.let_in(caller, NO_TOKENS)
        try:
            return await self._counted(passage, chosen, envelope)
        finally:
            passage.end()

    async def _counted(self, passage: Passage, chosen: Offer, envelope: Envelope) -> Count:
        """By the provider; by ourselves where it has no counter, fails, or may be asked for no more."""
        model = chosen.model
        provider = self._directory[model.provider]
        started_s = self._clock.monotonic()
        route = Route(provider, provider.credential(model.name, started_s), model.name)
        if await passage.take(route, chosen, NO_TOKENS) is not None:
            return Count(await self._count(chosen, envelope), provider.name, model.name)
        timeout_s = envelope.options.timeout_s
        deadline = Deadline() if timeout_s is None else Deadline(started_s + timeout_s)
        try:
            counted = await self._upstream.count(
                route, envelope, bounded(WHOLE, deadline.left_s(self._clock))
            )
        except AttemptFailed as error:
            if _is_of_the_request(error.failure):
                took_ms = round((self._clock.monotonic() - started_s) * 1000)
                raise AllAttemptsFailed([(route.name, error.failure, took_ms)]) from None
            counted = None
        finally:
            passage.attempted(0)
        if counted is None or not 0 <= counted.tokens <= _MOST_TOKENS:
            counted = await self._count(chosen, envelope)
        return Count(counted, provider.name, model.name)

    async def _count(self, chosen: Offer, envelope: Envelope) -> Counted:
        """By ourselves; from outside where the letter is too long to be opened for it, or cannot be (the
        provider might have understood it)."""
        rough = chosen.gauge.prompt_tokens(estimate_tokens(envelope.input_chars), envelope.needs)
        outside = Counted(rough, Losses(), estimated=True)
        if len(envelope.body) > MOST_OPENED_BYTES:
            return outside
        try:
            request = envelope.open()
        except Invalid:
            return outside
        count = await self._tokens.count(chosen.model.name, request)
        return Counted(count.tokens, Losses(), estimated=not count.exact)


def _is_of_the_request(failure: Failure) -> bool:
    """Whether the provider speaks of the prompt: in its dialect's words, that is, for a relay that has no
    counter says no as well."""
    return failure.kind in _OF_THE_REQUEST and failure.type is not None
