"""The outside of a chat-completions body: what is needed to route, admit and record it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.estimate import weight_of, weight_of_tools
from baton.core.losses import Losses
from baton.core.request import Envelope, Options
from baton.upstream.dialects.openai.replies import write_answer
from baton.upstream.dialects.openai.requests import ROLES, read_request
from baton.upstream.dialects.openai.writer import StreamWriter
from baton.upstream.dialects.own_tools import USUAL_SEARCHES, searches_by
from baton.upstream.dialects.processing import processing
from baton.upstream.dialects.wire import UNREADABLE, absent, checked_model, invalid, missing, no_json, number

_NEEDS_OF_PARTS = {
    "image_url": "vision",
    "input_image": "vision",
    "input_audio": "audio",
}


class _Part(Struct):
    type: str = ""
    text: str | None = None


class _Call(Struct):
    id: str | None = None
    function: Raw = Raw(b"")


class _Message(Struct):
    role: str
    content: str | list[_Part] | UnsetType | None = UNSET
    tool_calls: list[_Call] | None = None


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Format(Struct):
    type: str = "text"


class _Body(Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    temperature: Any = None
    tools: Raw = Raw(b"null")
    functions: Raw = Raw(b"null")
    response_format: _Format | None = None
    service_tier: Any = None
    web_search_options: Any = None
    search_parameters: Any = None
    """xAI's word for the same."""
    plugins: Any = None
    """OpenRouter's."""
    baton: Raw = Raw(b"null")


_DECODER = msgspec.json.Decoder(_Body)
_EMPTY_LISTS = (b"null", b"[]")


def read_envelope(
    body: bytes, read_options: Callable[[bytes | None], Options], headers: Mapping[str, str]
) -> Envelope:
    """The outside of a request in OpenAI's dialect; its `baton` object is for `read_options`.

    Raises:
        Invalid: no JSON, a field of the wrong kind, no messages, an unknown role, a content that is null
            where only an assistant's may be, two equal call ids in one message.
    """
    try:
        outside = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise missing(name) if (name := absent(error)) else invalid(error) from None
    except UNREADABLE as error:
        raise no_json(error) from None
    model = checked_model(outside.model)
    needs: set[str] = set()
    chars = _check_messages(outside.messages, needs)
    if outside.stream:
        needs.add("streaming")
    searches = 0
    if bytes(outside.tools) not in _EMPTY_LISTS or bytes(outside.functions) not in _EMPTY_LISTS:
        needs.add("tools")
        searches = searches_by(bytes(outside.tools))
        chars += weight_of_tools(bytes(outside.tools)) + weight_of_tools(bytes(outside.functions))
    if (
        outside.web_search_options is not None
        or outside.search_parameters is not None
        or outside.plugins is not None
    ):
        searches = USUAL_SEARCHES
    if outside.response_format is not None and outside.response_format.type != "text":
        needs.add("json")
    asked = outside.stream_options
    wants_usage = bool(asked and asked.include_usage)
    limit = outside.max_completion_tokens
    if limit is None or (outside.max_tokens or 0) > limit:  # which of them holds is up to the provider
        limit = outside.max_tokens
    return Envelope(
        dialect=Dialect.OPENAI,
        model=model,
        body=body,
        stream=bool(outside.stream),
        include_usage=wants_usage,
        max_tokens=limit,
        needs=frozenset(needs),
        input_chars=chars,
        answers=max(1, outside.n or 1),
        temperature=number(outside.temperature),
        processing=processing(outside.service_tier) if outside.service_tier else "",
        searches=searches,
        options=read_options(inside if (inside := bytes(outside.baton)) != b"null" else None),
        headers=headers,
        read=read_request,
        write=write_answer,
        writer=_plain_writer if not wants_usage else _usage_writer,
    )


def _plain_writer(losses: Losses) -> StreamWriter:
    return StreamWriter(include_usage=False, losses=losses)


def _usage_writer(losses: Losses) -> StreamWriter:
    return StreamWriter(include_usage=True, losses=losses)


def _check_messages(messages: list[_Message], needs: set[str]) -> int:
    """Refuse what no provider could mean; collect what the parts need; return the characters of text."""
    if not messages:
        raise Invalid(
            "Invalid 'messages': empty array. Expected an array with minimum length 1.",
            param="messages",
            code="empty_array",
        )
    chars = 0
    for at, message in enumerate(messages):
        if message.role not in ROLES:
            raise Invalid(
                f"Invalid value: '{message.role[:40]}'. Supported values are: {', '.join(sorted(ROLES))}.",
                param=f"messages[{at}].role",
                code="invalid_value",
            )
        content = message.content
        if isinstance(content, str):
            chars += weight_of(content)
        elif isinstance(content, list):
            for part in content:
                if part.text is not None:
                    chars += weight_of(part.text)
                need = _NEEDS_OF_PARTS.get(part.type)
                if need is not None:
                    needs.add(need)
        elif message.role != "assistant" and not message.tool_calls:
            raise Invalid(
                f"Invalid value for 'messages[{at}].content': expected a string or an array, got null.",
                param=f"messages[{at}].content",
                code="invalid_value",
            )
        if message.tool_calls:
            chars += _check_calls(message.tool_calls, at)
    return chars


def _check_calls(calls: list[_Call], at: int) -> int:
    """Refuse two of one id; return their characters."""
    chars = 0
    seen: set[str] = set()
    for place, call in enumerate(calls):
        chars += len(bytes(call.function))
        if call.id is None:
            continue
        if call.id in seen:
            raise Invalid(
                f"Two tool calls of a message have the id '{call.id[:100]}'; results cannot be told apart.",
                param=f"messages[{at}].tool_calls[{place}].id",
                code="duplicate_tool_call_id",
            )
        seen.add(call.id)
    return chars
