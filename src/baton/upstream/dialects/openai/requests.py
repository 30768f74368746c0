"""Chat-completions requests ⇄ core."""

from typing import Any

import msgspec

from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import (
    Foreign,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.provider import ProviderSpec
from baton.core.request import (
    ChatRequest,
    ForeignTool,
    FormatKind,
    ReasoningWish,
    ResponseFormat,
    Sampling,
    Tool,
    ToolChoice,
    ToolMode,
)
from baton.upstream.dialects.openai.parts import (
    read_call,
    read_part,
    read_reasoning,
    write_call,
    write_part,
)
from baton.upstream.dialects.wire import Fields, as_list, as_object, missing, raw

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})

_SAMPLING: dict[str, type[int] | type[float] | type[bool]] = {
    "temperature": float,
    "top_p": float,
    "top_k": int,
    "seed": int,
    "presence_penalty": float,
    "frequency_penalty": float,
    "n": int,
    "logprobs": bool,
    "top_logprobs": int,
}


def read_request(body: bytes) -> ChatRequest:
    """A whole request.

    Raises:
        Invalid: a field is of the wrong kind; `param` names it.
    """
    fields = Fields.of(body)
    for needed in ("model", "messages"):
        if needed not in fields.rest:
            raise missing(needed)
    fields.raw("baton")
    completion_limit = fields.get("max_completion_tokens", int)
    limit = fields.get("max_tokens", int)
    effort = fields.text("reasoning_effort")
    return ChatRequest(
        model=fields.text("model") or "",
        messages=tuple(_read_message(message) for message in fields.list("messages")),
        tools=tuple(_read_tool(tool) for tool in fields.list("tools")),
        tool_choice=_read_tool_choice(fields),
        parallel_tool_calls=fields.get("parallel_tool_calls", bool),
        response_format=_read_format(fields),
        sampling=_read_sampling(fields),
        max_tokens=completion_limit if completion_limit is not None else limit,
        reasoning=ReasoningWish(effort=effort) if effort is not None else None,
        stream=bool(fields.get("stream", bool)),
        include_usage=bool(fields.inner("stream_options").get("include_usage", bool)),
        user=fields.text("user"),
        dialect=Dialect.OPENAI,
        extras=fields.rest,
    )


def _read_sampling(fields: Fields) -> Sampling:
    stop: Any = fields.get("stop", object)
    drawn: dict[str, Any] = {name: fields.get(name, kind) for name, kind in _SAMPLING.items()}
    return Sampling(
        stop=(stop,) if isinstance(stop, str) else tuple(str(word) for word in as_list(stop)),
        logit_bias=fields.raw("logit_bias"),
        **drawn,
    )


def _read_message(fields: Fields) -> Message:
    role = fields.text("role")
    if role not in ROLES:
        raise fields.refuse("role", f"'{role}' is no role")
    name = fields.text("name")
    said = _read_content(fields)
    if role in ("tool", "function"):
        call_id = fields.text("tool_call_id")
        result = ToolResult(call_id=call_id or name or "", parts=said, name=name)
        return Message(role=Role.TOOL, parts=(result,), extras=fields.rest)
    thought = read_reasoning(fields) if role == "assistant" else []
    refusal = fields.text("refusal")
    refused = [Refusal(text=refusal)] if refusal is not None else []
    calls = [read_call(call) for call in fields.list("tool_calls")]
    return Message(role=Role(role), parts=(*thought, *said, *refused, *calls), name=name, extras=fields.rest)


def _read_content(fields: Fields) -> tuple[Part, ...]:
    content: Any = fields.get("content", object)
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(text=content),)
    if not isinstance(content, list):
        raise fields.refuse("content", "expected a string or an array")
    again = Fields({"content": raw(content)}, fields.path("content").removesuffix("content").rstrip("."))
    return tuple(read_part(part) for part in again.list("content"))


def _read_tool(fields: Fields) -> Tool | ForeignTool:
    whole = raw(fields.rest)
    kind = fields.text("type") or "function"
    if kind != "function" or "function" not in fields.rest:
        return ForeignTool(dialect=Dialect.OPENAI, type=kind, raw=whole)
    function = fields.inner("function")
    return Tool(
        name=function.text("name") or "",
        description=function.text("description"),
        schema=function.raw("parameters"),
        strict=function.get("strict", bool),
        cache_mark=fields.raw("cache_control"),
    )


