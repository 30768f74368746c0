"""The texts in an output that is JSON."""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
from msgspec import Struct

_DEEPEST = 40
"""Levels that are looked through."""


class Leaf(Struct, frozen=True):
    """A text, and the field it is the value of; empty where it stands in a list."""

    field: str
    text: str


def leaves_of(text: str) -> tuple[Leaf, ...] | None:
    """All texts in an object or a list of JSON; None: it is neither."""
    stripped = text.strip()
    if stripped[:1] not in ("{", "["):
        return None
    try:
        value: Any = msgspec.json.decode(stripped)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):  # no JSON, endless, a lone surrogate
        return None
    return tuple(_leaves("", value, _DEEPEST))


def _leaves(field: str, value: Any, levels: int) -> Iterator[Leaf]:
    if isinstance(value, str):
        yield Leaf(field, value)
    elif isinstance(value, dict) and levels:
        for name, inner in cast(dict[str, Any], value).items():
            yield from _leaves(name, inner, levels - 1)
    elif isinstance(value, list) and levels:
        for inner in cast(list[Any], value):
            yield from _leaves("", inner, levels - 1)
