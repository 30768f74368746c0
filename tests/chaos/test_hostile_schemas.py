"""A schema from outside is never what breaks Baton."""

import json
from typing import Any

import pytest
from msgspec import Raw

from baton.core.errors import Invalid
from baton.core.losses import Feature, Losses
from baton.upstream.dialects.anthropic.schemas import strict_schema
from baton.upstream.dialects.google.schemas import from_openapi, to_json_schema


def written(schema: Any) -> Raw:
    return Raw(json.dumps(schema).encode())


def chain(links: int) -> dict[str, Any]:
    """Each definition refers to the next."""
    found: dict[str, Any] = {f"d{at}": {"$ref": f"#/$defs/d{at + 1}"} for at in range(links)}
    found[f"d{links}"] = {"type": "string"}
    return {"type": "object", "$defs": found, "properties": {"x": {"$ref": "#/$defs/d0"}}}


def nest(levels: int) -> dict[str, Any]:
    """Objects within objects."""
    found: dict[str, Any] = {"const": 1}
    for _ in range(levels):
        found = {"type": "object", "properties": {"a": found}}
    return found


@pytest.mark.parametrize("schema", [chain(900), nest(300)], ids=["a chain of references", "nested"])
def test_a_schema_too_deep_to_be_written_out_stays_as_it_is(schema: dict[str, Any]) -> None:
    """Its provider may judge it; Baton's stack is not the caller's to use up."""
    before = written(schema)
    assert to_json_schema(before, Losses(), Feature.TOOLS) is before


def test_a_short_chain_of_references_is_written_out() -> None:
    """What is deep but sane is still translated."""
    again = to_json_schema(written(chain(30)), Losses(), Feature.TOOLS)
    assert again == {"type": "object", "properties": {"x": {"type": "string"}}}


def test_a_deep_schema_of_googles_callers_is_refused() -> None:
    """As any body that is nested too deeply."""
    with pytest.raises(Invalid, match="nested"):
        from_openapi(Raw(b'{"properties":{"a":' * 480 + b"{}" + b"}}" * 480))


@pytest.mark.parametrize("odd", [{"a": 1}, ["x"], 5, None])
def test_a_format_of_any_kind_is_taken(odd: Any) -> None:
    """What Anthropic does not know of a schema goes into its description, whatever it is."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "format": odd}}}
    after = strict_schema(written(schema), Feature.TOOLS, Losses())
    assert "format" in after["properties"]["a"]["description"]