def _read_tool_choice(fields: Fields) -> ToolChoice | None:
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


def _read_format(fields: Fields) -> ResponseFormat | None:
    wish = fields.inner("response_format")
    if not wish.rest:
        return None
    kind = wish.text("type") or "text"
    if kind not in {known.value for known in FormatKind}:
        raise wish.refuse("type", f"'{kind}' is no response format")
    inner = wish.inner("json_schema")
    return ResponseFormat(
        kind=FormatKind(kind),
        name=inner.text("name"),
        description=inner.text("description"),
        schema=inner.raw("schema"),
        strict=inner.get("strict", bool),
    )


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider, which is asked for `model`; usage is always asked for on streams."""
    del losses
    quirks = spec.quirks
    body: dict[str, Any] = {
        "model": model,
        "messages": [line for message in request.messages for line in _write_message(message)],
    }
    if request.tools:
        body["tools"] = [_write_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _write_tool_choice(request.tool_choice)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format is not None:
        body["response_format"] = _write_format(request.response_format)
    for name in _SAMPLING:
        value = getattr(request.sampling, name)
        if value is not None:
            body[name] = value
    if request.sampling.stop:
        body["stop"] = list(request.sampling.stop)
    if request.sampling.logit_bias is not None:
        body["logit_bias"] = request.sampling.logit_bias
    if request.max_tokens is not None:
        body[quirks.limit_name] = request.max_tokens
    if request.reasoning is not None and request.reasoning.effort is not None:
        body["reasoning_effort"] = request.reasoning.effort
    if request.user is not None:
        body["user"] = request.user
    if request.stream:
        body["stream"] = True
        if not quirks.no_stream_options:
            body["stream_options"] = {"include_usage": True}
    if request.dialect is Dialect.OPENAI:
        body.update(request.extras)
    return msgspec.json.encode(body)


def _write_message(message: Message) -> list[dict[str, Any]]:
    """One message, or several where the core holds several tool results in one."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    if results:
        return [_write_result(result, message) for result in results]
    line: dict[str, Any] = {"role": message.role.value}
    if message.name is not None:
        line["name"] = message.name
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    thoughts = [part for part in message.parts if isinstance(part, Reasoning)]
    said = [part for part in message.parts if isinstance(part, Text | Media | Foreign)]
    if said or not calls:
        line["content"] = _write_content(said)
    for thought in thoughts:
        # DeepSeek wants its thoughts back in a tool loop, also where there were none.
        if thought.text or thought.details is None:
            line["reasoning_content"] = thought.text
        if thought.details is not None:
            line["reasoning_details"] = thought.details
    for part in message.parts:
        if isinstance(part, Refusal):
            line["refusal"] = part.text
    if calls:
        line["tool_calls"] = [write_call(call) for call in calls]
    line.update(message.extras)
    return [line]


def _write_content(parts: list[Text | Media | Foreign]) -> Any:
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].cache_mark is None:
        return parts[0].text
    return [write_part(part) for part in parts]


def _write_result(result: ToolResult, message: Message) -> dict[str, Any]:
    said = [part for part in result.parts if isinstance(part, Text | Media | Foreign)]
    return {
        "role": "tool",
        "tool_call_id": result.call_id,
        "content": _write_content(said),
        **message.extras,
    }


def _write_tool(tool: Tool | ForeignTool) -> Any:
    if isinstance(tool, ForeignTool):
        return tool.raw
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.schema is not None:
        function["parameters"] = tool.schema
    if tool.strict is not None:
        function["strict"] = tool.strict
    line: dict[str, Any] = {"type": "function", "function": function}
    if tool.cache_mark is not None:
        line["cache_control"] = tool.cache_mark
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


def _write_format(wish: ResponseFormat) -> dict[str, Any]:
    if wish.kind is not FormatKind.JSON_SCHEMA:
        return {"type": wish.kind.value}
    inner: dict[str, Any] = {"name": wish.name or "answer"}
    if wish.description is not None:
        inner["description"] = wish.description
    if wish.schema is not None:
        inner["schema"] = wish.schema
    if wish.strict is not None:
        inner["strict"] = wish.strict
    return {"type": "json_schema", "json_schema": inner}
