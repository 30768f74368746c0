"""A whole request as it is written for a provider; what cannot be said in this dialect is noted."""

from typing import Any

import msgspec

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec
from baton.core.request import (
    ChatRequest,
    FormatKind,
    ReasoningWish,
    ResponseFormat,
    Sampling,
    Showing,
    Tool,
    ToolChoice,
    ToolMode,
)
from baton.upstream.dialects.efforts import effort_among
from baton.upstream.dialects.openai.strictness import fits_strict
from baton.upstream.dialects.openai.turns import Turns

MOST_STOPS = 4
HOTTEST = 2.0
"""Bounds of OpenAI's API reference."""

JSON_WISH = "Answer with a JSON object."
"""JSON mode is refused where no message speaks of JSON (OpenAI's guide on structured outputs)."""

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
_EFFORTS = {"none": None, "xhigh": "high", "max": "high"}
"""Words of other vendors' models that most of OpenAI's refuse."""

_OTHERS = frozenset({Dialect.ANTHROPIC, Dialect.GOOGLE})
"""Dialects with words of their own for strictness and effort; Baton's own routes have OpenAI's."""


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider, which is asked for `model`; usage is always asked for on streams."""
    quirks = spec.quirks
    home = request.dialect is Dialect.OPENAI
    turns = Turns(request.dialect, quirks, losses)
    body: dict[str, Any] = {"model": model, "messages": turns.write(request.messages)}
    body |= _tools(request, quirks.takes_cache_marks or home, losses)
    if request.response_format is not None:
        body["response_format"] = _format(request.response_format, request.dialect, losses)
        if request.response_format.kind is FormatKind.JSON_OBJECT and not home and not _says_json(request):
            losses.adjust(Feature.RESPONSE_FORMAT, "instruction")
            body["messages"].insert(0, {"role": "system", "content": JSON_WISH})
    body |= _sampling(request.sampling, home, quirks.takes_top_k, losses)
    if request.max_tokens is not None:
        body[quirks.limit_name] = request.max_tokens
    effort = effort_among(request.reasoning, _EFFORTS if request.dialect in _OTHERS else {}, losses)
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


def _tools(request: ChatRequest, keeps_marks: bool, losses: Losses) -> dict[str, Any]:
    """Tools, and the fields that are refused where there are none."""
    lines: list[Any] = []
    names: set[str] = set()
    for tool in request.tools:
        if isinstance(tool, Tool):
            lines.append(_tool(tool, request.dialect, keeps_marks, losses))
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
            fields["tool_choice"] = _tool_choice(choice)
        else:
            losses.drop(Feature.TOOL_CHOICE)
    if request.parallel_tool_calls is not None:
        if lines or request.dialect is Dialect.OPENAI:
            fields["parallel_tool_calls"] = request.parallel_tool_calls
        else:
            losses.drop(Feature.PARALLEL_TOOL_CALLS)
    return fields


def _tool(tool: Tool, dialect: Dialect, keeps_mark: bool, losses: Losses) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.schema is not None:
        function["parameters"] = tool.schema
    if tool.strict and dialect in _OTHERS and not fits_strict(tool.schema):
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


def _tool_choice(choice: ToolChoice) -> Any:
    if choice.mode is ToolMode.NAMED:
        return {"type": "function", "function": {"name": choice.names[0]}}
    if choice.names:
        tools = [{"type": "function", "function": {"name": name}} for name in choice.names]
        return {
            "type": "allowed_tools",
            "allowed_tools": {"mode": choice.mode.value, "tools": tools},
        }
    return choice.mode.value


def _format(wish: ResponseFormat, dialect: Dialect, losses: Losses) -> dict[str, Any]:
    """What the text shall be. Anthropic and Google are always strict about a schema, OpenAI only if told."""
    if wish.kind is not FormatKind.JSON_SCHEMA:
        return {"type": wish.kind.value}
    strict = wish.strict
    if dialect in _OTHERS and strict is not False:
        strict = fits_strict(wish.schema) or None
        if strict != wish.strict:
            losses.adjust(Feature.SCHEMA_STRICT, "true" if strict else "false")
    inner: dict[str, Any] = {"name": wish.name or "answer"}
    if wish.description is not None:
        inner["description"] = wish.description
    if wish.schema is not None:
        inner["schema"] = wish.schema
    if strict is not None:
        inner["strict"] = strict
    return {"type": "json_schema", "json_schema": inner}


def _says_json(request: ChatRequest) -> bool:
    return any("json" in message.text.lower() for message in request.messages)


def _sampling(sampling: Sampling, home: bool, takes_top_k: bool, losses: Losses) -> dict[str, Any]:
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
