"""Whether a JSON Schema is one that OpenAI can be strict about (its guide on structured outputs)."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object

_REFUSED = frozenset(
    {
        "allOf",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "not",
        "oneOf",
        "patternProperties",
        "then",
        "unevaluatedProperties",
    }
)
_INSIDE = ("properties", "$defs", "definitions")


def fits_strict(schema: Raw | None) -> bool:
    """Whether every object in it is closed and has no optional field, and nothing in it is refused."""
    if schema is None:
        return False
    try:
        root = msgspec.json.decode(schema)
        return as_object(root).get("type") == "object" and _fits(root)
    except UNREADABLE:
        return False


def _fits(schema: Any) -> bool:
    fields = as_object(schema)
    if not fields or not _REFUSED.isdisjoint(fields):
        return False
    if fields.get("type") == "object" or "properties" in fields:
        names = set(as_object(fields.get("properties")))
        if fields.get("additionalProperties") is not False or names != set(as_list(fields.get("required"))):
            return False
    inner = [one for name in _INSIDE for one in as_object(fields.get(name)).values()]
    inner += as_list(fields.get("anyOf"))
    if "items" in fields:
        inner.append(fields["items"])
    return all(map(_fits, inner))
