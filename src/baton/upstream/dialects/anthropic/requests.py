"""Messages requests ⇄ core."""

from typing import Any

import msgspec
from msgspec import structs

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Feature, Losses
from baton.core.messages import Message, Role, Text
from baton.core.provider import ProviderSpec, SchemaForm
from baton.core.request import ChatRequest, FormatKind, ResponseFormat, Sampling, ToolMode
from baton.upstream.dialects.anthropic.conversation import (
    SYSTEM_ROLES,
    read_messages,
    read_system,
    write_conversation,
)
from baton.upstream.dialects.anthropic.sampling import write_sampling
from baton.upstream.dialects.anthropic.schemas import strict_schema
from baton.upstream.dialects.anthropic.thinking import decide, read_thinking
from baton.upstream.dialects.anthropic.tools import read_choice, read_tool, write_tools
from baton.upstream.dialects.wire import Fields

_OWN = Dialect.ANTHROPIC
_DEFAULT_LIMIT = 2000
"""Tokens of an answer where the dialect demands a limit and nobody said one (spec 3, details)."""

_NO_SCHEMA = "Answer with a single JSON object and nothing else: no words around it, no code fence."


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
        reasoning=read_thinking(fields.inner("thinking"), effort, unread),
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


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider, which is asked for `model`."""
    family = spec.quirks.family_of(model)
    thinking = decide(request, model, spec.quirks, losses)
    system, messages = write_conversation(_instructed(request, losses), family, losses)
    limit = request.max_tokens
    if limit is None:
        limit = _DEFAULT_LIMIT + thinking.tokens
        losses.adjust(Feature.MAX_TOKENS, str(limit))
    body: dict[str, Any] = {"model": model, "max_tokens": limit, "messages": messages}
    if system is not None:
        body["system"] = system
    takes_strict = spec.schema_form(model) is SchemaForm.NATIVE
    body |= write_tools(request, family, takes_strict, losses)
    if thinking.fields:
        body["thinking"] = thinking.fields
    config = _output_config(request.response_format, thinking.effort, losses)
    if config:
        body["output_config"] = config
    body |= write_sampling(request.sampling, family, thinking, losses)
    if request.user is not None:
        body["metadata"] = {"user_id": request.user}
    if request.stream:
        body["stream"] = True
    if request.dialect is _OWN:
        body.update(request.extras)
    else:
        for name in request.extras:
            losses.drop(Feature.UNKNOWN_FIELDS, name)
    for path in request.unread:
        losses.drop(Feature.UNKNOWN_FIELDS, path)
    return msgspec.json.encode(body)


def takes_prefill(request: ChatRequest, model: str, spec: ProviderSpec) -> bool:
    """Whether a model goes on with an answer at the end of this request: one that is known to, and is not
    made to call a tool. Such a request asks for no thinking, and ends in no white space."""
    family = spec.quirks.family_of(model)
    choice = request.tool_choice
    forced = choice is not None and choice.mode in (ToolMode.REQUIRED, ToolMode.NAMED)
    return family.known and family.takes_prefill and not forced and request.response_format is None


def _instructed(request: ChatRequest, losses: Losses) -> ChatRequest:
    """The request with an instruction where JSON is wished for without a schema: the API has no such mode."""
    wish = request.response_format
    if wish is None or wish.kind is not FormatKind.JSON_OBJECT:
        return request
    losses.adjust(Feature.RESPONSE_FORMAT, "instruction")
    told = Message(role=Role.SYSTEM, parts=(Text(text=_NO_SCHEMA),))
    messages = request.messages
    at = next((at for at, message in enumerate(messages) if message.role not in SYSTEM_ROLES), len(messages))
    return structs.replace(request, messages=(*messages[:at], told, *messages[at:]))


def _output_config(wish: ResponseFormat | None, effort: str | None, losses: Losses) -> dict[str, Any]:
    config: dict[str, Any] = {} if effort is None else {"effort": effort}
    if wish is not None and wish.kind is FormatKind.JSON_SCHEMA:
        schema = strict_schema(wish.schema, Feature.RESPONSE_SCHEMA, losses)
        if wish.description is not None:
            losses.adjust(Feature.RESPONSE_FORMAT, "description")
            schema.setdefault("description", wish.description)
        config["format"] = {"type": "json_schema", "schema": schema}
    return config
