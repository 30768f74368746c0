"""Whole requests ⇄ core; what cannot be said in this dialect is noted."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import structs

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Message, Part, Reasoning, Refusal, Role, Text, ToolCall, ToolResult
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest, FormatKind, ReasoningWish, Sampling, Showing
from baton.upstream.dialects.openai.parts import read_call, read_part, read_signature, signed
from baton.upstream.dialects.openai.thoughts import read_thoughts
from baton.upstream.dialects.openai.tools import (
    read_format,
    read_tool,
    read_tool_choice,
    write_format,
    write_tools,
)
from baton.upstream.dialects.openai.turns import Turns
from baton.upstream.dialects.openai.wording import HOTTEST, JSON_WISH, effort_word, says_json
from baton.upstream.dialects.wire import Fields, as_list, as_object, as_text, missing, raw

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

MOST_STOPS = 4
"""The most stop words of a request (OpenAI's API reference)."""

_PLAIN = (
    "temperature",
    "top_p",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "n",
    "logprobs",
    "top_logprobs",
    "logit_bias",
)


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
        messages=_joined(_paired(_read_message(message, unread) for message in fields.list("messages"))),
        tools=tuple(read_tool(tool, unread) for tool in fields.list("tools")),
        tool_choice=read_tool_choice(fields),
        parallel_tool_calls=fields.get("parallel_tool_calls", bool),
        response_format=read_format(fields, unread),
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


def _paired(messages: Iterable[Message]) -> Iterator[Message]:
    """Calls and results without ids are named by their order: what functions were before they were tools had
    none, and answered the call before."""
    waiting: list[ToolCall] = []
    made = 0
    for message in messages:
        parts = list(message.parts)
        for at, part in enumerate(parts):
            if isinstance(part, ToolCall) and not part.id:
                parts[at] = call = structs.replace(part, id=f"call_{made}")
                waiting.append(call)
                made += 1
            elif isinstance(part, ToolResult) and not part.call_id:
                call = next((one for one in waiting if part.name in (None, one.name)), None)
                if call is not None:
                    waiting.remove(call)
                parts[at] = structs.replace(part, call_id=(part.name or "") if call is None else call.id)
        yield message if tuple(parts) == message.parts else structs.replace(message, parts=tuple(parts))


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
        result = ToolResult(call_id=call_id or "", parts=said, name=name)
        return Message(role=Role.TOOL, parts=(result,), extras=fields.extras)
    thoughts: list[Reasoning] = []
    if role == "assistant":
        thoughts = read_thoughts(fields)
        said = signed(said, read_signature(fields))
    refusal = fields.text("refusal")
    refused = [Refusal(text=refusal)] if refusal is not None else []
    calls = [read_call(call, unread) for call in fields.list("tool_calls")]
    function = as_object(fields.get("function_call", object))
    if function:
        arguments = as_text(function.get("arguments")) or ""
        calls.append(ToolCall(id="", name=as_text(function.get("name")) or "", arguments=arguments))
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


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider, which is asked for `model`; usage is always asked for on streams."""
    quirks = spec.quirks
    home = request.dialect is Dialect.OPENAI
    turns = Turns(request.dialect, quirks, losses)
    body: dict[str, Any] = {"model": model, "messages": turns.write(request.messages)}
    body |= write_tools(request, quirks.takes_cache_marks or home, losses)
    if request.response_format is not None:
        body["response_format"] = write_format(request.response_format, request.dialect, losses)
        if request.response_format.kind is FormatKind.JSON_OBJECT and not home and not says_json(request):
            losses.adjust(Feature.RESPONSE_FORMAT, "instruction")
            body["messages"].insert(0, {"role": "system", "content": JSON_WISH})
    body |= _write_sampling(request.sampling, home, quirks.takes_top_k, losses)
    if request.max_tokens is not None:
        body[quirks.limit_name] = request.max_tokens
    effort = effort_word(request, losses)
    if effort is not None:
        body["reasoning_effort"] = effort
    if not home and not (effort and quirks.takes_thoughts):  # who takes thoughts back has told them
        _note_showing(request.reasoning, losses)
    if request.user is not None:
        body["user"] = request.user
    if request.stream:
        body["stream"] = True
        if not quirks.no_stream_options:
            body["stream_options"] = {"include_usage": True}
    if home:
        body |= request.extras
    else:
        for name in request.extras:
            losses.drop(Feature.UNKNOWN_FIELDS, name)
    for path in request.unread:
        losses.drop(Feature.UNKNOWN_FIELDS, path)
    return msgspec.json.encode(body)


def _note_showing(wish: ReasoningWish | None, losses: Losses) -> None:
    """Nobody can ask for thoughts here: they come where the provider shows them by itself."""
    if wish is not None and wish.show is not Showing.NONE and not wish.rests:
        losses.drop(Feature.REASONING_SHOWN)


def _write_sampling(sampling: Sampling, home: bool, takes_top_k: bool, losses: Losses) -> dict[str, Any]:
    fields = {name: value for name in _PLAIN if (value := getattr(sampling, name)) is not None}
    if sampling.top_k is not None:
        if takes_top_k or home:
            fields["top_k"] = sampling.top_k
        else:
            losses.drop(Feature.TOP_K)
    if sampling.stop:
        fields["stop"] = list(sampling.stop)
    if home:
        return fields
    if sampling.temperature is not None and sampling.temperature > HOTTEST:
        losses.adjust(Feature.TEMPERATURE, f"{HOTTEST:g}")
        fields["temperature"] = HOTTEST
    if len(sampling.stop) > MOST_STOPS:
        losses.adjust(Feature.STOP, f"the first {MOST_STOPS}")
        fields["stop"] = list(sampling.stop[:MOST_STOPS])
    if sampling.top_logprobs is not None and not sampling.logprobs:
        losses.adjust(Feature.LOGPROBS)
        fields["logprobs"] = True
    return fields
