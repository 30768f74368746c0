"""The outside of a messages body: what is needed to route, admit and record it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.estimate import weight_of, weight_of_tools
from baton.core.request import MAX_MODEL_CHARS, Envelope, Options
from baton.upstream.dialects.anthropic.answers import write_answer
from baton.upstream.dialects.anthropic.conversation import ROLES
from baton.upstream.dialects.anthropic.requests import read_request, required
from baton.upstream.dialects.anthropic.writer import StreamWriter
from baton.upstream.dialects.own_tools import searches_by
from baton.upstream.dialects.processing import processing
from baton.upstream.dialects.sse import write_event
from baton.upstream.dialects.wire import UNREADABLE, absent, invalid, no_json, number

PING = write_event(b'{"type": "ping"}', "ping")
"""What the API itself sends while there is nothing to say."""


_ABSENT = Raw(b"null")
_EMPTY = (b"null", b"[]", b"{}")
_SEEN = frozenset({"image", "document"})
_OWN_HEADERS = "anthropic-"


class _Inner(Struct):
    """A block inside a result of a tool, or of the system prompt."""

    type: str = ""
    text: str | None = None


class _Block(Struct):
    type: str = ""
    text: str | None = None
    id: str | None = None
    input: Raw = _ABSENT
    content: Raw = _ABSENT


class _Message(Struct):
    role: str
    content: str | list[_Block] | UnsetType | None = UNSET


class _Config(Struct):
    format: Raw = _ABSENT


class _Body(Struct):
    model: str
    messages: list[_Message]
    max_tokens: int | UnsetType | None = UNSET
    system: str | list[_Inner] | None = None
    stream: bool | None = None
    temperature: Any = None
    tools: Raw = _ABSENT
    output_config: _Config | None = None
    output_format: Raw = _ABSENT
    speed: Any = None
    baton: Raw = _ABSENT


_DECODER = msgspec.json.Decoder(_Body)
_INNER = msgspec.json.Decoder(list[_Inner])


def read_envelope(
    body: bytes, read_options: Callable[[bytes | None], Options], headers: Mapping[str, str]
) -> Envelope:
    """The outside of a request in Anthropic's dialect; its `baton` object is for `read_options`.

    Raises:
        Invalid: no JSON, a field of the wrong kind, no messages, an unknown role, no content, no limit of
            tokens, two equal call ids in one message.
    """
    outside = _read(body)
    limit = outside.max_tokens
    if limit is UNSET or limit is None:
        raise required("max_tokens")
    if limit < 1:
        raise Invalid("max_tokens: Input should be greater than or equal to 1", param="max_tokens")
    return _envelope(outside, body, limit, read_options, headers)


def read_counting(
    body: bytes, read_options: Callable[[bytes | None], Options], headers: Mapping[str, str]
) -> Envelope:
    """The outside of a request to count the tokens of a prompt; it needs no limit.

    Raises:
        Invalid: as `read_envelope`.
    """
    outside = _read(body)
    limit = outside.max_tokens
    return _envelope(outside, body, None if limit is UNSET else limit, read_options, headers)


def _envelope(
    outside: _Body,
    body: bytes,
    limit: int | None,
    read_options: Callable[[bytes | None], Options],
    headers: Mapping[str, str],
) -> Envelope:
    needs: set[str] = set()
    chars = _check_messages(outside.messages, needs)
    if isinstance(outside.system, str):
        chars += weight_of(outside.system)
    else:
        chars += sum(weight_of(block.text or "") for block in outside.system or ())
    if outside.stream:
        needs.add("streaming")
    if bytes(outside.tools) not in _EMPTY:
        needs.add("tools")
        chars += weight_of_tools(bytes(outside.tools))
    config = outside.output_config
    if (config and bytes(config.format) not in _EMPTY) or bytes(outside.output_format) not in _EMPTY:
        needs.add("json")
    return Envelope(
        dialect=Dialect.ANTHROPIC,
        model=outside.model,
        body=body,
        stream=bool(outside.stream),
        include_usage=False,  # every stream of this dialect has it; nobody has to ask
        max_tokens=limit,
        needs=frozenset(needs),
        input_chars=chars,
        temperature=number(outside.temperature),
        processing=processing(outside.speed),
        searches=searches_by(bytes(outside.tools)),
        options=read_options(None if bytes(outside.baton) == b"null" else bytes(outside.baton)),
        headers={name: value for name, value in headers.items() if name.startswith(_OWN_HEADERS)},
        read=read_request,
        write=write_answer,
        writer=StreamWriter,
        keep_alive=PING,
    )


def _read(body: bytes) -> _Body:
    try:
        outside = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise required(name) if (name := absent(error)) else invalid(error) from None
    except UNREADABLE as error:
        raise no_json(error) from None
    if not 0 < len(outside.model) <= MAX_MODEL_CHARS:
        raise Invalid(f"model: String should have 1 to {MAX_MODEL_CHARS} characters", param="model")
    return outside


def _check_messages(messages: list[_Message], needs: set[str]) -> int:
    """Refuse what no provider could mean; collect what the blocks need; return the characters of text."""
    if not messages:
        raise Invalid("messages: at least one message is required", param="messages", code="empty_array")
    chars = 0
    for at, message in enumerate(messages):
        if message.role not in ROLES:
            raise Invalid(
                f"messages.{at}.role: Input should be 'user' or 'assistant'",
                param=f"messages[{at}].role",
                code="invalid_value",
            )
        content = message.content
        if isinstance(content, str):
            chars += weight_of(content)
        elif isinstance(content, list):
            chars += _check_blocks(content, at, needs)
        else:
            raise required(f"messages.{at}.content")
    return chars


def _check_blocks(blocks: list[_Block], at: int, needs: set[str]) -> int:
    chars = 0
    calls: set[str] = set()
    for block in blocks:
        if block.text is not None:
            chars += weight_of(block.text)
        if block.type in _SEEN:
            needs.add("vision")
        elif block.type == "tool_result":
            chars += _inside(block.content, needs)
        elif block.type == "tool_use":
            chars += len(bytes(block.input))
            if block.id is not None and block.id in calls:
                raise Invalid(
                    f"messages.{at}.content: `tool_use` ids must be unique",
                    param=f"messages[{at}].content",
                    code="duplicate_tool_call_id",
                )
            calls.add(block.id or "")
    return chars


def _inside(content: Raw, needs: set[str]) -> int:
    """Characters of a result's text; pictures in it are no text."""
    written = bytes(content)
    if b'"source"' not in written:
        return len(written)
    try:
        inner = _INNER.decode(written)
    except UNREADABLE:  # a text that speaks of sources
        return len(written)
    if any(block.type in _SEEN for block in inner):
        needs.add("vision")
    return sum(weight_of(block.text or "") for block in inner)
