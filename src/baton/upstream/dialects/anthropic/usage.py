"""Usage objects ⇄ core.

What was read from a cache and written to it stands beside `input_tokens`, not in it. On streams it is told
twice, the later figures replacing the earlier ones (recording anthropic-0f0858abb5).
"""

from typing import Any

from msgspec import Struct, structs

from baton.core.usage import Charge, Usage, counted
from baton.upstream.dialects.leniency import counts_in
from baton.upstream.dialects.processing import processing


class OutputDetails(Struct):
    """Parts of the output."""

    thinking_tokens: int | None = None


class CacheCreation(Struct):
    """What was written to the cache, by how long it is kept."""

    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class ServerToolUse(Struct):
    """Calls of tools on Anthropic's side that cost something by themselves; fetching pages does not."""

    web_search_requests: int | None = None
    code_execution_requests: int | None = None


class WireUsage(Struct):
    """Usage as Anthropic reports it; further fields are left alone."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUse | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    """Where it ran; within one country it is dearer."""


_COUNTS = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def usage_leniently(usage: object) -> WireUsage | None:
    """What can be understood of a usage object; None: there is none, or nothing in it."""
    return counts_in(usage, WireUsage, _COUNTS)


def renewed(earlier: WireUsage | None, later: WireUsage) -> WireUsage:
    """Both reports of a stream together: what the later one names replaces what the earlier one said."""
    if earlier is None:
        return later
    told = {name: value for name, value in structs.asdict(later).items() if value is not None}
    return structs.replace(earlier, **told)


def read_usage(wire: WireUsage) -> Usage:
    """Core usage: the prompt includes what the cache held and was given."""
    cached = wire.cache_read_input_tokens or 0
    written = wire.cache_creation_input_tokens or 0
    completion = wire.output_tokens or 0
    details = wire.output_tokens_details
    thought = 0 if details is None else details.thinking_tokens or 0
    kept = wire.cache_creation
    tools = wire.server_tool_use
    return Usage(
        prompt=(wire.input_tokens or 0) + cached + written,
        completion=completion,
        cached=cached,
        cache_write=written,
        reasoning=min(thought, completion),
        cache_write_long=0 if kept is None else min(kept.ephemeral_1h_input_tokens or 0, written),
        processing=processing(wire.service_tier, wire.speed, _confined(wire.inference_geo)),
        beside=tools is not None and bool(tools.code_execution_requests),
        charges=() if tools is None else counted((Charge.WEB_SEARCH, tools.web_search_requests)),
    )


def begun(wire: WireUsage) -> Usage:
    """Core usage of an answer of which nothing has come yet: its output so far is a guess of Anthropic's."""
    return structs.replace(read_usage(wire), completion=0, reasoning=0)


def _confined(geo: str | None) -> str | None:
    """Anthropic's price list adds a tenth to what is bound to run in one country."""
    return None if geo in ("global", "not_available") else geo


def write_usage(usage: Usage) -> dict[str, Any]:
    """A usage object in Anthropic's shape."""
    told: dict[str, Any] = {
        "input_tokens": max(0, usage.prompt - usage.cached - usage.cache_write),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion,
    }
    if usage.cache_write_long:
        told["cache_creation"] = {
            "ephemeral_5m_input_tokens": max(0, usage.cache_write - usage.cache_write_long),
            "ephemeral_1h_input_tokens": usage.cache_write_long,
        }
    if usage.reasoning:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return told
