"""The answer of `POST /api/ai/v2/chat`: the same shape whole and as a stream's last event."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from baton.api.native.decision_shown import DecisionShown, decision_shown
from baton.core.answer import ChatResponse
from baton.core.messages import Reasoning, Refusal, Text, ToolCall
from baton.core.money import usd_text
from baton.core.usage import Usage
from baton.gateway.routing.decision import Decision
from baton.ledger.rows import Attempt, Settled


class Called(Struct, frozen=True, rename="camel"):
    """A tool that the model wants called; `arguments` is the JSON text as it wrote it."""

    id: str
    name: str
    arguments: str


class Said(Struct, frozen=True, kw_only=True):
    """What the model said. `content` None: it said nothing, as before tool calls."""

    content: str | None
    tool_calls: tuple[Called, ...] = ()
    reasoning: str | None = None
    refusal: str | None = None
    finish: str | None = None


class UsageShown(Struct, frozen=True, kw_only=True, rename="camel"):
    """Tokens of the answer that was delivered; `cachedTokens` are among the prompt's."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    estimated: bool


class AttemptTold(Struct, frozen=True, kw_only=True, rename="camel"):
    """One call to a provider."""

    provider: str
    model_name: str
    status: str
    http_status: int | None
    took_ms: int
    cost_usd: str | None
    error: str | None


class Answer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole answer. Money is a decimal string in USD; `costUsd` null: no price is known."""

    id: str
    content: str | None
    tool_calls: tuple[Called, ...]
    reasoning: str | None
    refusal: str | None
    finish_reason: str | None
    provider: str | None
    model_name: str | None
    model_version: str | None
    usage: UsageShown
    cost_usd: str | None
    first_token_ms: int | None
    response_time_ms: int | None
    upstream_ms: int | None
    was_cached: bool
    fallback_used: bool
    original_provider: str | None
    decision: DecisionShown
    attempts: tuple[AttemptTold, ...]
    dropped: tuple[str, ...]
    is_complete: bool = True


def compose(said: Said, settled: Settled, decision: Decision, dropped: Iterable[str]) -> Answer:
    """What was said, beside what the ledger has of it."""
    return Answer(
        id=settled.id,
        content=said.content,
        tool_calls=said.tool_calls,
        reasoning=said.reasoning,
        refusal=said.refusal,
        finish_reason=said.finish,
        provider=settled.provider,
        model_name=settled.model,
        model_version=settled.model_version,
        usage=_usage(settled.usage),
        cost_usd=None if settled.unpriced else usd_text(settled.cost.total_nanos),
        first_token_ms=settled.first_token_ms,
        response_time_ms=settled.latency_ms,
        upstream_ms=settled.upstream_ms,
        was_cached=settled.cache is not None,
        fallback_used=settled.fell_back,
        original_provider=settled.attempts[0].provider if settled.fell_back else None,
        decision=decision_shown(decision),
        attempts=tuple(_attempt(attempt) for attempt in settled.attempts),
        dropped=tuple(dropped),
    )


def said_in(response: ChatResponse) -> Said:
    """What a whole answer says, its first choice."""
    if not response.choices:
        return Said(content=None)
    choice = response.choices[0]
    texts = [part.text for part in choice.parts if isinstance(part, Text)]
    thoughts = [part.text for part in choice.parts if isinstance(part, Reasoning)]
    refusals = [part.text for part in choice.parts if isinstance(part, Refusal)]
    return Said(
        content="".join(texts) if texts else None,
        tool_calls=tuple(
            Called(part.id, part.name, part.arguments) for part in choice.parts if isinstance(part, ToolCall)
        ),
        reasoning="".join(thoughts) or None,
        refusal="".join(refusals) or None,
        finish=None if choice.finish is None else choice.finish.value,
    )


def encode(answer: Answer) -> bytes:
    """As JSON."""
    return msgspec.json.encode(answer)


def _usage(usage: Usage) -> UsageShown:
    return UsageShown(
        prompt_tokens=usage.prompt,
        completion_tokens=usage.completion,
        total_tokens=usage.total,
        cached_tokens=usage.cached,
        reasoning_tokens=usage.reasoning,
        estimated=usage.estimated,
    )


def _attempt(attempt: Attempt) -> AttemptTold:
    return AttemptTold(
        provider=attempt.provider,
        model_name=attempt.model,
        status=attempt.status,
        http_status=attempt.http_status,
        took_ms=attempt.took_ms,
        cost_usd=None if attempt.cost is None else usd_text(attempt.cost.total_nanos),
        error=attempt.error,
    )
