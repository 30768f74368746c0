"""A native chat body as the gateway takes it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from pydantic import ValidationError

from baton.api.native.chat_body import KNOWN, ChatBody
from baton.api.options import read_options, refuse_misspelt
from baton.api.problems import mistaken
from baton.core.answer import AnswerWriter
from baton.core.errors import Invalid
from baton.core.losses import Losses
from baton.core.request import Envelope, Options
from baton.gateway.shaping.enclosing import enclosed


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
    return enclosed(chat.request(), options, body, writer)
