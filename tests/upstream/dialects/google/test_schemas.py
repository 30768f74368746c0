"""Schemas as Google takes them, and as it writes them."""

import json
from typing import Any

import pytest
from msgspec import Raw

from baton.core.losses import Feature, Losses
from baton.upstream.dialects.google.schemas import from_openapi, to_json_schema


def rewritten(schema: Any) -> tuple[Any, Losses]:
    losses = Losses()
    found = to_json_schema(Raw(json.dumps(schema).encode()), losses, Feature.TOOL_SCHEMA)
    return (json.loads(bytes(found)) if isinstance(found, Raw) else found), losses


def test_what_google_takes_stays_as_it_was() -> None:
    """Unions, null types, bounds, further properties: nothing is lost, and nothing reported."""
    schema = {
        "type": "object",
        "properties": {"x": {"type": ["string", "null"], "minLength": 1}, "y": {"anyOf": [{"type": "null"}]}},
        "required": ["x"],
        "additionalProperties": False,
    }
    found, losses = rewritten(schema)
    assert found == schema
    assert not losses


def test_references_are_written_out() -> None:
    """With what stands beside them; a property may be called like a keyword."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "pet": {"$ref": "#/$defs/Pet", "description": "the first"},
            "const": {"const": "a"},
            "old": {"allOf": [{"$ref": "#/$defs/Pet"}]},
        },
        "$defs": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    pet = schema["$defs"]["Pet"]
    found, losses = rewritten(schema)
    assert found == {
        "type": "object",
        "properties": {
            "pet": {**pet, "description": "the first"},
            "const": {"enum": ["a"]},
            "old": pet,
        },
    }
    assert list(losses.adjusted) == ["tool_schema"]


def test_what_refers_to_itself_stays_a_reference() -> None:
    """A tree of any depth cannot be written out."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    found, _ = rewritten({"$ref": "#/$defs/Node", "$defs": {"Node": node}})
    assert "#/$defs/Node" in json.dumps(found["properties"])
    assert found["$defs"]["Node"]["type"] == "object"


def test_a_schema_made_to_grow_is_left_alone() -> None:
    """Thirty definitions that each refer twice to the next would be a billion."""
    steps = {
        f"a{at}": {"type": "object", "properties": {name: {"$ref": f"#/$defs/a{at + 1}"} for name in "xy"}}
        for at in range(30)
    }
    schema = {"type": "object", "properties": {"x": {"$ref": "#/$defs/a0"}}, "$defs": steps}
    found, losses = rewritten(schema)
    assert found == schema
    assert not losses


@pytest.mark.parametrize(
    ("googles", "means"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": 6, "properties": {"maxItems": {"type": 1}}}, None),
        ({"type": "ARRAY", "items": {"type": "INTEGER"}, "max_items": "3"}, None),
        (
            {"type": "STRING", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"anyOf": [{"type": "NUMBER"}], "nullable": True},
            {"anyOf": [{"type": "number"}, {"type": "null"}]},
        ),
        ({"type": "OBJECT", "propertyOrdering": ["a"]}, {"type": "object"}),
    ],
)
def test_googles_subset_reads_as_json_schema(googles: Any, means: Any) -> None:
    """Types by name or number, in either spelling; null as a type of its own."""
    expected = (
        means
        or {
            6: {"type": "object", "properties": {"maxItems": {"type": "string"}}},
            "ARRAY": {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
        }[googles["type"]]
    )
    assert json.loads(bytes(from_openapi(Raw(json.dumps(googles).encode())))) == expected
