"""What an exchange must come to in the ledger, counted here a second time from the raw JSON."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from baton.core.dialect import Dialect
from tests.contracts.events import read_events
from tests.contracts.facts.fact import Answer, Tokens
from tests.contracts.facts.generations import NUMBERED
from tests.contracts.facts.reading import answer_of, streamed_answer_of
from tests.contracts.recordings import Exchange


class Bill(NamedTuple):
    """Tokens of one exchange, and why its answer ended."""

    prompt: int
    completion: int
    cached: int
    reasoning: int
    finishes: frozenset[str]
    """Each choice's reason, in the provider's own words."""

    @property
    def tokens(self) -> Tokens:
        """What a caller of any dialect must be told."""
        return Tokens(self.prompt, self.completion, self.cached, self.reasoning)


def bill_of(exchange: Exchange) -> Bill | None:
    """What the provider reported; None where it reported nothing."""
    if exchange.dialect is Dialect.OPENAI:
        return _completions_bill(exchange)
    tokens = answer_in(exchange).tokens
    if tokens is None:
        return None
    finishes = frozenset(_finishes(exchange))
    return Bill(tokens.prompt, tokens.completion, tokens.cached, tokens.reasoning or 0, finishes)


def answer_in(exchange: Exchange) -> Answer:
    """What the recorded answer says."""
    assert exchange.dialect is not None
    read = streamed_answer_of if exchange.streamed else answer_of
    return read(exchange.dialect, exchange.body)


def fields_of(exchange: Exchange) -> set[str]:
    """The names of the answer's own fields: that one of them is lost excuses nothing else, but for
    Perplexity's citations."""
    names = {name for answer in _answers(exchange) for name in (answer.get("response") or answer)}
    return names - {"citations"}


def _finishes(exchange: Exchange) -> Iterator[str]:
    """Every word in the answer that may be its reason to end; Responses have none but their status."""
    for answer in _answers(exchange):
        inside = answer.get("response") or answer
        delta: Any = answer["delta"] if answer.get("type") == "message_delta" else {}
        words = [answer.get("stop_reason"), delta.get("stop_reason"), inside.get("status")]
        yield from filter(None, [*words, (inside.get("incomplete_details") or {}).get("reason")])
        for candidate in answer.get("candidates") or []:
            word = candidate.get("finishReason")
            if word is not None:
                yield NUMBERED.get(word, str(word))


def _completions_bill(exchange: Exchange) -> Bill | None:
    usage: dict[str, Any] = {}
    finishes: set[str] = set()
    for answer in _answers(exchange):
        # The last report of a stream counts: earlier ones are running totals.
        usage = answer.get("usage") or (answer.get("x_groq") or {}).get("usage") or usage
        reasons = [choice.get("finish_reason") for choice in answer.get("choices") or []]
        finishes |= {reason for reason in reasons if reason}
    if not usage:
        return None
    prompt_parts = usage.get("prompt_tokens_details") or {}
    completion_parts = usage.get("completion_tokens_details") or {}
    prompt, completion = usage.get("prompt_tokens", 0), usage["completion_tokens"]
    if exchange.provider == "xai":  # completion_tokens leaves reasoning out, the total has it
        completion = usage["total_tokens"] - prompt
    cached = (
        prompt_parts.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("num_cached_tokens"),
    )
    return Bill(
        prompt=prompt,
        completion=completion,
        # Grok models on Azure report more cached tokens than the prompt has; no more than all of it can be.
        cached=min(prompt, next((count for count in cached if count), 0)),
        # MiniMax through OpenRouter counts one more of them than the completion has.
        reasoning=min(completion, completion_parts.get("reasoning_tokens") or 0),
        finishes=frozenset(finishes),
    )


def _answers(exchange: Exchange) -> Iterator[dict[str, Any]]:
    if not exchange.streamed:
        yield exchange.parsed
        return
    for event in read_events(exchange.body):
        if event.data != "[DONE]":
            yield json.loads(event.data)
