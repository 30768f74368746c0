"""What of a prompt can be counted cheaply: characters by kind, messages, tools, media."""

import msgspec
from msgspec import Struct

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
from baton.core.request import ChatRequest, Tool

KINDS = ("letter", "digit", "space", "mark", "two", "three", "four")
"""Of characters: ASCII letters, digits, white space and the rest of ASCII; those of two bytes in UTF-8
(accents, Cyrillic, Greek, Hebrew, Arabic), of three (Indic, Thai, kana, Hangul, Han), of four (emoji)."""

_SAMPLED_CHARS = 65_536
_SAMPLES = 4


def _kind_of(byte: int) -> int:
    char = chr(byte)
    if byte < 0x80:
        return 0 if char.isalpha() else 1 if char.isdigit() else 2 if char.isspace() else 3
    if byte < 0xC0:
        return 255  # goes on with a character that was counted by its first byte
    return 4 if byte < 0xE0 else 5 if byte < 0xF0 else 6


_TABLE = bytes(_kind_of(byte) for byte in range(256))

_UNSEEN = frozenset(
    {"functions", "previous_response_id", "conversation", "prompt", "web_search_options", "cachedContent"}
)
"""Fields of a request that bring more into the prompt than stands in the messages."""

Chars = tuple[int, ...]
"""How many characters there are of each of `KINDS`."""


class Measure(Struct, frozen=True, kw_only=True):
    """The sizes of a prompt."""

    said: Chars
    """In messages, tool calls and tool results."""
    declared: Chars
    """In what tools and the answer's form are described with, JSON included."""
    messages: int = 0
    answers: int = 0
    """Messages of the assistant's."""
    tools: int = 0
    calls: int = 0
    results: int = 0
    schema: bool = False
    images: int = 0
    files: int = 0
    """Documents, sounds and films: nobody can tell their tokens from outside."""
    foreign: int = 0
    """Parts, tools and fields that only their dialect knows and whose tokens nobody can tell."""


def chars_of(texts: list[str]) -> Chars:
    """Characters by kind; texts of more than 256 K are judged by four samples, so that it stays cheap."""
    totals = [0] * len(KINDS)
    for text in texts:
        size, sample = len(text), text
        if size > _SAMPLED_CHARS * _SAMPLES:
            step = (size - _SAMPLED_CHARS) // (_SAMPLES - 1)
            sample = "".join(text[at * step : at * step + _SAMPLED_CHARS] for at in range(_SAMPLES))
        kinds = sample.encode("utf-8", "replace").translate(_TABLE)
        for kind in range(len(KINDS)):
            totals[kind] += kinds.count(kind) * size // max(1, len(sample))
    return tuple(totals)


def measure(request: ChatRequest) -> Measure:
    """The sizes of a request."""
    parts = [part for message in request.messages for part in _flat(message.parts)]
    tools = [tool for tool in request.tools if isinstance(tool, Tool)]
    form = request.response_format
    schema = form.schema if form is not None else None
    declared = [msgspec.json.encode(tool).decode() for tool in tools]
    if schema is not None:
        declared.append(bytes(schema).decode("utf-8", "replace"))
    media = [part for part in parts if isinstance(part, Media)]
    images = sum(part.kind is MediaKind.IMAGE for part in media)
    return Measure(
        said=chars_of([text for part in parts for text in texts_of(part)]),
        declared=chars_of(declared),
        messages=len(request.messages),
        answers=sum(message.role is Role.ASSISTANT for message in request.messages),
        tools=len(tools),
        calls=sum(isinstance(part, ToolCall) for part in parts),
        results=sum(isinstance(part, ToolResult) for part in parts),
        schema=schema is not None,
        images=images,
        files=len(media) - images,
        foreign=sum(isinstance(part, Foreign) for part in parts)
        + len(request.tools)
        - len(tools)
        + len(_UNSEEN & request.extras.keys()),
    )


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
