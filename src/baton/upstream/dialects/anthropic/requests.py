"""Messages requests ⇄ core."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest, FormatKind, ReasoningWish, ResponseFormat, Sampling
from baton.upstream.dialects.anthropic.conversation import read_messages, read_system, write_conversation
from baton.upstream.dialects.anthropic.schemas import strict_schema
from baton.upstream.dialects.anthropic.tools import (
    offered,
    read_choice,
    read_tool,
    write_choice,
    write_tools,
)
from baton.upstream.dialects.wire import Fields

_OWN = Dialect.ANTHROPIC
_DEFAULT_LIMIT = 2000
"""Tokens of an answer where the dialect demands a limit and nobody said one (spec 3, details)."""

_DEFAULT_EFFORT = "high"
"""What the API takes where thinking is adaptive and no effort is said."""

_UNSAYABLE = {
    Feature.SEED: "seed",
    Feature.PRESENCE_PENALTY: "presence_penalty",
    Feature.FREQUENCY_PENALTY: "frequency_penalty",
    Feature.LOGPROBS: "logprobs",
    Feature.LOGIT_BIAS: "logit_bias",
}


def required(name: str) -> Invalid:
    """The refusal of a body without a field it must have, in Anthropic's words."""
    return Invalid(f"{name}: Field required", param=name, code="missing_required_parameter")


def read_request(body: bytes) -> ChatRequest:
    """A whole request.

    Raises:
        Invalid: a field is of the wrong kind; `param` names it.
    """
    fields = Fields.of(body)
    for needed in ("model", "messages"):
        if needed not in fields.rest:
            raise required(needed)
    fields.raw("baton")
    unread: list[str] = []
    messages = read_system(fields, unread)
    for message in fields.list("messages"):
        messages += read_messages(message, unread)
    choice, parallel = read_choice(fields, unread)
    config = fields.inner("output_config")
    effort = config.text("effort")
    wish = _read_format(config, fields)
    unread.extend(config.path(name) for name in config.rest)
    metadata = fields.inner("metadata")
    user = metadata.text("user_id")
    unread.extend(metadata.path(name) for name in metadata.rest)
    return ChatRequest(
        model=fields.text("model") or "",
        messages=tuple(messages),
        tools=tuple(read_tool(tool, unread) for tool in fields.list("tools")),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        response_format=wish,
        sampling=Sampling(
            temperature=fields.get("temperature", float),
            top_p=fields.get("top_p", float),
            top_k=fields.get("top_k", int),
            stop=tuple(fields.get("stop_sequences", list[str]) or ()),
        ),
        max_tokens=fields.get("max_tokens", int),
        reasoning=_read_thinking(fields.inner("thinking"), effort, unread),
        stream=bool(fields.get("stream", bool)),
        include_usage=True,
        user=user,
        dialect=_OWN,
        extras=fields.rest,
        unread=tuple(unread),
    )


def _read_format(config: Fields, fields: Fields) -> ResponseFormat | None:
    """The wish for structured output; `output_format` is where it stood before `output_config` was."""
    for wish in (config.inner("format"), fields.inner("output_format")):
        if wish.rest:
            kind = wish.text("type")
            if kind != "json_schema":
                raise wish.refuse("type", f"'{kind}' is no output format")
            return ResponseFormat(kind=FormatKind.JSON_SCHEMA, schema=wish.raw("schema"), strict=True)
    return None


def _read_thinking(thinking: Fields, effort: str | None, unread: list[str]) -> ReasoningWish | None:
    kind = thinking.text("type")
    budget = thinking.get("budget_tokens", int)
    unread.extend(thinking.path(name) for name in thinking.rest)
    match kind:
        case "enabled":
            return ReasoningWish(effort=effort, budget_tokens=budget)
        case "disabled":
            return ReasoningWish(effort="none")
        case None:
            return None if effort is None else ReasoningWish(effort=effort)
        case _:
            return ReasoningWish(effort=effort or _DEFAULT_EFFORT)


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider, which is asked for `model`."""
    del spec
    system, messages = write_conversation(request, losses)
    limit = request.max_tokens
    if limit is None:
        limit = _DEFAULT_LIMIT
        losses.adjust(Feature.MAX_TOKENS, str(limit))
    body: dict[str, Any] = {"model": model, "max_tokens": limit, "messages": messages}
    if system is not None:
        body["system"] = system
    tools = offered(request, losses)
    if tools:
        body["tools"] = write_tools(tools, True, losses)
        choice = write_choice(request)
        if choice is not None:
            body["tool_choice"] = choice
    wish = request.response_format
    if wish is not None and wish.kind is FormatKind.JSON_SCHEMA:
        schema = strict_schema(wish.schema, Feature.RESPONSE_SCHEMA, losses)
        body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    _write_sampling(body, request.sampling, losses)
    if request.user is not None:
        body["metadata"] = {"user_id": request.user}
    if request.stream:
        body["stream"] = True
    if request.dialect is _OWN:
        body.update(request.extras)
    else:
        _drop_unread(request.extras, losses)
    for path in request.unread:
        losses.drop(Feature.UNKNOWN_FIELDS, path)
    return msgspec.json.encode(body)


def _drop_unread(extras: dict[str, Raw], losses: Losses) -> None:
    for name in extras:
        losses.drop(Feature.UNKNOWN_FIELDS, name)


def _write_sampling(body: dict[str, Any], sampling: Sampling, losses: Losses) -> None:
    if sampling.temperature is not None:
        clamped = min(1.0, max(0.0, sampling.temperature))
        if clamped != sampling.temperature:
            losses.adjust(Feature.TEMPERATURE, f"{clamped:g}")
        body["temperature"] = clamped
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.top_k is not None:
        body["top_k"] = sampling.top_k
    stops = [stop for stop in sampling.stop if stop.strip()]
    if len(stops) < len(sampling.stop):
        losses.drop(Feature.STOP)
    if stops:
        body["stop_sequences"] = stops
    if sampling.n is not None and sampling.n > 1:
        losses.drop(Feature.N)
    for feature, name in _UNSAYABLE.items():
        if getattr(sampling, name) not in (None, False):
            losses.drop(feature)
