"""What is recorded of an interaction: its beginning, its attempts, its end.

The journal stores `Opened` and `Settled` as arrays of their fields in this order, and a newer version may
have to read what an older one left behind: new fields go to the end of a class and have a default.
"""

from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import force_setattr

from baton.core.usage import Usage

MAX_TEXT = 500
"""Characters kept of a text that a provider chose: an error's message, a model's version."""

MAX_TOKENS = 10**9
"""What a provider may report of one kind; beyond any context, and what fits every column once priced."""

MAX_NANOS = 10**18
"""One thousand million dollars: a bound for integers that a provider's figures lead to, not for spending."""


CHAT = "chat"
"""The type of an interaction that is a chat."""


class Status(StrEnum):
    """How an interaction or an attempt ended, where it was not an error; an error is recorded by its code."""

    OK = "ok"
    CANCELLED = "cancelled"
    CRASHED = "crashed"
    """The process died before the end was written; tokens and cost are what had been estimated."""


PRICED = "priced"
PARTLY_PRICED = "partly_priced"
UNPRICED = "unpriced"


class Cost(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """What tokens cost in nano-USD; cached and audio tokens are in the side they belong to."""

    input_nanos: int = 0
    output_nanos: int = 0

    def __post_init__(self) -> None:
        if self.input_nanos > MAX_NANOS or self.output_nanos > MAX_NANOS:
            force_setattr(self, "input_nanos", min(self.input_nanos, MAX_NANOS))
            force_setattr(self, "output_nanos", min(self.output_nanos, MAX_NANOS))

    @property
    def total_nanos(self) -> int:
        """Both sides together."""
        return self.input_nanos + self.output_nanos


_NOTHING = Cost()


class PriceUsed(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The price at the moment of the call, in nano-USD per one million tokens."""

    input: int
    output: int
    revision: str
    """Which edition of the prices it came from."""
    cached: int | None = None
    cache_write: int | None = None


class Opened(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag="o"):
    """An interaction begins: who asks for what, and what it may cost."""

    id: str
    """UUIDv7; the interaction's time is the time in it."""
    user_id: str
    key_id: str
    tier: str
    """The user's tier at that time."""
    route: str
    """The HTTP path it came in by."""
    dialect: str
    model: str
    """As the caller wrote it."""
    stream: bool
    prompt_tokens: int
    """Estimated."""
    estimated_cost: Cost | None
    """None: no price is known."""
    first_provider: str
    first_model: str
    """Where it is sent first."""
    tenant: str = "default"
    session: str | None = None
    agent: str | None = None
    use_case: str | None = None
    tags: dict[str, str] = {}
    context: str | None = None
    """The caller's own metadata, a JSON text."""
    prompt_hash: str = ""
    """Keyed, never the prompt; of a chat."""
    completion_tokens: int = 0
    """Estimated, as `prompt_tokens`."""
    kind: str = CHAT
    """What was asked for: a chat, or one of the services beside it."""
    project: str | None = None
    """As the caller named it."""
    scores: str | None = None
    """How the model that was chosen had scored, a JSON object of numbers; None: it was not scored."""
    held_nanos: int = 0
    """What it can have cost at most when it was written, nano-USD: what budgets hold for the attempt that is
    about to be made, and what those before it have cost. Written again before an attempt that makes it more,
    and before one at another model."""
    held_at: tuple[str, str] | None = None
    """The provider and model of that attempt; None: the first."""
    task: str | None = None
    """What kind of work it is; None: nobody knows."""
    complexity: float | None = None
    """0-1; None: nobody knows."""
    routing: str | None = None
    """How the model was chosen, a JSON text of the router's; None: the request named it."""
    experiment: str | None = None
    """That it counts for."""
    arm: str | None = None
    phase: str | None = None
    """Which state of the experiment it was."""
    prompt: str | None = None
    """That it was served with, `name@version`."""
    persona: str | None = None
    """In whose voice."""

    @property
    def at_ms(self) -> int:
        """When it began, Unix milliseconds; read from the id (RFC 9562, section 5.7)."""
        return int(self.id[:8] + self.id[9:13], 16)


class Attempt(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One call to a provider."""

    provider: str
    model: str
    started_ms: int
    """After the interaction began."""
    took_ms: int
    status: str
    """`Status`, or the kind of failure."""
    cost: Cost | None
    """None: unpriced."""
    usage: Usage = Usage()
    """Also of a failed or cut attempt: providers bill those too."""
    credential: str = ""
    """The key's last 4 characters."""
    first_token_ms: int | None = None
    """After the attempt's start."""
    http_status: int | None = None
    """The provider's; None where no answer came."""
    error: str | None = None
    """The provider's words, cut at `MAX_TEXT` characters."""
    partly: bool = False
    """Whether something was used that no price is known for; what else it cost is in `cost`."""

    @property
    def pricing(self) -> str:
        """How much of what was used has a price: `priced`, `partly_priced` or `unpriced`."""
        if self.cost is None:
            return UNPRICED
        return PARTLY_PRICED if self.partly else PRICED

    def __post_init__(self) -> None:
        if not believable(self.usage):
            force_setattr(self, "usage", _cut(self.usage))
        if self.error is not None and len(self.error) > MAX_TEXT:
            force_setattr(self, "error", self.error[:MAX_TEXT])


class Settled(Struct, frozen=True, kw_only=True, array_like=True, gc=False, tag="s"):
    """An interaction ended. What follows from its attempts is computed from them, so it cannot disagree."""

    id: str
    status: str
    """`Status`, or the code of the error that the caller saw."""
    attempts: tuple[Attempt, ...]
    """In the order they were begun."""
    usage: Usage = Usage()
    """Of the answer that was delivered; what was paid for is the sum over the attempts."""
    provider: str | None = None
    """Who served it; None where nobody did."""
    model: str | None = None
    model_version: str | None = None
    """As the provider named it."""
    price: PriceUsed | None = None
    latency_ms: int | None = None
    """As the caller saw it, whole; None after a crash."""
    upstream_ms: int | None = None
    """Spent waiting for providers."""
    first_token_ms: int | None = None
    overhead_us: int | None = None
    """Baton's own share of the latency."""
    generated_chars: int = 0
    finish: str | None = None
    http_status: int | None = None
    """Sent to the caller; None where nothing was."""
    decision: str | None = None
    """Why this model was chosen, in a sentence."""
    schema_violation: str | None = None
    """Where the answer is not true to the schema that was asked for, in a sentence."""
    audio_seconds: float | None = None
    """How long the sound was, where it was said: what some models are paid by."""
    cache: str | None = None
    """How an answer came that was not paid for: `exact`, `semantic` or `dedup`; None: it was."""
    cache_key: str | None = None
    """Its digest; nothing can be told from it."""
    cached_from: str | None = None
    """The interaction that paid for it."""
    saved_nanos: int = 0
    """What that has cost, nano-USD."""
    saved_ms: int = 0
    """How much sooner it came than to whoever paid."""

    def __post_init__(self) -> None:
        checked = bool(self.attempts) and self.usage is self.attempts[-1].usage
        if not checked and not believable(self.usage):
            force_setattr(self, "usage", _cut(self.usage))
        if self.model_version is not None and len(self.model_version) > MAX_TEXT:
            force_setattr(self, "model_version", self.model_version[:MAX_TEXT])
        if self.finish is not None and len(self.finish) > MAX_TEXT:
            force_setattr(self, "finish", self.finish[:MAX_TEXT])
        if self.schema_violation is not None and len(self.schema_violation) > MAX_TEXT:
            force_setattr(self, "schema_violation", self.schema_violation[:MAX_TEXT])

    @property
    def cost(self) -> Cost:
        """The sum over the attempts that have a price (decision 2)."""
        if len(self.attempts) == 1:
            return self.attempts[0].cost or _NOTHING
        priced = [attempt.cost for attempt in self.attempts if attempt.cost is not None]
        return Cost(
            input_nanos=sum(cost.input_nanos for cost in priced),
            output_nanos=sum(cost.output_nanos for cost in priced),
        )

    @property
    def unpriced(self) -> bool:
        """Whether an attempt has no known price: the cost is then too low, not nothing."""
        if len(self.attempts) == 1:
            return self.attempts[0].cost is None
        return any(attempt.cost is None for attempt in self.attempts)

    @property
    def pricing(self) -> str:
        """How much of what was used has a price: `priced`, `partly_priced` or `unpriced`."""
        if len(self.attempts) == 1:
            return self.attempts[0].pricing
        if self.unpriced:
            return UNPRICED
        return PARTLY_PRICED if any(attempt.partly for attempt in self.attempts) else PRICED

    @property
    def retries(self) -> int:
        """Attempts that asked the same model as the one before."""
        return sum(
            (one.provider, one.model) == (two.provider, two.model) for one, two in pairwise(self.attempts)
        )

    @property
    def fallbacks(self) -> int:
        """How many models were asked besides the first."""
        if len(self.attempts) < 2:
            return 0
        return len({(attempt.provider, attempt.model) for attempt in self.attempts}) - 1

    @property
    def fell_back(self) -> bool:
        """Whether more than one model was asked."""
        return self.fallbacks > 0

    @property
    def original_provider(self) -> str | None:
        """Who was asked first, where another model was asked after it."""
        return self.attempts[0].provider if self.fell_back else None

    @property
    def fallback_reason(self) -> str | None:
        """How the last attempt at the first model ended, where another was asked after it."""
        for one, two in pairwise(self.attempts):
            if (one.provider, one.model) != (two.provider, two.model):
                return one.status
        return None


Record = Opened | Settled


class Interaction(NamedTuple):
    """An interaction as a whole."""

    opened: Opened
    settled: Settled


def believable(usage: Usage) -> bool:
    """Whether every count is in `0 … MAX_TOKENS`: what a provider reports is untrusted."""
    counts = (
        usage.prompt,
        usage.completion,
        usage.cached,
        usage.cache_write,
        usage.reasoning,
        usage.audio_in,
        usage.audio_out,
        usage.cache_write_long,
        usage.image_in,
        usage.image_out,
    )
    if usage.charges:
        counts += tuple(count for _, count in usage.charges)
    return min(counts) >= 0 and max(counts) <= MAX_TOKENS


def _cut(usage: Usage) -> Usage:
    """The counts cut to `0 … MAX_TOKENS`, and marked estimated."""

    def cut(count: int) -> int:
        return min(max(count, 0), MAX_TOKENS)

    return Usage(
        prompt=cut(usage.prompt),
        completion=cut(usage.completion),
        cached=cut(usage.cached),
        cache_write=cut(usage.cache_write),
        reasoning=cut(usage.reasoning),
        audio_in=cut(usage.audio_in),
        audio_out=cut(usage.audio_out),
        cache_write_long=cut(usage.cache_write_long),
        processing=usage.processing,
        beside=usage.beside,
        image_in=cut(usage.image_in),
        image_out=cut(usage.image_out),
        charges=tuple((charge, cut(count)) for charge, count in usage.charges),
        estimated=True,
    )


def crashed(opened: Opened) -> Settled:
    """The end of an interaction that has none: its process died.

    `opened` is written right before an attempt, so that attempt is taken to have been made, and to have cost
    what was held for it: the provider may bill as much, and nobody is left who would hear of it.
    """
    usage = Usage(prompt=opened.prompt_tokens, completion=opened.completion_tokens, estimated=True)
    provider, model = opened.held_at or (opened.first_provider, opened.first_model)
    attempt = Attempt(
        provider=provider,
        model=model,
        started_ms=0,
        took_ms=0,
        status=Status.CRASHED,
        usage=usage,
        cost=_at_most(opened),
    )
    return Settled(id=opened.id, status=Status.CRASHED, attempts=(attempt,), usage=usage)


def _at_most(opened: Opened) -> Cost | None:
    """What the attempts can have cost; None: no price of the first is known, and no other was made."""
    estimate = opened.estimated_cost
    if estimate is None:
        return None if opened.held_at is None else Cost(output_nanos=opened.held_nanos)
    if opened.held_nanos <= estimate.total_nanos:
        return estimate
    return Cost(input_nanos=estimate.input_nanos, output_nanos=opened.held_nanos - estimate.input_nanos)
