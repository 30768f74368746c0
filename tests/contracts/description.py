"""OpenAI's own API description as a judge: the few schemas that are needed, cut out of three megabytes."""

import re
from functools import lru_cache
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.contracts.recordings import spec_file

_SCHEMA = re.compile(r"^    (\w[\w.-]*):$", re.MULTILINE)
_NEXT_SECTION = re.compile(r"^(?:  )?\w", re.MULTILINE)
_REFERENCE = re.compile(r"#/components/schemas/([\w.-]+)")


@lru_cache(maxsize=1)
def _texts() -> dict[str, str]:
    """Each schema's YAML, by its name; parsing all of it would take longer than all the tests."""
    text = spec_file("openai.yaml").read_text(encoding="utf-8")
    schemas = text.partition("\ncomponents:\n  schemas:\n")[2]
    schemas = _NEXT_SECTION.split(schemas, maxsplit=1)[0]
    heads = list(_SCHEMA.finditer(schemas))
    ends = [*(head.start() for head in heads[1:]), len(schemas)]
    return {head[1]: schemas[head.end() : end] for head, end in zip(heads, ends, strict=True)}


@lru_cache
def validator(name: str) -> Draft202012Validator:
    """A validator for one of the description's schemas."""
    texts = _texts()
    found: dict[str, Any] = {}
    wanted = [name]
    while wanted:
        one = wanted.pop()
        if one not in found:
            found[one] = _as_json_schema(yaml.load(texts[one], Loader=yaml.CSafeLoader))
            wanted += _REFERENCE.findall(texts[one])
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": found}})


@lru_cache(maxsize=1)
def event_schemas() -> dict[str, str]:
    """The schema of each kind of event in a stream of Responses, by the event's type."""
    texts = _texts()
    found: dict[str, str] = {}
    for name in _REFERENCE.findall(texts["ResponseStreamEvent"]):
        kind = yaml.load(texts[name], Loader=yaml.CSafeLoader).get("properties", {}).get("type", {})
        found |= dict.fromkeys(kind.get("enum", ()), name)
    return found


def _as_json_schema(node: Any) -> Any:
    """The description mixes OpenAPI 3.0's `nullable` into 3.1, whose schemas are JSON Schema."""
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _as_json_schema(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [schema, {"type": "null"}]} if node.get("nullable") is True else schema


def problems(name: str, value: Any) -> list[str]:
    """What is wrong with a value, in words."""
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(name).iter_errors(value)]
