"""A native chat body as the gateway takes it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from pydantic import ValidationError

from baton.api.native.chat_body import KNOWN, ChatBody, ImagePart
from baton.api.options import read_options, refuse_misspelt
from baton.api.problems import mistaken
from baton.core.answer import AnswerWriter
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.estimate import weight_of, weight_of_tools
from baton.core.losses import Losses
from baton.core.messages import Text, ToolResult
from baton.core.request import ChatRequest, Envelope, Options

_NO_HEADERS: Mapping[str, str] = {}


class ChatAsked(NamedTuple):
    """What a body asks for."""

    envelope: Envelope
    user_id: str | None
    """For whom, where not for the caller."""


def read_envelope(
    body: bytes, headers: Mapping[str, str], writer: Callable[[Losses], AnswerWriter]
) -> ChatAsked:
    """The request of a body; `headers`: the `x-baton-*` ones, without that prefix.

    Raises:
        Invalid: not JSON; a field is wrong, then each of them is named.
    """
    try:
        chat = ChatBody.model_validate_json(body)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise Invalid("The body is not valid JSON.", code="invalid_json") from None
        raise mistaken(error) from None
    options = read_options(headers, chat.wishes())
    unknown = [name for name in msgspec.json.decode(body, type=dict[str, msgspec.Raw]) if name not in KNOWN]
    refuse_misspelt(unknown)
    options = replace(options, dropped=(*unknown, *options.dropped))
    return ChatAsked(envelope_of(chat, body, options, writer), chat.user_id)


def envelope_of(
    chat: ChatBody, body: bytes, options: Options, writer: Callable[[Losses], AnswerWriter]
) -> Envelope:
    """The request of a body that was read."""
    request = chat.request()
    return Envelope(
        dialect=Dialect.NATIVE,
        model=chat.model,
        body=body,
        stream=chat.stream,
        include_usage=chat.stream,
        max_tokens=chat.max_tokens,
        temperature=chat.temperature,
        needs=_needs(chat),
        input_chars=_chars(request),
        options=options,
        headers=_NO_HEADERS,
        read=lambda _: request,
        write=None,
        writer=writer,
    )


def _needs(chat: ChatBody) -> frozenset[str]:
    needs: set[str] = set()
    if chat.stream:
        needs.add("streaming")
    if chat.tools:
        needs.add("tools")
    if chat.response_format is not None and chat.response_format.type != "text":
        needs.add("json")
    for message in chat.messages:
        if any(isinstance(part, ImagePart) for part in message.content or ()):
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
