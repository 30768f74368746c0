"""What an exchange must come to in the ledger, counted here a second time from the raw JSON."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.contracts.events import read_events
from tests.contracts.recordings import Exchange


class Bill(NamedTuple):
    """Tokens of one exchange, and why its answer ended."""

    prompt: int
    completion: int
    cached: int
    reasoning: int
    finishes: frozenset[str]
    """Each choice's reason, in the provider's own words."""


def bill_of(exchange: Exchange) -> Bill | None:
    """What the provider reported; None where it reported nothing."""
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
