"""An OpenAPI 3.1 description as 3.0: the few words of JSON Schema that changed between them."""

from typing import Any, cast

_NEWER_NULL = {"type": "null"}
_NULL = {"nullable": True}


def as_30(description: dict[str, Any]) -> dict[str, Any]:
    """The same description for readers that know no newer version than 3.0.3."""
    return {**_older(description), "openapi": "3.0.3"}


def _older(node: Any) -> Any:
    if isinstance(node, list):
        return [_older(each) for each in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    fields = {name: _older(value) for name, value in cast("dict[str, Any]", node).items()}
    if "const" in fields:
        fields["enum"] = [fields.pop("const")]
    if isinstance(fields.get("examples"), list):  # of a schema; a media type's examples are an object
        fields["example"] = fields.pop("examples")[0]
    for bound, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(fields.get(bound), int | float):
            fields[inclusive], fields[bound] = fields[bound], True
    return _nullable(fields)


def _nullable(fields: dict[str, Any]) -> dict[str, Any]:
    choices = fields.get("anyOf")
    if isinstance(choices, list) and _NULL in choices:
        left = [choice for choice in cast("list[Any]", choices) if choice != _NULL]
        rest = {name: value for name, value in fields.items() if name != "anyOf"}
        if len(left) == 1 and "$ref" not in left[0]:
            return {**left[0], **rest, "nullable": True}
        return {**rest, "anyOf": left, "nullable": True}
    return _NULL if fields == _NEWER_NULL else fields
