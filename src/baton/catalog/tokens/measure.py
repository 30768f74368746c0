"""What of a prompt can be counted cheaply: characters by kind, messages, tools, media."""

import msgspec
from msgspec import Struct

from baton.catalog.tokens.images import Size, size_of
from baton.core.chars import NO_CHARS, Chars, chars_of
from baton.core.messages import (
    Foreign,
    Media,
    MediaKind,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.request import ChatRequest, Tool, ToolMode

_UNSEEN = frozenset(
    {"functions", "previous_response_id", "conversation", "prompt", "web_search_options", "cachedContent"}
)
"""Fields of a request that bring more into the prompt than stands in the messages."""


class Measure(Struct, frozen=True, kw_only=True):
    """The sizes of a prompt."""

    said: Chars
    """In messages, tool calls and tool results."""
    declared: Chars
    """In what tools are described with, JSON included."""
    formed: Chars = NO_CHARS
    """In the schema of the answer."""
    messages: int = 0
    answers: int = 0
    """Messages of the assistant's."""
    tools: int = 0
    calls: int = 0
    results: int = 0
    schema: bool = False
    images: tuple[Size | None, ...] = ()
    """None: nobody can tell from outside how large it is."""
    files: int = 0
    """Documents, sounds and films: nobody can tell their tokens from outside."""
    foreign: int = 0
    """Parts, tools and fields that only their dialect knows and whose tokens nobody can tell."""


def measure(request: ChatRequest) -> Measure:
    """The sizes of a request."""
    parts = [part for message in request.messages for part in _flat(message.parts)]
    tools = shown_tools(request)
    schema = schema_text(request)
    media = [part for part in parts if isinstance(part, Media)]
    images = tuple(size_of(part.data) for part in media if part.kind is MediaKind.IMAGE)
    return Measure(
        said=chars_of("".join([text for part in parts for text in texts_of(part)])),
        declared=chars_of("".join([msgspec.json.encode(tool).decode() for tool in tools])),
        formed=NO_CHARS if schema is None else chars_of(schema),
        messages=len(request.messages),
        answers=sum(message.role is Role.ASSISTANT for message in request.messages),
        tools=len(tools),
        calls=sum(isinstance(part, ToolCall) for part in parts),
        results=sum(isinstance(part, ToolResult) for part in parts),
        schema=schema is not None,
        images=images,
        files=len(media) - len(images),
        foreign=sum(isinstance(part, Foreign) for part in parts)
        + sum(not isinstance(tool, Tool) for tool in request.tools)
        + len(_UNSEEN & request.extras.keys()),
    )


def shown_tools(request: ChatRequest) -> list[Tool]:
    """The tools that the model is told of: none where it must not call any."""
    if request.tool_choice is not None and request.tool_choice.mode is ToolMode.NONE:
        return []
    return [tool for tool in request.tools if isinstance(tool, Tool)]


def schema_text(request: ChatRequest) -> str | None:
    """The schema that the answer shall be true to."""
    form = request.response_format
    return None if form is None or form.schema is None else bytes(form.schema).decode("utf-8", "replace")


def texts_of(part: Part) -> tuple[str, ...]:
    """The texts of a part that a model reads; no former thoughts, which most providers drop."""
    if isinstance(part, Text | Refusal):
        return (part.text,)
    if isinstance(part, ToolCall):
        return (part.name, part.arguments)
    return ()


def _flat(parts: tuple[Part, ...]) -> list[Part]:
    """Parts, and those inside tool results behind them."""
    flat: list[Part] = []
    for part in parts:
        if not isinstance(part, Reasoning):
            flat.append(part)
        if isinstance(part, ToolResult):
            flat.extend(_flat(part.parts))
    return flat
