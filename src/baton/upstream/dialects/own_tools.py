"""What a request lets its provider do by tools of the provider's own, which are charged by the piece."""

from typing import Any

import msgspec
from msgspec import Struct

from baton.upstream.dialects.bodies import hides_names
from baton.upstream.dialects.wire import UNREADABLE

USUAL_SEARCHES = 10
"""Held for where a request sets no bound; more are counted, and told as overshoot."""

_SEARCH = "search"


class _Tool(Struct):
    type: Any = None
    max_uses: Any = None


_TOOLS = msgspec.json.Decoder(list[_Tool])


def searches_by(tools: bytes, most: object = None) -> int:
    """How many searches the tools of a request, in JSON, may make. `most`: calls that it bounds all of them
    to; what is no whole number bounds nothing."""
    if _SEARCH.encode() not in tools and not hides_names(tools):
        return 0
    try:
        found = [tool for tool in _TOOLS.decode(tools) if isinstance(tool.type, str) and _SEARCH in tool.type]
    except (msgspec.ValidationError, *UNREADABLE):
        return USUAL_SEARCHES
    bounds = [_bound(tool.max_uses) for tool in found]
    return min(sum(bounds), _bound(most) if type(most) is int else sum(bounds))


def _bound(said: object) -> int:
    return min(max(said, 0), 1000) if type(said) is int else USUAL_SEARCHES
