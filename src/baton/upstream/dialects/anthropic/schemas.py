"""JSON Schemas rewritten into what the API takes.

A tool's schema may use all of JSON Schema below its top, which must be a plain object. Where the API promises
to keep to a schema (structured output, strict tools) it takes a subset: objects are closed, and most limits
on values are not known. What is not known goes into the description, where the model at least reads it.
Source: Anthropic's structured-outputs guide, and what its SDK 2.11.0 rewrites.
"""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.losses import Feature, Losses
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text

_COMBINATORS = ("oneOf", "anyOf", "allOf")
_DEFINITIONS = ("$defs", "definitions")
_KEPT = frozenset(
    {"type", "title", "description", "enum", "const", "default", "$ref", "properties", "required", "items"}
)
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_MOST_DEEP = 64


def input_schema(schema: Raw | None, feature: Feature, losses: Losses) -> Raw | dict[str, Any]:
    """The schema of a tool's arguments, as it was written where that can be taken."""
    fields = _read(schema)
    if schema is not None and fields.get("type") == "object" and not any(map(fields.get, _COMBINATORS)):
        return schema
    plain = {"type": "object", **{name: said for name, said in fields.items() if name not in _COMBINATORS}}
    told = {name: fields[name] for name in _COMBINATORS if fields.get(name)}
    if told or fields.get("type", "object") != "object":
        losses.adjust(feature)
        plain["type"] = "object"
        return _told(plain, told)
    plain.setdefault("properties", {})
    return plain


def strict_schema(schema: Raw | None, feature: Feature, losses: Losses) -> dict[str, Any]:
    """A schema that the API can promise to keep to."""
    before = _read(schema) or {"type": "object", "properties": {}}
    after = _closed(before, _MOST_DEEP)
    if after != before:
        losses.adjust(feature)
    return after


def _read(schema: Raw | None) -> dict[str, Any]:
    try:
        return {} if schema is None else as_object(msgspec.json.decode(schema))
    except UNREADABLE:
        return {}


def _closed(schema: Any, deep: int) -> Any:
    """One schema and all within it."""
    fields = as_object(schema)
    if not deep or not fields:
        return {}
    kept: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for name, said in fields.items():
        if name in _DEFINITIONS or name == "properties":
            kept[name] = {key: _closed(inner, deep - 1) for key, inner in as_object(said).items()}
        elif name in _COMBINATORS:
            # There is no "exactly one": "any" is the nearest.
            kept["anyOf" if name == "oneOf" else name] = [_closed(one, deep - 1) for one in as_list(said)]
        elif name == "items":
            kept[name] = _closed(said, deep - 1)
        elif (
            name in _KEPT
            or (name == "format" and as_text(said) in _FORMATS)
            or (name == "minItems" and said in (0, 1))
        ):
            kept[name] = said
        elif name not in ("additionalProperties", "$schema", "$id", "nullable"):
            left[name] = said
    if _is_object(fields):
        if isinstance(fields.get("additionalProperties"), dict) or fields.get("additionalProperties") is True:
            left["additionalProperties"] = fields["additionalProperties"]
        kept.setdefault("type", "object")
        kept.setdefault("properties", {})
        kept["additionalProperties"] = False
    if "$ref" in kept:  # nothing but definitions may stand beside it
        kept = {name: said for name, said in kept.items() if name == "$ref" or name in _DEFINITIONS}
        return kept
    return _told(kept, left) if left else kept


def _is_object(fields: dict[str, Any]) -> bool:
    kind = fields.get("type")
    return kind == "object" or "object" in as_list(kind) or (kind is None and "properties" in fields)


def _told(schema: dict[str, Any], left: dict[str, Any]) -> dict[str, Any]:
    """The schema with what it cannot say in words."""
    words = ", ".join(f"{name}: {msgspec.json.encode(said).decode()}" for name, said in left.items())
    said = schema.get("description")
    described = f"{said}\n\n{{{words}}}" if isinstance(said, str) and said else f"{{{words}}}"
    return {**schema, "description": described} if left else schema
