"""Requests ⇄ core."""

from typing import Any

import msgspec

from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest
from baton.upstream.dialects.google.contents import ContentsWriter, read_contents, read_system
from baton.upstream.dialects.google.generation import (
    drop_usual_modalities,
    read_format,
    read_sampling,
    read_thinking,
    write_generation,
)
from baton.upstream.dialects.google.parts import HOME
from baton.upstream.dialects.google.spelling import each, inner, spelt
from baton.upstream.dialects.google.thinking import write_thinking
from baton.upstream.dialects.google.tools import read_choice, read_tools, write_choice, write_tools
from baton.upstream.dialects.wire import Fields, missing


def read_request(body: bytes, model: str, *, stream: bool) -> ChatRequest:
    """A whole request. Model and stream stand in the address.

    Raises:
        Invalid: a field is of the wrong kind; `param` names it.
    """
    fields = spelt(Fields.of(body))
    if "contents" not in fields.rest:
        raise missing("contents")
    for known in ("baton", "model"):
        fields.raw(known)
    unread: list[str] = []
    system = read_system(fields)
    messages = read_contents(each(fields, "contents"), unread)
    config = inner(fields, "generationConfig")
    tools = read_tools(fields, unread)
    choice = read_choice(fields, unread)
    sampling = read_sampling(config)
    shape = read_format(config)
    limit = config.get("maxOutputTokens", int)
    thinking = read_thinking(config, unread)
    drop_usual_modalities(config)
    unread += config.left
    return ChatRequest(
        model=model,
        messages=(*system, *messages),
        tools=tuple(tools),
        tool_choice=choice,
        response_format=shape,
        sampling=sampling,
        max_tokens=limit,
        reasoning=thinking,
        stream=stream,
        include_usage=True,
        dialect=HOME,
        extras=fields.rest,
        unread=tuple(unread),
    )


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider's `model`, which stands in the address."""
    own = request.dialect is HOME
    system, contents = ContentsWriter(own, spec.quirks, model, losses).write(request.messages)
    body: dict[str, Any] = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": system}
    tools = write_tools(request.tools, losses)
    if tools:
        body["tools"] = tools
        if request.tool_choice is not None:
            body["toolConfig"] = write_choice(request.tool_choice, losses)
    settings = write_generation(request, losses)
    if request.reasoning is not None:
        settings |= write_thinking(request.reasoning, spec.quirks, model, losses)
    if settings:
        body["generationConfig"] = settings
    _note(request, own, losses)
    if own:
        body |= request.extras
    return msgspec.json.encode(body)


def _note(request: ChatRequest, own: bool, losses: Losses) -> None:
    """Note what has no place here."""
    if request.parallel_tool_calls is False and request.tools:
        losses.drop(Feature.PARALLEL_TOOL_CALLS)
    if request.user is not None:
        losses.drop(Feature.USER)
    for path in request.unread:
        losses.drop(Feature.UNKNOWN_FIELDS, path)
    for name in () if own else request.extras:
        losses.drop(Feature.UNKNOWN_FIELDS, name)
