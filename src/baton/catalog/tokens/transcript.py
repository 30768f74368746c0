"""A prompt as the texts that an encoding counts, each by itself: special tokens stand between them."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec

from baton.catalog.tokens.measure import schema_text, shown_tools, texts_of
from baton.core.messages import Role, ToolResult
from baton.core.request import ChatRequest, Tool

_MOST_DEPTH = 16
"""Of schemas inside schemas; what lies deeper is counted as `any`."""


def said_texts(request: ChatRequest) -> list[str]:
    """Roles, names and contents of the messages.

    Each message takes three tokens besides, and the answer is primed with three: OpenAI's cookbook, "How to
    count tokens with tiktoken".
    """
    texts: list[str] = []
    for message in request.messages:
        texts.append(message.role.value)
        if message.name is not None and message.role is not Role.TOOL:
            texts.append(f" {message.name}")
        for part in message.parts:
            texts.extend(texts_of(part))
            if isinstance(part, ToolResult):
                texts.extend(text for inner in part.parts for text in texts_of(inner))
    return texts


def declared_texts(request: ChatRequest) -> list[str]:
    """The tools as the namespace of TypeScript that models are shown.

    No vendor documents it; developers got the models to repeat it, and billing bears it out.
    """
    tools = shown_tools(request)
    return ["\n".join(_namespace(tools))] if tools else []


def formed_texts(request: ChatRequest) -> list[str]:
    """The answer's schema as JSON."""
    schema = schema_text(request)
    return [] if schema is None else [schema]


def _namespace(tools: list[Tool]) -> Iterator[str]:
    yield "namespace functions {\n"
    for tool in tools:
        if tool.description:
            yield f"// {tool.description}"
        schema: Any = None if tool.schema is None else msgspec.json.decode(tool.schema)
        fields = list(_fields(_object(schema), 0))
        if fields:
            yield f"type {tool.name} = (_: {{"
            yield from fields
            yield "}) => any;\n"
        else:
            yield f"type {tool.name} = () => any;\n"
    yield "} // namespace functions"


def _fields(schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    needed = _list(schema.get("required"))
    for name, field in _object(schema.get("properties")).items():
        if description := _object(field).get("description"):
            yield f"// {description}"
        yield f"{name}{'' if name in needed else '?'}: {_type(field, depth)},"


def _type(field: Any, depth: int) -> str:
    schema = _object(field)
    if depth > _MOST_DEPTH:
        return "any"
    if choices := _list(schema.get("enum")):
        return " | ".join(msgspec.json.encode(choice).decode() for choice in choices)
    if either := _list(schema.get("anyOf")):
        return " | ".join(_type(one, depth + 1) for one in either)
    kind = schema.get("type")
    if kinds := _list(kind):
        return " | ".join(_type({**schema, "type": one}, depth + 1) for one in kinds)
    if kind == "array":
        return f"{_type(schema.get('items'), depth + 1)}[]"
    if kind == "object":
        fields = "\n".join(_fields(schema, depth + 1))
        return f"{{\n{fields}\n}}" if fields else "object"
    return "number" if kind == "integer" else kind if isinstance(kind, str) else "any"


def _object(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
