"""Usage objects of OpenAI and its likes ⇄ core."""

from typing import Any

from msgspec import Struct

from baton.core.provider import Quirks
from baton.core.usage import Charge, Charged, Usage, counted
from baton.upstream.dialects.leniency import counts_in
from baton.upstream.dialects.processing import processing

_REQUESTS = {"low": Charge.REQUEST_LOW, "medium": Charge.REQUEST_MEDIUM, "high": Charge.REQUEST_HIGH}

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


class PromptDetails(Struct, frozen=True):
    """Parts of the prompt."""

    cached_tokens: int | None = None
    audio_tokens: int | None = None
    cache_write_tokens: int | None = None


class CompletionDetails(Struct, frozen=True):
    """Parts of the completion."""

    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


_NO_PROMPT_DETAILS = PromptDetails()
_NO_COMPLETION_DETAILS = CompletionDetails()


class ToolUse(Struct):
    """Calls of tools on the provider's side (OpenRouter)."""

    web_search_requests: int | None = None


class WireUsage(Struct):
    """Usage as the OpenAI-likes report it; further fields are left alone."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek's word for cached tokens."""
    cached_tokens: int | None = None
    """An older word of some OpenAI-likes."""
    num_cached_tokens: int | None = None
    """Mistral's."""
    reasoning_tokens: int | None = None
    """Perplexity's deep research reports it beside the completion's details."""
    search_context_size: str | None = None
    """Perplexity charges each request by it: `low`, `medium` or `high`."""
    num_search_queries: int | None = None
    """And its deep research each search."""
    num_sources_used: int | None = None
    num_server_side_tools_used: int | None = None
    server_tool_use_details: ToolUse | None = None
    service_tier: str | None = None
    """Mistral's place for it."""

    @property
    def beside(self) -> bool:
        """Whether it counts what has a price of its own, and is not told apart."""
        return bool(self.num_sources_used or self.num_server_side_tools_used)

    @property
    def charges(self) -> tuple[Charged, ...]:
        """What it counts that is charged by the piece."""
        size, tools = self.search_context_size, self.server_tool_use_details
        searches = self.num_search_queries if tools is None else tools.web_search_requests
        if not (size or searches):
            return ()
        request = _REQUESTS.get(size or "")
        return counted((Charge.WEB_SEARCH, searches), *(() if request is None else ((request, 1),)))


def usage_leniently(usage: object) -> WireUsage | None:
    """What can be understood of a usage object; None: there is none, or nothing in it."""
    return counts_in(usage, WireUsage, _COUNTS)


def read_usage(wire: WireUsage, quirks: Quirks, tier: object = None, beside: bool = False) -> Usage:
    """Core usage; what is reported twice is counted once. `tier`: the answer's service tier; `beside`:
    whether the answer shows what is charged besides."""
    prompt = wire.prompt_tokens or 0
    completion = wire.completion_tokens or 0
    inside = wire.prompt_tokens_details or _NO_PROMPT_DETAILS
    outside = wire.completion_tokens_details or _NO_COMPLETION_DETAILS
    reasoning = outside.reasoning_tokens or 0
    if quirks.reasoning_beside_completion and wire.total_tokens is not None:
        # The total says whether reasoning is missing from the completion, or already in it.
        completion = max(completion, wire.total_tokens - prompt)
    cached = (
        inside.cached_tokens or wire.prompt_cache_hit_tokens or wire.cached_tokens or wire.num_cached_tokens
    )
    charges = wire.charges
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(cached or 0, prompt),
        cache_write=inside.cache_write_tokens or 0,
        reasoning=min(reasoning, completion),
        audio_in=inside.audio_tokens or 0,
        audio_out=outside.audio_tokens or 0,
        processing=processing(tier, wire.service_tier),
        beside=(beside and not charges) or wire.beside,
        charges=charges,
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """A usage object in OpenAI's own shape; what was written to a cache has OpenRouter's word."""
    inside = {"cached_tokens": usage.cached, "audio_tokens": usage.audio_in}
    if usage.cache_write:
        inside["cache_write_tokens"] = usage.cache_write
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": inside,
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.audio_out,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
