"""JSON made to order is true to its schema, as an independent validator sees it."""

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.schemas.document import instance
from baton.upstream.providers.simulated.schemas.merging import Unsatisfiable
from baton.upstream.providers.simulated.schemas.pattern import Unmatchable, matching

_NAMES = st.sampled_from(["name", "age", "city", "tags", "next", "a b", "ü"])
_SMALL = st.integers(min_value=0, max_value=4)


def _span(draw: st.DrawFn, low: str, high: str, values: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Either bound, both in order, or none."""
    one, other = sorted([draw(values), draw(values)])
    return draw(st.sampled_from([{}, {low: one}, {high: other}, {low: one, high: other}]))


@st.composite
def _strings(draw: st.DrawFn) -> dict[str, Any]:
    formats = ["date-time", "date", "email", "uuid", "ipv4", "ipv6", "hostname", "uri"]
    if draw(st.booleans()):
        return {"type": "string", "format": draw(st.sampled_from(formats))}
    return {"type": "string", **_span(draw, "minLength", "maxLength", st.integers(0, 40))}


@st.composite
def _numbers(draw: st.DrawFn) -> dict[str, Any]:
    bounds = _span(draw, "minimum", "maximum", st.integers(-1000, 1000))
    if draw(st.booleans()):
        return {"type": "integer", **bounds}
    if draw(st.booleans()):
        low = draw(st.integers(-50, 50))
        return {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": low + draw(st.integers(1, 9))}
    if not bounds:
        return {"type": draw(st.sampled_from(["integer", "number"])), "multipleOf": draw(st.integers(1, 50))}
    return {"type": "number", **bounds}


_LEAVES = st.one_of(
    _strings(),
    _numbers(),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, True, {"$ref": "#/$defs/leaf"}]),
    st.builds(lambda value: {"const": value}, st.one_of(st.text(max_size=5), st.integers(), st.none())),
    st.builds(lambda values: {"enum": values}, st.lists(st.text(max_size=5), min_size=1, unique=True)),
    st.just({"type": ["string", "null"], "minLength": 2}),
    st.just({"$ref": "#/$defs/tree"}),
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        properties = draw(st.dictionaries(_NAMES, inner, max_size=4))
        required = [name for name in properties if draw(st.booleans())]
        closed: dict[str, Any] = draw(st.sampled_from([{"additionalProperties": False}, {}]))
        return {"type": "object", "properties": properties, "required": required, **closed}

    return build()


def _arrays(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array", **_span(draw, "minItems", "maxItems", _SMALL)}
        return {**schema, "items": draw(inner)}

    return build()


_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        _objects(inner),
        _arrays(inner),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"allOf": [part, {"description": "the same, said twice"}]}, inner),
    ),
    max_leaves=8,
)
_DEFINITIONS = {
    "leaf": {"type": "string", "minLength": 1},
    "tree": {
        "type": "object",
        "properties": {
            "label": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            "parent": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
        },
        "required": ["label", "children", "parent"],
        "additionalProperties": False,
    },
}


@settings(max_examples=150, deadline=None)
@given(_SCHEMAS, st.integers(0, 1000))
def test_every_schema_is_obeyed(schema: Any, seed: int) -> None:
    """Whatever the schema, the value survives JSON and an independent validator."""
    document: dict[str, Any] = {"allOf": [schema], "$defs": _DEFINITIONS}
    value = json.loads(json.dumps(instance(document, Dice(seed))))
    jsonschema.Draft202012Validator(document).validate(value)


@given(st.integers(0, 100))
def test_the_same_seed_writes_the_same_document(seed: int) -> None:
    """Two runs with the same dice are equal, so a test may compare answers."""
    schema = {"$ref": "#/$defs/tree", "$defs": _DEFINITIONS}
    assert instance(schema, Dice(seed)) == instance(schema, Dice(seed))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "null"}],
            "items": False,
            "minItems": 2,
        },
        {"type": "object", "minProperties": 3},
        {"type": "object", "additionalProperties": {"type": "integer"}, "required": ["x"]},
        {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1},
        {"allOf": [{"type": "number", "minimum": 3}, {"type": "integer", "maximum": 3}]},
        {"allOf": [{"properties": {"a": {"minLength": 9}}}, {"properties": {"a": {"type": "string"}}}]},
        {
            "oneOf": [
                {"properties": {"k": {"const": c}, c: {"type": "string"}}, "required": ["k", c]} for c in "xy"
            ]
        },
        {"type": "number", "multipleOf": 0.25, "minimum": 1.1, "maximum": 1.3},
        {"type": "integer", "multipleOf": 2.5, "minimum": 1},
        {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}(-[a-f0-9]+)?$", "minLength": 12},
        {"type": "string", "pattern": "^(?:red|green|blue)\\.[^.]+\\.x?$"},
        {
            "properties": {"a~b/c d": {"$ref": "#/properties/z"}, "z": {"type": "null"}},
            "required": ["a~b/c d"],
        },
        {"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"const": 7}}},
    ],
)
def test_the_rarer_keywords_are_obeyed(schema: Any) -> None:
    """Uniqueness, tuples, merged bounds, patterns, escaped references: all hold for many seeds."""
    for seed in range(20):
        jsonschema.Draft202012Validator(schema).validate(instance(schema, Dice(seed)))


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "https://example.com/other.json"},
        {"$ref": "#"},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
        {"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True},
        {"allOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "object", "properties": {"me": {"$ref": "#"}}, "required": ["me"]},
        {"type": "string", "pattern": "^(?=a)b$"},
        {"type": "string", "pattern": "("},
        {"type": "colour"},
        {"type": "object", "required": 7},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"type": "string", "minLength": 10**9},
        {"type": "array", "minItems": 10**9},
        {"type": "object", "minProperties": 10**9},
        {"type": "number", "multipleOf": 0},
        {"type": "number", "multipleOf": 1e-320, "minimum": 1},
        {"type": "string", "pattern": "((a{9999}){9999}){9999}"},
        {"type": "string", "pattern": "(" * 5000 + ")" * 5000},
    ],
)
def test_what_nothing_satisfies_is_said(schema: Any) -> None:
    """A contradiction, a dangling reference or an endless schema is refused, not answered wrongly."""
    with pytest.raises(Unsatisfiable):
        instance(schema, Dice(1))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_patterns_are_matched(seed: int) -> None:
    """Texts made for a pattern match it."""
    for pattern in (
        r"^\+?[1-9]\d{1,14}$",
        r"[A-Za-z_][\w-]*",
        r"^#(?:[0-9a-fA-F]{3}){1,2}$",
        r"^a|b$",
        r"[]x-]+",
    ):
        assert re.search(pattern, matching(pattern, Dice(seed)))


@pytest.mark.parametrize(
    "pattern", [r"(?<n>x)", r"a(?!b)", r"\1", "*a", "[", r"\p{L}", r"\u12", "a^b", "a$b", r"a\b", "a{2,1}"]
)
def test_patterns_beyond_it_are_refused(pattern: str) -> None:
    """A pattern it cannot obey is refused rather than half obeyed."""
    with pytest.raises(Unmatchable):
        matching(pattern, Dice(1))
