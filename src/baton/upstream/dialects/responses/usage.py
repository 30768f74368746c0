"""Usage objects ⇄ core."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from baton.core.usage import Charge, Charged, Usage, counted
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


class Work(Struct, frozen=True):
    """What the provider's own tools did for an answer."""

    charges: tuple[Charged, ...] = ()
    uncounted: bool = False
    """Whether it did more that is charged."""


_NO_WORK = Work()
_UNCOUNTED = frozenset(
    {"code_interpreter_call", "image_generation_call", "computer_call", "x_search_call", "shell_call"}
)
"""Items that stand for work which is charged by something that they do not tell."""


def work_of(items: Iterable[tuple[object, object]]) -> Work:
    """What the items of an answer stand for, given as type and action.

    A search is charged, opening what it found or looking into it is not (OpenAI's guide to its web search).
    """
    found = list(items)
    files = sum(kind == "file_search_call" for kind, _ in found)
    searches = sum(
        kind == "web_search_call" and as_object(action).get("type", "search") == "search"
        for kind, action in found
    )
    uncounted = any(isinstance(kind, str) and kind in _UNCOUNTED for kind, _ in found)
    if not (files or searches or uncounted):
        return _NO_WORK
    charges = counted((Charge.WEB_SEARCH, searches), (Charge.FILE_SEARCH, files))
    return Work(charges=charges, uncounted=uncounted)


def read_usage(wire: WireUsage, tier: object = None, work: Work = _NO_WORK) -> Usage:
    """Core usage; no part is more than its whole. `tier`: the answer's."""
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
        beside=work.uncounted or bool(wire.num_server_side_tools_used or wire.num_sources_used),
        charges=work.charges,
    )


def usage_leniently(usage: object) -> WireUsage | None:
    """What can be understood of a usage object; None: there is none, or nothing in it."""
    return counts_in(usage, WireUsage, _COUNTS)


def usage_of(answer: dict[str, Any]) -> Usage | None:
    """What an answer says of its usage, with what its items stand for; None: nothing."""
    wire = usage_leniently(answer.get("usage"))
    if wire is None:
        return None
    items = [as_object(item) for item in as_list(answer.get("output"))]
    work = work_of((item.get("type"), item.get("action")) for item in items)
    return read_usage(wire, answer.get("service_tier"), work)


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
