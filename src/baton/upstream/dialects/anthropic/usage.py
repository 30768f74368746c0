"""Usage objects ⇄ core.

What was read from a cache and written to it stands beside `input_tokens`, not in it. On streams it is told
twice, the later figures replacing the earlier ones (recording anthropic-0f0858abb5).
"""

from typing import Any

from msgspec import Struct, structs

from baton.core.usage import Usage
from baton.upstream.dialects.leniency import counts_in


class OutputDetails(Struct):
    """Parts of the output."""

    thinking_tokens: int | None = None


class WireUsage(Struct):
    """Usage as Anthropic reports it; further fields are left alone."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None


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
    return Usage(
        prompt=(wire.input_tokens or 0) + cached + written,
        completion=completion,
        cached=cached,
        cache_write=written,
        reasoning=min(thought, completion),
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """A usage object in Anthropic's shape."""
    told: dict[str, Any] = {
        "input_tokens": max(0, usage.prompt - usage.cached - usage.cache_write),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion,
    }
    if usage.reasoning:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return told
