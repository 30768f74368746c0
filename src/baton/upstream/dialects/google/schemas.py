"""JSON Schemas ⇄ Google's two kinds: its subset of OpenAPI 3.0, and JSON Schema."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.losses import Feature, Losses
from baton.upstream.dialects.google.spelling import camel
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, raw

_TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")


def from_openapi(schema: Raw) -> Raw:
    """A schema of Google's subset as the JSON Schema that means the same."""
    return raw(_from_openapi(msgspec.json.decode(schema)))


def _from_openapi(schema: Any) -> Any:
    fields = as_object(schema)
    if not fields:
        return schema
    found: dict[str, Any] = {}
    for spelling, value in fields.items():
        name = camel(spelling)
        match name:
            case "type":
                found["type"] = _type(value)
            case "properties":
                found["properties"] = {inner: _from_openapi(each) for inner, each in as_object(value).items()}
            case "items" | "additionalProperties":
                found[name] = _from_openapi(value)
            case "anyOf":
                found["anyOf"] = [_from_openapi(each) for each in as_list(value)]
            case "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties":
                found[name] = int(value) if isinstance(value, str) and value.isdigit() else value
            case "example":
                found["examples"] = [value]
            case "nullable" | "propertyOrdering":
                continue
            case _:
                found[name] = value
    if fields.get("nullable") is True:
        return _nullable(found)
    return found


def _type(value: Any) -> Any:
    if isinstance(value, int) and 0 <= value < len(_TYPES):
        value = _TYPES[value]
    return value.lower() if isinstance(value, str) else value


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str):
        found = {**schema, "type": [kind, "null"]}
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            found["enum"] = [*schema["enum"], None]
        return found
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return schema


def to_json_schema(schema: Raw, losses: Losses, feature: Feature) -> Any:
    """A JSON Schema as Google takes it."""
    try:
        decoded = msgspec.json.decode(schema)
    except UNREADABLE:
        losses.drop(feature)
        return None
    fields = as_object(decoded)
    if not fields:
        return None
    if "$schema" not in fields:
        return schema
    losses.adjust(feature)
    return {name: value for name, value in fields.items() if name != "$schema"}
