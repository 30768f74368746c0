"""Tools, the choice among them, and the form of the answer ⇄ core."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.request import (
    ForeignTool,
    FormatKind,
    ResponseFormat,
    Tool,
    ToolChoice,
    ToolMode,
)
from baton.upstream.dialects.openai.strictness import fits_strict
from baton.upstream.dialects.openai.wording import OTHERS, schema_strict
from baton.upstream.dialects.responses.items import INPUT
from baton.upstream.dialects.wire import Fields, as_list, as_object, raw

_HOME = Dialect.OPENAI_RESPONSES
_TEXT_ALONE = raw(
    {
        "type": "object",
        "properties": {INPUT: {"type": "string"}},
        "required": [INPUT],
        "additionalProperties": False,
    }
)
"""The schema of a custom tool's function."""

_EMPTY = Raw(b'{"type":"object","properties":{}}')


def read_tool(fields: Fields, unread: list[str]) -> Tool | ForeignTool:
    """One tool. A custom one becomes a function that takes one text. Its grammar becomes a part of what is
    said of it: nobody checks it then, so it is noted in `unread`.

    Raises:
        Invalid: a field of it is of another kind.
    """
    whole = raw(fields.rest)
    kind = fields.text("type") or "function"
    if kind == "function":
        tool = Tool(
            name=fields.text("name") or "",
            description=fields.text("description"),
            schema=fields.raw("parameters"),
            strict=fields.get("strict", bool),
        )
    elif kind == "custom":
        described = _described(fields, unread)
        tool = Tool(name=fields.text("name") or "", description=described, schema=_TEXT_ALONE)
    else:
        return ForeignTool(dialect=_HOME, type=kind, raw=whole)
    unread += fields.left
    return tool


def _described(fields: Fields, unread: list[str]) -> str | None:
    described = fields.text("description")
    form = fields.inner("format")
    if form.text("type") != "grammar":
        return described
    unread.append(fields.path("format"))
    grammar = f"Its input must follow this {form.text('syntax')} grammar:\n{form.text('definition')}"
    return grammar if described is None else f"{described}\n\n{grammar}"


def read_tool_choice(fields: Fields, unread: list[str]) -> ToolChoice | None:
    """The choice; one of a tool that only this dialect knows is noted in `unread`.

    Raises:
        Invalid: it is none.
    """
    choice: Any = fields.get("tool_choice", object)
    if choice is None:
        return None
    if isinstance(choice, str):
        if choice not in ("auto", "none", "required"):
            raise fields.refuse("tool_choice", f"'{choice[:40]}' is no tool choice")
        return ToolChoice(mode=ToolMode(choice))
    wish = as_object(choice)
    match wish.get("type"):
        case "function" | "custom":
            if not isinstance(wish.get("name"), str):
                raise fields.refuse("tool_choice", "a named choice needs a name")
            return ToolChoice(mode=ToolMode.NAMED, names=(wish["name"],))
        case "allowed_tools":
            tools = [as_object(tool) for tool in as_list(wish.get("tools"))]
            names = tuple(str(tool["name"]) for tool in tools if "name" in tool)
            if len(names) < len(tools):
                unread.append("tool_choice.tools")
            mode = ToolMode.REQUIRED if wish.get("mode") == "required" else ToolMode.AUTO
            return ToolChoice(mode=mode, names=names)
        case str():
            unread.append("tool_choice")
            return None
        case _:
            raise fields.refuse("tool_choice", "it has no type")


def read_format(fields: Fields, unread: list[str]) -> ResponseFormat | None:
    """What `text` says of the answer's form.

    Raises:
        Invalid: it is no form.
    """
    text = fields.inner("text")
    wish = text.inner("format")
    unread += text.left
    if not wish.rest:
        return None
    kind = wish.text("type") or "text"
    if kind not in {known.value for known in FormatKind}:
        raise wish.refuse("type", f"'{kind[:40]}' is no format of a text")
    return ResponseFormat(
        kind=FormatKind(kind),
        name=wish.text("name"),
        description=wish.text("description"),
        schema=wish.raw("schema"),
        strict=wish.get("strict", bool),
    )


def write_tools(tools: tuple[Tool | ForeignTool, ...], dialect: Dialect, losses: Losses) -> list[Any]:
    """All tools that can be said; `dialect` is the one they came in."""
    lines: list[Any] = []
    for tool in tools:
        if isinstance(tool, ForeignTool):
            if tool.dialect is _HOME:
                lines.append(tool.raw)
            elif tool.dialect is Dialect.OPENAI and tool.type == "custom":
                lines.append(_write_custom(tool.raw))
            else:
                losses.drop(Feature.SERVER_TOOLS, tool.type)
        else:
            lines.append(_write_tool(tool, dialect, losses))
    return lines


def _write_custom(raw: Raw) -> dict[str, Any]:
    """A custom tool of chat completions: the same in another place."""
    said = as_object(as_object(msgspec.json.decode(raw)).get("custom"))
    form = as_object(said.get("format"))
    if form:
        said = said | {"format": {"type": form.get("type"), **as_object(form.get("grammar"))}}
    return {"type": "custom", **said}


def _write_tool(tool: Tool, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    if tool.cache_mark is not None:
        losses.drop(Feature.CACHE_MARKS)
    line: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description is not None:
        line["description"] = tool.description
    strict = bool(tool.strict)  # unlike elsewhere, what is not said here counts as strict
    if strict and dialect in OTHERS and not fits_strict(tool.schema):
        losses.drop(Feature.TOOL_STRICT)
        strict = False
    return line | {"parameters": tool.schema or _EMPTY, "strict": strict}


def write_tool_choice(choice: ToolChoice, customs: frozenset[str]) -> Any:
    """The choice; `customs`: the names of custom tools."""
    tools = [{"type": "custom" if name in customs else "function", "name": name} for name in choice.names]
    if choice.mode is ToolMode.NAMED:
        return tools[0]
    if tools:
        return {"type": "allowed_tools", "mode": choice.mode.value, "tools": tools}
    return choice.mode.value


def write_format(wish: ResponseFormat, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    """The form of the answer's text; `dialect` is the one that the wish came in."""
    if wish.kind is not FormatKind.JSON_SCHEMA:
        return {"type": wish.kind.value}
    strict = schema_strict(wish, dialect, losses)
    line: dict[str, Any] = {"type": "json_schema", "name": wish.name or "answer"}
    if wish.description is not None:
        line["description"] = wish.description
    return line | {"schema": wish.schema or _EMPTY, "strict": bool(strict)}


def custom_names(tools: Raw | None) -> frozenset[str]:
    """The names of the custom tools among a request's tools, as they are written."""
    if tools is None or b'"custom"' not in bytes(tools):
        return frozenset()
    found = [as_object(tool) for tool in as_list(msgspec.json.decode(tools))]
    return frozenset(str(tool.get("name")) for tool in found if tool.get("type") == "custom")
