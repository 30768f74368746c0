"""Usage objects ⇄ core."""

from typing import Any

from msgspec import Struct

from baton.core.usage import Usage
from baton.upstream.dialects.leniency import counts_in
from baton.upstream.dialects.processing import processing
from baton.upstream.dialects.wire import as_list, as_object

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
    num_server_side_tools_used: int | None = None
    """What xAI counts of its own tools, which it charges by the call; and of its sources."""
    num_sources_used: int | None = None


_CHARGED = frozenset(
    {
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "computer_call",
        "x_search_call",
        "shell_call",
    }
)
"""Items that stand for work of the provider's own tools, which it charges by itself."""


def is_charged(kind: object) -> bool:
    """Whether an item of this type is charged besides its tokens."""
    return isinstance(kind, str) and kind in _CHARGED


def read_usage(wire: WireUsage, tier: object = None, beside: bool = False) -> Usage:
    """Core usage; no part is more than its whole. `tier`: the answer's; `beside`: whether an item of it is
    charged besides."""
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
        processing=processing(tier),
        beside=beside or bool(wire.num_server_side_tools_used or wire.num_sources_used),
    )


def usage_leniently(usage: object) -> WireUsage | None:
    """What can be understood of a usage object; None: there is none, or nothing in it."""
    return counts_in(usage, WireUsage, _COUNTS)


def usage_of(answer: dict[str, Any]) -> Usage | None:
    """What an answer says of its usage, with what of its items is charged besides; None: nothing."""
    wire = usage_leniently(answer.get("usage"))
    if wire is None:
        return None
    beside = any(is_charged(as_object(item).get("type")) for item in as_list(answer.get("output")))
    return read_usage(wire, answer.get("service_tier"), beside)


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
