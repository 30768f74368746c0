"""JSON Schemas ⇄ Google's two kinds: its subset of OpenAPI 3.0, and JSON Schema."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.losses import Feature, Losses
from baton.upstream.dialects.google.spelling import camel
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, no_json, raw

_TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")


def from_openapi(schema: Raw) -> Raw:
    """A schema of Google's subset as the JSON Schema that means the same.

    Raises:
        Invalid: it is nested too deeply.
    """
    try:
        return raw(_from_openapi(msgspec.json.decode(schema)))
    except RecursionError as error:
        raise no_json(error) from None


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
    """A JSON Schema as Google takes it: no `$schema`, references written out, constants as enums of one.

    A reference may have nothing beside it there, and neither `const` nor `allOf` is among the keywords that
    it lists (API reference, `responseJsonSchema`). What refers to itself stays a reference.
    """
    try:
        fields = as_object(msgspec.json.decode(schema))
    except UNREADABLE:
        losses.drop(feature)
        return None
    if not fields:
        return None
    if not any(word in bytes(schema) for word in _REWRITTEN):
        return schema
    try:
        again = _Rewriting(fields).whole()
    except _TooLarge:
        return schema
    if again != fields:
        losses.adjust(feature)
    return again


_REWRITTEN = (b'"$', b'"const"', b'"allOf"', b'"definitions"')
_MOST_NODES = 20_000
"""References that refer to others can grow without end when they are written out."""

_MOST_DEEP = 100
"""Steps down, those along references among them: a chain of these costs a caller little, and us the stack."""

_NAMES = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
"""Keywords that hold schemas by names of the caller's."""

_VALUES = ("const", "default", "enum", "examples", "example", "required")
"""Keywords that hold no schema."""


class _TooLarge(Exception):
    """The schema grew past its bounds."""


class _Rewriting:
    """Writes one schema anew."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._nodes = 0
        self._deep = 0
        self._recursive = False

    def whole(self) -> dict[str, Any]:
        """The schema; definitions are left where something still refers to them."""
        again: dict[str, Any] = self._schema(self._root, ())
        for name in ("$schema", "$id", "$comment"):
            again.pop(name, None)
        for name in () if self._recursive else ("$defs", "definitions"):
            again.pop(name, None)
        return again

    def _schema(self, schema: Any, within: tuple[str, ...]) -> Any:
        """`within`: the references that are being written out."""
        fields = as_object(schema)
        if not fields:
            return schema
        self._nodes += 1
        self._deep += 1
        if self._nodes > _MOST_NODES or self._deep > _MOST_DEEP:
            raise _TooLarge
        reference = fields.get("$ref")
        if isinstance(reference, str):
            again = self._resolved(reference, fields, within)
        else:
            again = self._written(fields, within)
        self._deep -= 1
        return again

    def _written(self, fields: dict[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        again = {name: self._keyword(name, value, within) for name, value in fields.items()}
        if "const" in again and "enum" not in again:
            again["enum"] = [again.pop("const")]
        alone = as_list(again.get("allOf"))
        if len(alone) == 1 and not set(as_object(alone[0])) & (set(again) - {"allOf"}):
            del again["allOf"]
            again |= as_object(alone[0])
        return again

    def _keyword(self, name: str, value: Any, within: tuple[str, ...]) -> Any:
        if name in _VALUES:
            return value
        if name in _NAMES:
            return {inner: self._schema(each, within) for inner, each in as_object(value).items()}
        if as_list(value):
            return [self._schema(each, within) for each in as_list(value)]
        return self._schema(value, within)

    def _resolved(self, reference: str, fields: dict[str, Any], within: tuple[str, ...]) -> Any:
        target = self._target(reference)
        if reference in within or target is None:
            self._recursive = True
            return {"$ref": reference}
        beside = {name: value for name, value in fields.items() if name != "$ref"}
        return self._schema({**target, **beside}, (*within, reference))

    def _target(self, reference: str) -> dict[str, Any] | None:
        """What a reference into this very schema means; None: it leads elsewhere."""
        if not reference.startswith("#/"):
            return None
        found: Any = self._root
        for step in reference[2:].split("/"):
            found = as_object(found).get(step.replace("~1", "/").replace("~0", "~"))
        return as_object(found) or None
