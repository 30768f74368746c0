"""Tools and the choice among them ⇄ core."""

from typing import Any

from baton.core.losses import Feature, Losses
from baton.core.request import ForeignTool, Tool, ToolChoice, ToolMode
from baton.upstream.dialects.google.parts import HOME
from baton.upstream.dialects.google.schemas import from_openapi, to_json_schema
from baton.upstream.dialects.google.spelling import each, inner, texts, word
from baton.upstream.dialects.wire import Fields, raw

_MODES = ("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")


def read_tools(fields: Fields, unread: list[str]) -> list[Tool | ForeignTool]:
    """The functions, and the tools on Google's side."""
    found: list[Tool | ForeignTool] = []
    for tool in each(fields, "tools"):
        for declared in each(tool, "functionDeclarations"):
            found.append(_read_function(declared))
            unread += declared.left
        for name in list(tool.rest):
            value = tool.raw(name)
            if value is not None:
                found.append(ForeignTool(dialect=HOME, type=name, raw=raw({name: value})))
    return found


def _read_function(fields: Fields) -> Tool:
    schema = fields.raw("parametersJsonSchema")
    parameters = fields.raw("parameters")
    return Tool(
        name=fields.text("name") or "",
        description=fields.text("description") or None,
        schema=schema if schema is not None or parameters is None else from_openapi(parameters),
    )


def read_choice(fields: Fields, unread: list[str]) -> ToolChoice | None:
    """How free the model is."""
    config = inner(fields, "toolConfig")
    wish = inner(config, "functionCallingConfig")
    mode = word(wish, "mode", _MODES)
    names = texts(wish, "allowedFunctionNames")
    unread += config.left + wish.left
    match mode:
        case None | "MODE_UNSPECIFIED":
            return None
        case "AUTO":
            return ToolChoice(mode=ToolMode.AUTO)
        case "NONE":
            return ToolChoice(mode=ToolMode.NONE)
        case "VALIDATED":
            unread += [] if names else [wish.path("mode")]
            return ToolChoice(mode=ToolMode.AUTO, names=names)
        case "ANY":
            return ToolChoice(mode=ToolMode.NAMED if len(names) == 1 else ToolMode.REQUIRED, names=names)
        case _:
            raise wish.refuse("mode", f"'{mode}' is no mode")


def write_tools(tools: tuple[Tool | ForeignTool, ...], losses: Losses) -> list[Any]:
    """The functions as one tool, Google's own each as it was."""
    written: list[Any] = []
    functions: list[Any] = []
    for tool in tools:
        if isinstance(tool, Tool):
            functions.append(_write_function(tool, losses))
        elif tool.dialect is HOME:
            written.append(tool.raw)
        else:
            losses.drop(Feature.SERVER_TOOLS, tool.type)
    return [*written, {"functionDeclarations": functions}] if functions else written


def _write_function(tool: Tool, losses: Losses) -> dict[str, Any]:
    if tool.strict:
        losses.drop(Feature.TOOL_STRICT)
    if tool.cache_mark is not None:
        losses.drop(Feature.CACHE_MARKS)
    function: dict[str, Any] = {"name": tool.name, "description": tool.description or ""}
    schema = None if tool.schema is None else to_json_schema(tool.schema, losses, Feature.TOOL_SCHEMA)
    if schema is not None:
        function["parametersJsonSchema"] = schema
    return function


def write_choice(choice: ToolChoice, losses: Losses) -> dict[str, Any]:
    """How free the model is."""
    mode = {ToolMode.AUTO: "AUTO", ToolMode.NONE: "NONE"}.get(choice.mode, "ANY")
    wish: dict[str, Any] = {"mode": mode}
    if choice.names and mode != "NONE":
        wish["allowedFunctionNames"] = list(choice.names)
        if mode == "AUTO":  # which takes no names
            wish["mode"] = "VALIDATED"
            losses.adjust(Feature.ALLOWED_TOOLS)
    return {"functionCallingConfig": wish}
