"""Responses requests ⇄ core."""

from typing import Any

import msgspec

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Message, Role, Text
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest, ReasoningWish, Sampling
from baton.upstream.dialects.efforts import effort_of
from baton.upstream.dialects.responses.items import read_input
from baton.upstream.dialects.responses.tools import (
    custom_names,
    read_format,
    read_tool,
    read_tool_choice,
    write_format,
    write_tool_choice,
    write_tools,
)
from baton.upstream.dialects.responses.turns import Writing
from baton.upstream.dialects.wire import Fields, missing

LEAST_OUTPUT_TOKENS = 16
"""OpenAI refuses a lower limit (its error `integer_below_min_value` for `max_output_tokens`)."""

_UNSAID = (
    (Feature.TOP_K, "top_k"),
    (Feature.SEED, "seed"),
    (Feature.PRESENCE_PENALTY, "presence_penalty"),
    (Feature.FREQUENCY_PENALTY, "frequency_penalty"),
    (Feature.LOGPROBS, "logprobs"),
    (Feature.LOGPROBS, "top_logprobs"),
    (Feature.LOGIT_BIAS, "logit_bias"),
)
_CALLERS_SHOWN_THOUGHTS = frozenset({Dialect.ANTHROPIC, Dialect.GOOGLE})
"""Whose callers, asking for thought, expect to see it."""

_HIGHEST = 2.0
"""Temperature."""

_SO_ANYWAY = frozenset(
    {
        ("store", b"false"),
        ("background", b"false"),
        ("truncation", b'"disabled"'),
        ("top_logprobs", b"0"),
        ("service_tier", b'"auto"'),
        ("service_tier", b'"default"'),
    }
)
"""What needs no asking for: nobody else does otherwise."""


def read_request(body: bytes) -> ChatRequest:
    """A whole request.

    Raises:
        Invalid: a field is of the wrong kind; `param` names it.
    """
    fields = Fields.of(body)
    if "model" not in fields.rest:
        raise missing("model")
    for known in ("baton", "stream_options"):
        fields.raw(known)
    unread: list[str] = []
    customs = custom_names(fields.rest.get("tools"))
    instructions = fields.text("instructions")
    messages = [] if instructions is None else [_told(instructions)]
    messages += read_input(fields, customs, unread)
    return ChatRequest(
        model=fields.text("model") or "",
        messages=tuple(messages),
        tools=tuple(read_tool(tool, unread) for tool in fields.list("tools")),
        tool_choice=read_tool_choice(fields, unread),
        parallel_tool_calls=fields.get("parallel_tool_calls", bool),
        response_format=read_format(fields, unread),
        sampling=Sampling(
            temperature=fields.get("temperature", float),
            top_p=fields.get("top_p", float),
        ),
        max_tokens=fields.get("max_output_tokens", int),
        reasoning=_read_reasoning(fields, unread),
        stream=bool(fields.get("stream", bool)),
        include_usage=True,
        user=_read_user(fields),
        dialect=Dialect.OPENAI_RESPONSES,
        extras={name: value for name, value in fields.rest.items() if not _says_nothing(name, value)},
        unread=tuple(unread),
    )


def _told(instructions: str) -> Message:
    return Message(role=Role.SYSTEM, parts=(Text(text=instructions),))


def _read_user(fields: Fields) -> str | None:
    """Who asks: the newer word for it counts, where both are used."""
    user, identifier = fields.text("user"), fields.text("safety_identifier")
    return user if identifier is None else identifier


def _says_nothing(name: str, value: object) -> bool:
    """Whether a field asks for what is so anyway: nothing is stored, nothing runs in the background."""
    said = bytes(value) if isinstance(value, msgspec.Raw) else b""
    if said in (b"null", b"[]", b"{}"):
        return True
    return (name, said) in _SO_ANYWAY


def _read_reasoning(fields: Fields, unread: list[str]) -> ReasoningWish | None:
    wish = fields.inner("reasoning")
    effort = wish.text("effort")
    for known in ("summary", "generate_summary"):  # thoughts are shown as they come
        wish.raw(known)
    unread += [wish.path(name) for name in wish.rest]
    return None if effort is None else ReasoningWish(effort=effort)


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider, which is asked for `model`. It is asked to store nothing."""
    del spec  # they all speak it alike
    body: dict[str, Any] = {
        "model": model,
        "input": Writing(losses).write(request),
        "store": False,
    }
    tools = write_tools(request.tools, losses)
    if tools:
        body["tools"] = tools
    if request.tool_choice is not None and tools:
        body["tool_choice"] = write_tool_choice(request.tool_choice)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format is not None:
        body["text"] = {"format": write_format(request.response_format)}
    _write_sampling(body, request, losses)
    _write_reasoning(body, request, losses)
    if request.user is not None:
        body["user"] = request.user
    if request.stream:
        body["stream"] = True
    if request.dialect is Dialect.OPENAI_RESPONSES:
        body.update(request.extras)
    else:
        for path in (*request.extras, *request.unread):
            losses.drop(Feature.UNKNOWN_FIELDS, path)
    return msgspec.json.encode(body)


def _write_sampling(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    drawn = request.sampling
    if drawn.temperature is not None:
        body["temperature"] = min(max(drawn.temperature, 0.0), _HIGHEST)
        if body["temperature"] != drawn.temperature:
            losses.adjust(Feature.TEMPERATURE, f"{body['temperature']:g}")
    if drawn.top_p is not None:
        body["top_p"] = drawn.top_p
    if drawn.stop:
        losses.drop(Feature.STOP)
    if drawn.n is not None and drawn.n != 1:
        losses.drop(Feature.N)
    for feature, name in _UNSAID:
        if getattr(drawn, name) not in (None, False):
            losses.drop(feature)
    if request.max_tokens is not None:
        body["max_output_tokens"] = max(request.max_tokens, LEAST_OUTPUT_TOKENS)
        if body["max_output_tokens"] != request.max_tokens:
            losses.adjust(Feature.MAX_TOKENS, str(LEAST_OUTPUT_TOKENS))


def _write_reasoning(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    """How much to think; what was thought comes in cipher, to be brought back: nothing is stored."""
    wish = request.reasoning
    effort = None if wish is None else wish.effort
    if effort is None and wish is not None and wish.budget_tokens is not None:
        effort = effort_of(wish.budget_tokens)
        losses.adjust(Feature.REASONING_BUDGET, effort)
    if effort is not None:
        said = {"effort": effort}
        if request.dialect in _CALLERS_SHOWN_THOUGHTS and effort != "none":
            said["summary"] = "auto"
        body["reasoning"] = said
    brought = any(isinstance(item, dict) and "encrypted_content" in item for item in body["input"])
    if effort not in (None, "none") or brought:
        body["include"] = ["reasoning.encrypted_content"]
