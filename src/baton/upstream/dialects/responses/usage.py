"""Usage objects ⇄ core."""

from typing import Any

from msgspec import Struct

from baton.core.usage import Usage
from baton.upstream.dialects.leniency import counts_in

_COUNTS = ("input_tokens", "output_tokens")


class InputDetails(Struct):
    """Parts of the prompt."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct):
    """Parts of the completion."""

    reasoning_tokens: int | None = None


class WireUsage(Struct):
    """Usage as it is reported; further fields are left alone."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


def read_usage(wire: WireUsage) -> Usage:
    """Core usage; no part is more than its whole."""
    prompt = wire.input_tokens or 0
    completion = wire.output_tokens or 0
    inside = wire.input_tokens_details or InputDetails()
    outside = wire.output_tokens_details or OutputDetails()
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(inside.cached_tokens or 0, prompt),
        cache_write=min(inside.cache_write_tokens or 0, prompt),
        reasoning=min(outside.reasoning_tokens or 0, completion),
    )


def usage_leniently(usage: object) -> WireUsage | None:
    """What can be understood of a usage object; None: there is none, or nothing in it."""
    return counts_in(usage, WireUsage, _COUNTS)


def write_usage(usage: Usage) -> dict[str, Any]:
    """A usage object."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }
