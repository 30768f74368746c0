"""JSON Schemas made simple: references followed, `allOf` merged, alternatives gathered."""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import unquote

from msgspec import Struct

Schema = Mapping[str, Any]  # JSON as it was decoded: the keywords' own types are checked where they are used
_MOST_REFERENCES = 64  # a chain longer than this is a circle


class Unsatisfiable(Exception):
    """No value can be true to the schema, or none that this generator can find; says where and why."""


class Shape(Struct, frozen=True):
    """A schema without references and `allOf`: keywords, and groups of which one branch each must hold."""

    keywords: Schema
    alternatives: tuple[tuple[Schema | bool, ...], ...] = ()

    def choosing(self, root: Schema, branch: Schema | bool) -> "Shape":
        """With the first group decided."""
        return both(Shape(self.keywords, self.alternatives[1:]), shape(root, branch))


def shape(root: Schema, schema: Any, hops: int = 0) -> Shape:
    """The shape of a schema within its document `root`.

    Raises:
        Unsatisfiable: `false`, not a schema, or a reference that leads nowhere.
    """
    if schema is True:
        return Shape({})
    if not isinstance(schema, dict):
        raise Unsatisfiable("nothing is allowed here")
    if hops > _MOST_REFERENCES:
        raise Unsatisfiable("references in a circle")
    known = cast("Schema", schema)
    groups = tuple(tuple(known[word]) for word in ("anyOf", "oneOf") if known.get(word))
    plain = {word: value for word, value in known.items() if word not in _COMBINING}
    found = Shape(plain, groups)
    if "$ref" in known:
        found = both(found, shape(root, _target(root, known["$ref"]), hops + 1))
    for part in known.get("allOf", ()):
        found = both(found, shape(root, part, hops + 1))
    return found


_COMBINING = frozenset({"$ref", "allOf", "anyOf", "oneOf", "$defs", "definitions"})


def _target(root: Schema, reference: str) -> Any:
    """What a `#/a/b` reference points at (RFC 6901)."""
    if not reference.startswith("#"):
        raise Unsatisfiable(f"the reference {reference} leads out of the document")
    here: Any = root
    for step in reference[1:].split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(here, list) and key.isdigit() and int(key) < len(cast("list[Any]", here)):
            here = cast("list[Any]", here)[int(key)]
        elif isinstance(here, dict) and key in here:
            here = cast("dict[str, Any]", here)[key]
        else:
            raise Unsatisfiable(f"the reference {reference} leads nowhere")
    return here


def both(one: Shape, other: Shape) -> Shape:
    """The shape of what is true to both.

    Raises:
        Unsatisfiable: they exclude each other.
    """
    merged: dict[str, Any] = dict(one.keywords)
    for word, value in other.keywords.items():
        if word not in merged or merged[word] == value:
            merged[word] = value
        elif word == "properties":
            merged[word] = _properties(one.keywords, other.keywords)
        else:
            merged[word] = _MERGERS.get(word, _later)(merged[word], value)
    return Shape(merged, one.alternatives + other.alternatives)


def _properties(one: Schema, other: Schema) -> Schema:
    """A property that one side has and the other closes its door to is forbidden."""
    mine, theirs = one["properties"], other["properties"]
    merged: dict[str, Any] = {}
    for name in {**mine, **theirs}:
        if name in mine and name in theirs:
            merged[name] = {"allOf": [mine[name], theirs[name]]}
        else:
            closed = (other if name in mine else one).get("additionalProperties") is False
            merged[name] = False if closed else mine.get(name, theirs.get(name))
    return merged


def _types(one: Any, other: Any) -> list[str]:
    """Types in both; an integer is a number."""
    mine, theirs = _widened(one), _widened(other)
    kept = [name for name in mine if name in theirs]
    if "number" in kept and "integer" in kept:
        whole_only = "number" not in _listed(one) or "number" not in _listed(other)
        kept.remove("number" if whole_only else "integer")
    if not kept:
        raise Unsatisfiable("no type is left")
    return kept


def _listed(types: Any) -> list[str]:
    return [types] if isinstance(types, str) else list(types)


def _widened(types: Any) -> list[str]:
    names = _listed(types)
    return [*names, "integer"] if "number" in names and "integer" not in names else names


def _same(one: Any, other: Any) -> Any:
    raise Unsatisfiable(f"{one!r} and {other!r} at once")


def _in_both(one: Any, other: Any) -> Any:
    kept = [value for value in one if value in other]
    return kept if kept else _same(one, other)


def _together(one: Any, other: Any) -> Any:
    return list(dict.fromkeys([*one, *other]))


def _nested(one: Any, other: Any) -> Any:
    return {"allOf": [one, other]}


def _multiple(one: Any, other: Any) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        return math.lcm(one, other)
    return _same(one, other)


def _later(one: Any, other: Any) -> Any:
    """Descriptions, titles, and what only one side can have its way in."""
    del one
    return other


_MERGERS: dict[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": _in_both,
    "const": _same,
    "required": _together,
    "items": _nested,
    "additionalProperties": _nested,
    "multipleOf": _multiple,
    "uniqueItems": lambda one, other: one or other,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}
