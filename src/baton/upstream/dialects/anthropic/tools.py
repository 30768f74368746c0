"""Tools and how free the model is to call them ⇄ core."""

from typing import Any

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.provider import Family
from baton.core.request import ChatRequest, ForeignTool, Tool, ToolChoice, ToolMode
from baton.upstream.dialects.anthropic.schemas import input_schema, strict_schema
from baton.upstream.dialects.wire import Fields, raw

_OWN = Dialect.ANTHROPIC
_CUSTOM = "custom"
_FORCED = (ToolMode.REQUIRED, ToolMode.NAMED)


def read_tool(fields: Fields, unread: list[str]) -> Tool | ForeignTool:
    """One tool: a function, or one that only this dialect knows."""
    kind = fields.text("type") or _CUSTOM
    if kind != _CUSTOM:
        return ForeignTool(dialect=_OWN, type=kind, raw=raw({"type": kind, **fields.rest}))
    tool = Tool(
        name=fields.text("name") or "",
        description=fields.text("description"),
        schema=fields.raw("input_schema"),
        strict=fields.get("strict", bool),
        cache_mark=fields.raw("cache_control"),
    )
    unread.extend(fields.path(name) for name in fields.rest)
    return tool


def read_choice(fields: Fields, unread: list[str]) -> tuple[ToolChoice | None, bool | None]:
    """The tool choice, and whether calls may be made side by side."""
    wish = fields.inner("tool_choice")
    if not wish.rest:
        return None, None
    kind = wish.text("type")
    alone = wish.get("disable_parallel_tool_use", bool)
    match kind:
        case "auto":
            choice = ToolChoice(mode=ToolMode.AUTO)
        case "any":
            choice = ToolChoice(mode=ToolMode.REQUIRED)
        case "none":
            choice = ToolChoice(mode=ToolMode.NONE)
        case "tool":
            choice = ToolChoice(mode=ToolMode.NAMED, names=(wish.text("name") or "",))
        case _:
            raise wish.refuse("type", f"'{kind}' is no tool choice")
    unread.extend(wish.path(name) for name in wish.rest)
    return choice, None if alone is None else not alone


def write_tools(request: ChatRequest, family: Family, takes_strict: bool, losses: Losses) -> dict[str, Any]:
    """The body's `tools` and `tool_choice`. `takes_strict`: the model can promise to keep to a schema."""
    offered = _offered(request, losses)
    choice = request.tool_choice
    if choice is not None and not family.takes_forced_calls and choice.mode in _FORCED:
        losses.adjust(Feature.TOOL_CHOICE, ToolMode.AUTO.value)
        if choice.mode is ToolMode.NAMED:
            offered = [tool for tool in offered if isinstance(tool, Tool) and tool.name in choice.names]
        choice = ToolChoice(mode=ToolMode.AUTO)
    if not offered:
        if choice is not None and choice.mode in _FORCED:
            losses.drop(Feature.TOOL_CHOICE)
        return {}
    tools = [
        tool.raw if isinstance(tool, ForeignTool) else _write_tool(tool, takes_strict, losses)
        for tool in offered
    ]
    if choice is not None and choice.mode is ToolMode.NONE and request.parallel_tool_calls is False:
        losses.drop(Feature.PARALLEL_TOOL_CALLS)
    wish = _write_choice(choice, request.parallel_tool_calls)
    return {"tools": tools} if wish is None else {"tools": tools, "tool_choice": wish}


def _offered(request: ChatRequest, losses: Losses) -> list[Tool | ForeignTool]:
    """The tools that can be told of: this dialect's, and of these the allowed ones."""
    tools: list[Tool | ForeignTool] = []
    for tool in request.tools:
        if isinstance(tool, ForeignTool) and tool.dialect is not _OWN:
            losses.drop(Feature.SERVER_TOOLS, f"tools.{tool.type}")
        else:
            tools.append(tool)
    choice = request.tool_choice
    if choice is None or not choice.names or choice.mode is ToolMode.NAMED:
        return tools
    losses.adjust(Feature.ALLOWED_TOOLS)
    return [tool for tool in tools if not isinstance(tool, Tool) or tool.name in choice.names]


def _write_tool(tool: Tool, takes_strict: bool, losses: Losses) -> dict[str, Any]:
    line: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        line["description"] = tool.description
    strict = bool(tool.strict) and takes_strict
    if tool.strict and not takes_strict:
        losses.drop(Feature.TOOL_STRICT)
    rewrite = strict_schema if strict else input_schema
    line["input_schema"] = rewrite(tool.schema, Feature.TOOL_SCHEMA, losses)
    if strict:
        line["strict"] = True
    if tool.cache_mark is not None:
        line["cache_control"] = tool.cache_mark
    return line


def _write_choice(choice: ToolChoice | None, parallel: bool | None) -> dict[str, Any] | None:
    """The tool choice; None: nobody said anything."""
    mode = ToolMode.AUTO if choice is None else choice.mode
    if choice is None and parallel is not False:
        return None
    match mode:
        case ToolMode.AUTO:
            line: dict[str, Any] = {"type": "auto"}
        case ToolMode.NONE:
            return {"type": "none"}
        case ToolMode.REQUIRED:
            line = {"type": "any"}
        case ToolMode.NAMED:
            line = {"type": "tool", "name": choice.names[0] if choice is not None else ""}
    return line if parallel is None else {**line, "disable_parallel_tool_use": not parallel}
