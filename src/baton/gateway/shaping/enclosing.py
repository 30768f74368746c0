"""Requests that are made inside Baton, or read by its own routes, as the gateway takes them."""

from collections.abc import Callable, Mapping

import msgspec

from baton.core.answer import AnswerWriter
from baton.core.dialect import Dialect
from baton.core.estimate import weight_of, weight_of_tools
from baton.core.losses import Losses
from baton.core.messages import Media, Text, ToolResult
from baton.core.request import ChatRequest, Envelope, FormatKind, Options

_NO_HEADERS: Mapping[str, str] = {}


def enclosed(
    request: ChatRequest, options: Options, body: bytes, writer: Callable[[Losses], AnswerWriter]
) -> Envelope:
    """A request in Baton's own dialect. `body`: as its caller wrote it; `writer`: for a streamed answer."""
    return Envelope(
        dialect=Dialect.NATIVE,
        model=request.model,
        body=body,
        stream=request.stream,
        include_usage=request.stream,
        max_tokens=request.max_tokens,
        temperature=request.sampling.temperature,
        needs=_needs(request),
        input_chars=_chars(request),
        options=options,
        headers=_NO_HEADERS,
        read=lambda _: request,
        write=None,
        writer=writer,
    )


def inside(request: ChatRequest, options: Options) -> Envelope:
    """A request that Baton makes by itself, answered whole; its texts alone are told apart from others."""
    said = {
        "messages": [{"role": each.role.value, "content": each.text} for each in request.messages],
        "variables": options.variables or None,
        "prompt": options.prompt,
        "maxTokens": request.max_tokens,
        "temperature": request.sampling.temperature,
        "responseFormat": request.response_format,
    }
    body = msgspec.json.encode({name: value for name, value in said.items() if value is not None})
    return enclosed(request, options, body, _unwritten)


def _unwritten(losses: Losses) -> AnswerWriter:
    raise NotImplementedError("An answer that stays inside is not written.")


def _needs(request: ChatRequest) -> frozenset[str]:
    needs: set[str] = set()
    if request.stream:
        needs.add("streaming")
    if request.tools:
        needs.add("tools")
    if request.response_format is not None and request.response_format.kind is not FormatKind.TEXT:
        needs.add("json")
    if any(isinstance(part, Media) for message in request.messages for part in message.parts):
        needs.add("vision")
    return frozenset(needs)


def _chars(request: ChatRequest) -> int:
    """Characters of all text and of the tools."""
    chars = weight_of_tools(msgspec.json.encode(request.tools)) if request.tools else 0
    for message in request.messages:
        for part in message.parts:
            said = part.parts if isinstance(part, ToolResult) else (part,)
            chars += sum(weight_of(each.text) for each in said if isinstance(each, Text))
    return chars
