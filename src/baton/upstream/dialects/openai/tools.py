"""Tools, the choice among them, and the form of the answer ⇄ core."""

from typing import Any

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.request import (
    ChatRequest,
    ForeignTool,
    FormatKind,
    ResponseFormat,
    Tool,
    ToolChoice,
    ToolMode,
)
from baton.upstream.dialects.openai.strictness import fits_strict
from baton.upstream.dialects.openai.wording import OTHERS, schema_strict
from baton.upstream.dialects.wire import Fields, as_list, as_object, raw


def read_tool(fields: Fields, unread: list[str]) -> Tool | ForeignTool:
    """One tool; what is not understood of it is noted in `unread`.

    Raises:
        Invalid: a field of it is of another kind.
    """
    whole = raw(fields.rest)
    kind = fields.text("type") or "function"
    if kind != "function" or "function" not in fields.rest:
        return ForeignTool(dialect=Dialect.OPENAI, type=kind, raw=whole)
    function = fields.inner("function")
    tool = Tool(
        name=function.text("name") or "",
        description=function.text("description"),
        schema=function.raw("parameters"),
        strict=function.get("strict", bool),
        cache_mark=fields.raw("cache_control"),
    )
    unread += function.left + fields.left
    return tool


def read_tool_choice(fields: Fields) -> ToolChoice | None:
    """The choice among the tools.

    Raises:
        Invalid: it is none.
    """
    choice: Any = fields.get("tool_choice", object)
    if choice is None:
        return None
    if isinstance(choice, str):
        # Mistral says "any" where OpenAI says "required".
        mode = "required" if choice == "any" else choice
        if mode not in ("auto", "none", "required"):
            raise fields.refuse("tool_choice", f"'{choice}' is no tool choice")
        return ToolChoice(mode=ToolMode(mode))
    wish = as_object(choice)
    if wish.get("type") == "allowed_tools":
        allowed = as_object(wish.get("allowed_tools"))
        tools = [as_object(as_object(tool).get("function")) for tool in as_list(allowed.get("tools"))]
        mode = ToolMode.REQUIRED if allowed.get("mode") == "required" else ToolMode.AUTO
        return ToolChoice(mode=mode, names=tuple(str(tool["name"]) for tool in tools if "name" in tool))
    name = as_object(wish.get("function") or wish.get("custom")).get("name")
    if not isinstance(name, str):
        raise fields.refuse("tool_choice", "a named choice needs a name")
    return ToolChoice(mode=ToolMode.NAMED, names=(name,))


def read_format(fields: Fields, unread: list[str]) -> ResponseFormat | None:
    """The form of the answer; what is not understood of it is noted in `unread`.

    Raises:
        Invalid: it is no form.
    """
    wish = fields.inner("response_format")
    if not wish.rest:
        return None
    kind = wish.text("type") or "text"
    if kind not in {known.value for known in FormatKind}:
        raise wish.refuse("type", f"'{kind}' is no response format")
    inner = wish.inner("json_schema")
    form = ResponseFormat(
        kind=FormatKind(kind),
        name=inner.text("name"),
        description=inner.text("description"),
        schema=inner.raw("schema"),
        strict=inner.get("strict", bool),
    )
    unread += inner.left + wish.left
    return form


def write_tools(request: ChatRequest, keeps_marks: bool, losses: Losses) -> dict[str, Any]:
    """Tools, and the fields that are refused where there are none."""
    lines: list[Any] = []
    names: set[str] = set()
    for tool in request.tools:
        if isinstance(tool, Tool):
            lines.append(_write_tool(tool, request.dialect, keeps_marks, losses))
            names.add(tool.name)
        elif tool.dialect is Dialect.OPENAI:
            lines.append(tool.raw)
        else:
            losses.drop(Feature.SERVER_TOOLS, tool.type)
    fields: dict[str, Any] = {}
    if lines:
        fields["tools"] = lines
    choice = request.tool_choice
    if choice is not None:
        if request.dialect is Dialect.OPENAI or (lines and names.issuperset(choice.names)):
            fields["tool_choice"] = _write_tool_choice(choice)
        else:
            losses.drop(Feature.TOOL_CHOICE)
    if request.parallel_tool_calls is not None:
        if lines or request.dialect is Dialect.OPENAI:
            fields["parallel_tool_calls"] = request.parallel_tool_calls
        else:
            losses.drop(Feature.PARALLEL_TOOL_CALLS)
    return fields


def _write_tool(tool: Tool, dialect: Dialect, keeps_mark: bool, losses: Losses) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.schema is not None:
        function["parameters"] = tool.schema
    if tool.strict and dialect in OTHERS and not fits_strict(tool.schema):
        losses.drop(Feature.TOOL_STRICT)
    elif tool.strict is not None:
        function["strict"] = tool.strict
    line: dict[str, Any] = {"type": "function", "function": function}
    if tool.cache_mark is not None:
        if keeps_mark:
            line["cache_control"] = tool.cache_mark
        else:
            losses.drop(Feature.CACHE_MARKS)
    return line


def _write_tool_choice(choice: ToolChoice) -> Any:
    if choice.mode is ToolMode.NAMED:
        return {"type": "function", "function": {"name": choice.names[0]}}
    if choice.names:
        tools = [{"type": "function", "function": {"name": name}} for name in choice.names]
        return {
            "type": "allowed_tools",
            "allowed_tools": {"mode": choice.mode.value, "tools": tools},
        }
    return choice.mode.value


def write_format(wish: ResponseFormat, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    """The form of the answer; `dialect` is the one that the wish came in."""
    if wish.kind is not FormatKind.JSON_SCHEMA:
        return {"type": wish.kind.value}
    strict = schema_strict(wish, dialect, losses)
    inner: dict[str, Any] = {"name": wish.name or "answer"}
    if wish.description is not None:
        inner["description"] = wish.description
    if wish.schema is not None:
        inner["schema"] = wish.schema
    if strict is not None:
        inner["strict"] = strict
    return {"type": "json_schema", "json_schema": inner}
