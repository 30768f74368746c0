"""JSON that is true to a JSON Schema.

Obeyed: type (and lists of types), enum, const, properties, required, additionalProperties, min- and
maxProperties, items, prefixItems, min- and maxItems, uniqueItems, min- and maxLength, pattern, format, the
bounds of numbers, multipleOf, $ref within the document (recursive ones too), anyOf, oneOf, allOf. Beyond it
are conditions: `not`, `if`, `dependentSchemas`, `contains`, and that only one branch of a `oneOf` may hold.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any

import msgspec

from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.schemas.merging import Schema, Shape, Unsatisfiable, shape
from baton.upstream.providers.simulated.schemas.numbers import number
from baton.upstream.providers.simulated.schemas.strings import string

_MOST_VALUES = 5_000  # of one document, tried branches included
_DEEPEST = 40
_SPARE_FROM = 4  # levels below which only what is required is written, so that recursive schemas end
_TRIES = 60  # for an item unlike those before it


def instance(schema: Schema | bool, dice: Dice) -> Any:
    """A JSON value that is true to the schema; the same for the same dice.

    Raises:
        Unsatisfiable: there is none, or it is beyond this generator.
    """
    root = schema if isinstance(schema, dict) else {}
    try:
        return _Writer(root, dice).value(schema, 0)
    except _Exhausted as error:
        raise Unsatisfiable("the schema branches too often") from error
    except RecursionError as error:
        raise Unsatisfiable("it is nested too deeply") from error
    except (TypeError, AttributeError, KeyError, ValueError, ArithmeticError) as error:
        raise Unsatisfiable(f"not a JSON Schema: {error}") from error


class _Exhausted(Exception):
    """Too many values were tried; unlike `Unsatisfiable`, no other branch is."""


class _Writer:
    """Writes one document."""

    def __init__(self, root: Schema, dice: Dice) -> None:
        self._root = root
        self._dice = dice
        self._left = _MOST_VALUES

    def value(self, schema: Any, depth: int) -> Any:
        return self._of_shape(shape(self._root, schema), depth)

    def _of_shape(self, wanted: Shape, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _Exhausted
        if depth > _DEEPEST:
            raise Unsatisfiable("it never ends")
        if wanted.alternatives:
            return self._one_of(wanted, depth)
        words = wanted.keywords
        if "const" in words:
            return self._listed(words, [words["const"]])
        if "enum" in words:
            return self._listed(words, words["enum"])
        kinds = _kinds(words)
        kind = kinds[self._dice.below(len(kinds))] if depth < _SPARE_FROM else min(kinds, key=_WEIGHTS.index)
        if kind == "object":
            return self._object(words, depth)
        if kind == "array":
            return self._array(words, depth)
        if kind == "string":
            return string(words, self._dice)
        if kind in ("integer", "number"):
            return number(words, whole=kind == "integer", dice=self._dice)
        return None if kind == "null" else bool(self._dice.below(2))

    def _one_of(self, wanted: Shape, depth: int) -> Any:
        """By the first branch that can be had; deep down, the plainest come first."""
        branches = list(wanted.alternatives[0])
        if depth < _SPARE_FROM:
            start = self._dice.below(len(branches))
            branches = branches[start:] + branches[:start]
        else:
            branches.sort(key=_plainness)
        reason = Unsatisfiable("no branch")
        for branch in branches:
            try:
                return self._of_shape(wanted.choosing(self._root, branch), depth + 1)
            except Unsatisfiable as error:
                reason = error
        raise reason

    def _listed(self, words: Schema, values: Any) -> Any:
        allowed = [value for value in values if _is_listed(words, value)]
        if not allowed:
            raise Unsatisfiable("none of the listed values has the type that is asked for")
        return allowed[self._dice.below(len(allowed))]

    def _object(self, words: Schema, depth: int) -> dict[str, Any]:
        properties: Schema = words.get("properties", {})
        required: list[str] = list(words.get("required", ()))
        rest = words.get("additionalProperties", True)
        most: int = words.get("maxProperties", len(properties) + len(required))
        written: dict[str, Any] = {}
        for name in required:
            written[name] = self.value(properties.get(name, rest), depth + 1)
        for name in properties:
            if name in written or depth >= _SPARE_FROM or len(written) >= most:
                continue
            try:
                written[name] = self.value(properties[name], depth + 1)
            except Unsatisfiable:
                continue  # an optional property may stay away
        self._fill(written, words, depth)
        order = {name: place for place, name in enumerate(properties)}
        return dict(sorted(written.items(), key=lambda item: order.get(item[0], len(order))))

    def _fill(self, written: dict[str, Any], words: Schema, depth: int) -> None:
        """Add properties until there are as many as the schema demands."""
        properties: Schema = words.get("properties", {})
        made = (f"key{number}" for number in range(words.get("minProperties", 0)))
        for name in chain(properties, made):
            if len(written) >= words.get("minProperties", 0):
                break
            if name not in written:
                rest = words.get("additionalProperties", True)
                written[name] = self.value(properties.get(name, rest), depth + 1)
        if len(written) > words.get("maxProperties", len(written)):
            raise Unsatisfiable("more properties are required than are allowed")

    def _array(self, words: Schema, depth: int) -> list[Any]:
        first: list[Any] = list(words.get("prefixItems", ()))
        rest = words.get("items", True)
        fewest: int = words.get("minItems", 0)
        wish = max(fewest, len(first) + self._dice.below(2) + 1) if depth < _SPARE_FROM else fewest
        most: int = words.get("maxItems", wish)
        items: list[Any] = []
        seen: set[bytes] = set()
        for place in range(min(wish, most)):
            schema = first[place] if place < len(first) else rest
            try:
                item = self._another(schema, depth, seen if words.get("uniqueItems") else None)
            except Unsatisfiable:
                if place < fewest:
                    raise
                break
            items.append(item)
        if len(items) < fewest:
            raise Unsatisfiable("fewer items are allowed than are required")
        return items

    def _another(self, schema: Any, depth: int, seen: set[bytes] | None) -> Any:
        """An item; unlike those `seen`, if given."""
        for _ in range(_TRIES):
            item = self.value(schema, depth + 1)
            if seen is None:
                return item
            digest = msgspec.json.encode(item, order="deterministic")
            if digest not in seen:
                seen.add(digest)
                return item
        raise Unsatisfiable("too few different items")


_WEIGHTS = ("null", "boolean", "integer", "number", "string", "array", "object")
_TELLTALES = (
    ("object", ("properties", "required", "additionalProperties", "minProperties", "maxProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)


def _kinds(words: Schema) -> list[str]:
    """The types a value may have; where none is said, what the other keywords are about."""
    said = words.get("type")
    if isinstance(said, str):
        said = [said]
    if said:
        if unknown := [kind for kind in said if kind not in _WEIGHTS]:
            raise Unsatisfiable(f"no such type: {unknown[0]}")
        return list(said)
    return [next((kind for kind, signs in _TELLTALES if any(sign in words for sign in signs)), "string")]


def _plainness(branch: Schema | bool) -> int:
    """How little a branch asks for: small is plain."""
    if isinstance(branch, bool):
        return len(_WEIGHTS)
    if "const" in branch or "enum" in branch:
        return 0
    said: Any = branch.get("type")
    return _WEIGHTS.index(said) if said in _WEIGHTS else len(_WEIGHTS)


def _is_listed(words: Schema, value: Any) -> bool:
    """Whether a listed value also has the type, and is the constant, that the schema asks for."""
    kinds = _kinds(words) if words.get("type") else list(_WEIGHTS)
    if "enum" in words and value not in words["enum"]:
        return False
    return any(_TYPE_CHECKS[kind](value) for kind in kinds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPE_CHECKS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
