"""Names of tools that a dialect does not take: others in their stead, and the way back.

Google's tools may be called `files.read`, Anthropic's take 128 letters; elsewhere either is an error. What a
name becomes is a function of the request alone, so nothing is kept: whoever writes the request gives the
caller's own names to whoever reads its answer.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct, structs

from baton.core.answer import ChatResponse, StreamEvent, ToolCallBegan
from baton.core.losses import Feature, Losses
from baton.core.messages import Part, ToolCall, ToolResult
from baton.core.request import ChatRequest, ForeignTool, Tool
from baton.upstream.dialects.handing import EventReader
from baton.upstream.dialects.sse import SseEvent
from baton.upstream.dialects.wire import as_object

Names = Mapping[str, str]
"""A tool's name → another of it."""

_MARK_CHARS = 8
"""Of the hash that tells two names apart which would be the same otherwise."""


class NameRule(Struct, frozen=True, kw_only=True):
    """Which names a dialect's tools may have; what is not said is as OpenAI has it.

    Sources: OpenAI's API description (`FunctionObject.name`), and its errors, which hold earlier calls to the
    same; the pattern in Anthropic's errors; Google's errors (its documentation of Vertex has 128 characters).
    """

    longest: int = 64
    """Characters."""
    stranger: re.Pattern[str] = re.compile(r"[^a-zA-Z0-9_-]")
    """Finds a character that may not be in them."""
    beginning: re.Pattern[str] = re.compile(r"")
    """Matches where one begins as it must."""

    def takes(self, name: str) -> bool:
        """Whether a tool may be called so."""
        fits = len(name) <= self.longest and self.beginning.match(name) is not None
        return fits and self.stranger.search(name) is None

    def likened(self, name: str) -> str:
        """The name in characters that may be; perhaps too long, and perhaps another's as well."""
        name = self.stranger.sub("_", name)
        return name if self.beginning.match(name) else f"_{name}"

    def marked(self, name: str, taken: set[str]) -> str:
        """The name, likened, within bounds, and with a hash of the whole of it; none of those that are taken.

        Names are cut in the middle: most begin with that of their server, and differ at the end.
        """
        likened, number = self.likened(name), 0
        while True:
            mark = _hashed(f"{name}/{number}" if number else name)
            room = self.longest - len(mark) - 2
            if len(likened) <= room + 1:
                found = f"{likened}_{mark}"
            else:
                found = f"{likened[: room // 3]}_{mark}_{likened[room // 3 - room :]}"
            if found not in taken:
                return found
            number += 1


def _hashed(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_CHARS]


def with_fitting_names(request: ChatRequest, rule: NameRule, losses: Losses) -> tuple[ChatRequest, Names]:
    """The request with names that its target takes, and the way back: new name → the caller's own."""
    known = set(names_in(request))
    strange = {name for name in known if name and not rule.takes(name)}
    if not strange:
        return request, {}
    losses.adjust(Feature.TOOL_NAME)
    found = fitting(strange, rule, (known - strange) | _foreign_names(request))
    return renamed(request, found), {new: own for own, new in found.items()}


def fitting(strange: set[str], rule: NameRule, taken: set[str]) -> Names:
    """What tools are called instead: no two the same, none of the names that are taken, and in whatever order
    they are listed, the same."""
    likened = {name: rule.likened(name) for name in strange}
    wanted = Counter(likened.values())
    found = {
        name: new
        for name, new in likened.items()
        if len(new) <= rule.longest and new not in taken and wanted[new] == 1
    }
    taken = taken.union(found.values())
    for name in sorted(strange.difference(found)):
        found[name] = rule.marked(name, taken)
        taken.add(found[name])
    return found


def names_in(request: ChatRequest) -> Iterator[str]:
    """All names of tools in a request, also of those that were called once and are offered no more."""
    for tool in request.tools:
        if isinstance(tool, Tool):
            yield tool.name
    if request.tool_choice is not None:
        yield from request.tool_choice.names
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, ToolCall | ToolResult) and part.name is not None:
                yield part.name


def _foreign_names(request: ChatRequest) -> set[str]:
    """The names of tools that only one dialect knows: they stand in it, or in a field of it."""
    found: set[str] = set()
    for tool in request.tools:
        if isinstance(tool, ForeignTool):
            fields = as_object(msgspec.json.decode(tool.raw))
            named: list[Any] = [
                fields.get("name"),
                *(as_object(field).get("name") for field in fields.values()),
            ]
            found.update(name for name in named if isinstance(name, str))
    return found


def renamed(request: ChatRequest, names: Names) -> ChatRequest:
    """The request with other names for its tools, wherever they are named."""
    choice = request.tool_choice
    if choice is not None:
        choice = structs.replace(choice, names=tuple(names.get(name, name) for name in choice.names))
    tools = tuple(
        structs.replace(tool, name=names.get(tool.name, tool.name)) if isinstance(tool, Tool) else tool
        for tool in request.tools
    )
    messages = tuple(
        structs.replace(message, parts=_renamed_parts(message.parts, names)) for message in request.messages
    )
    return structs.replace(request, messages=messages, tools=tools, tool_choice=choice)


def _renamed_parts(parts: Iterable[Part], names: Names) -> tuple[Part, ...]:
    return tuple(_renamed_part(part, names) for part in parts)


def _renamed_part(part: Part, names: Names) -> Part:
    if isinstance(part, ToolCall | ToolResult) and part.name is not None and part.name in names:
        return structs.replace(part, name=names[part.name])
    return part


def answered_with(response: ChatResponse, names: Names) -> ChatResponse:
    """The answer, its calls under other names."""
    if not names:
        return response
    choices = tuple(
        structs.replace(choice, parts=_renamed_parts(choice.parts, names)) for choice in response.choices
    )
    return structs.replace(response, choices=choices)


class RenamingReader:
    """Reads a stream's events, its calls under other names."""

    __slots__ = ("_names", "_reader")

    def __init__(self, reader: EventReader, names: Names) -> None:
        self._reader = reader
        self._names = names

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """What one event says."""
        return [
            structs.replace(said, name=self._names.get(said.name, said.name))
            if isinstance(said, ToolCallBegan)
            else said
            for said in self._reader.read(event)
        ]
