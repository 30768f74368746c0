"""Chat-completions requests, read into the core."""

from collections.abc import Iterable
from typing import Any

from baton.core.dialect import Dialect
from baton.core.messages import Message, Part, Reasoning, Refusal, Role, Text, ToolResult
from baton.core.request import (
    ChatRequest,
    ForeignTool,
    FormatKind,
    ReasoningWish,
    ResponseFormat,
    Sampling,
    Showing,
    Tool,
    ToolChoice,
    ToolMode,
)
from baton.upstream.dialects.openai.parts import read_call, read_part, read_signature, signed
from baton.upstream.dialects.openai.thoughts import read_thoughts
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
    unread: list[str] = []
    stream_options = fields.inner("stream_options")
    include_usage = bool(stream_options.get("include_usage", bool))
    return ChatRequest(
        model=fields.text("model") or "",
        messages=_joined(_read_message(message, unread) for message in fields.list("messages")),
        tools=tuple(_read_tool(tool, unread) for tool in fields.list("tools")),
        tool_choice=_read_tool_choice(fields),
        parallel_tool_calls=fields.get("parallel_tool_calls", bool),
        response_format=_read_format(fields, unread),
        sampling=_read_sampling(fields),
        max_tokens=completion_limit if completion_limit is not None else limit,
        reasoning=None if effort is None else ReasoningWish(effort=effort, show=Showing.AUTO),
        stream=bool(fields.get("stream", bool)),
        include_usage=include_usage,
        user=fields.text("user"),
        dialect=Dialect.OPENAI,
        extras=fields.extras,
        unread=(*unread, *stream_options.left),
    )


def _joined(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Results that come one after the other are one turn's; one with fields of its own stays alone."""
    joined: list[Message] = []
    for message in messages:
        last = joined[-1] if joined else None
        if last and message.role is last.role is Role.TOOL and not message.extras and not last.extras:
            joined[-1] = Message(role=Role.TOOL, parts=last.parts + message.parts)
        else:
            joined.append(message)
    return tuple(joined)


def _read_sampling(fields: Fields) -> Sampling:
    stop: Any = fields.get("stop", object)
    drawn: dict[str, Any] = {name: fields.get(name, kind) for name, kind in _SAMPLING.items()}
    return Sampling(
        stop=(stop,) if isinstance(stop, str) else tuple(str(word) for word in as_list(stop)),
        logit_bias=fields.raw("logit_bias"),
        **drawn,
    )


def _read_message(fields: Fields, unread: list[str]) -> Message:
    role = fields.text("role")
    if role not in ROLES:
        raise fields.refuse("role", f"'{role}' is no role")
    name = fields.text("name")
    said = _read_content(fields, unread)
    if role in ("tool", "function"):
        call_id = fields.text("tool_call_id")
        result = ToolResult(call_id=call_id or name or "", parts=said, name=name)
        return Message(role=Role.TOOL, parts=(result,), extras=fields.extras)
    thoughts: list[Reasoning] = []
    if role == "assistant":
        thoughts = read_thoughts(fields)
        said = signed(said, read_signature(fields))
    refusal = fields.text("refusal")
    refused = [Refusal(text=refusal)] if refusal is not None else []
    calls = [read_call(call, unread) for call in fields.list("tool_calls")]
    parts = (*thoughts, *said, *refused, *calls)
    return Message(role=Role(role), parts=parts, name=name, extras=fields.extras)


def _read_content(fields: Fields, unread: list[str]) -> tuple[Part, ...]:
    content: Any = fields.get("content", object)
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(text=content),)
    if not isinstance(content, list):
        raise fields.refuse("content", "expected a string or an array")
    again = Fields({"content": raw(content)}, fields.path("content").removesuffix("content").rstrip("."))
    return tuple(read_part(part, unread) for part in again.list("content"))


def _read_tool(fields: Fields, unread: list[str]) -> Tool | ForeignTool:
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


def _read_format(fields: Fields, unread: list[str]) -> ResponseFormat | None:
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
