"""The outside of a request: what is needed to route, admit and record it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from baton.core.answer import ChatResponse
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.estimate import weight_of, weight_of_tools
from baton.core.losses import Losses
from baton.core.request import Envelope, Options
from baton.upstream.dialects.own_tools import searches_by
from baton.upstream.dialects.processing import processing
from baton.upstream.dialects.responses.answers import write_answer
from baton.upstream.dialects.responses.echo import echo_of
from baton.upstream.dialects.responses.items import ROLES
from baton.upstream.dialects.responses.requests import read_request
from baton.upstream.dialects.responses.writer import StreamWriter
from baton.upstream.dialects.wire import UNREADABLE, absent, checked_model, invalid, missing, no_json, number

_NEEDS_OF_PARTS = {"input_image": "vision", "input_audio": "audio"}
_NULL = Raw(b"null")


class _Part(Struct):
    type: str = ""
    text: str | None = None


class _Item(Struct):
    type: str | None = None
    role: str | None = None
    content: str | list[_Part] | UnsetType | None = UNSET
    call_id: str | None = None
    arguments: Raw = _NULL
    input: Raw = _NULL
    output: Raw = _NULL


class _Format(Struct):
    type: str = "text"


class _Text(Struct):
    format: _Format | None = None


class _Body(Struct):
    model: str
    input: str | list[_Item] | None = None
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None
    temperature: Any = None
    tools: Raw = _NULL
    text: _Text | None = None
    prompt: Raw = _NULL
    store: bool | None = None
    background: bool | None = None
    previous_response_id: Raw = _NULL
    conversation: Raw = _NULL
    service_tier: Any = None
    max_tool_calls: Any = None
    baton: Raw = _NULL


_DECODER = msgspec.json.Decoder(_Body)
_INNER = msgspec.json.Decoder(list[_Part])
_EMPTY_LISTS = (b"null", b"[]")
_NOT_STORED = "Baton does not store responses: leave it out, and send the whole conversation as `input`."


def read_envelope(
    body: bytes, read_options: Callable[[bytes | None], Options], headers: Mapping[str, str]
) -> Envelope:
    """The outside of a request; its `baton` object is for `read_options`.

    Raises:
        Invalid: no JSON, a field of the wrong kind, no input, an unknown role, a message without content, two
            equal call ids in one turn, or a wish for what has to be stored.
    """
    try:
        outside = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise missing(name) if (name := absent(error)) else invalid(error) from None
    except UNREADABLE as error:
        raise no_json(error) from None
    model = checked_model(outside.model)
    _refuse_stored(outside)
    needs: set[str] = set()
    chars = _check_input(outside, needs) + weight_of(outside.instructions or "")
    if outside.stream:
        needs.add("streaming")
    if bytes(outside.tools) not in _EMPTY_LISTS:
        needs.add("tools")
        chars += weight_of_tools(bytes(outside.tools))
    wish = outside.text.format if outside.text is not None else None
    if wish is not None and wish.type != "text":
        needs.add("json")
    return Envelope(
        dialect=Dialect.OPENAI_RESPONSES,
        model=model,
        body=body,
        stream=bool(outside.stream),
        include_usage=False,  # it is always told: nobody asks for it
        max_tokens=outside.max_output_tokens,
        needs=frozenset(needs),
        input_chars=chars,
        temperature=number(outside.temperature),
        processing=processing(outside.service_tier),
        searches=searches_by(bytes(outside.tools), outside.max_tool_calls),
        options=read_options(inside if (inside := bytes(outside.baton)) != b"null" else None),
        headers=headers,
        read=read_request,
        write=_writes(body),
        writer=_opens(body),
    )


def _writes(body: bytes) -> Callable[[ChatResponse, Losses], bytes]:
    """Writes whole answers to this request."""

    def write(response: ChatResponse, losses: Losses) -> bytes:
        return write_answer(response, losses, echo_of(body))

    return write


def _opens(body: bytes) -> Callable[[Losses], StreamWriter]:
    """Makes writers of streamed answers to this request."""

    def writer(losses: Losses) -> StreamWriter:
        return StreamWriter(losses, echo_of(body))

    return writer


def _refuse_stored(outside: _Body) -> None:
    """Refuse what only somebody who stores responses could do (decision 22)."""
    asked = {
        "store": outside.store,
        "background": outside.background,
        "previous_response_id": bytes(outside.previous_response_id) != b"null",
        "conversation": bytes(outside.conversation) != b"null",
    }
    for name, wished in asked.items():
        if wished:
            raise Invalid(
                f"'{name}' is not supported. {_NOT_STORED}", param=name, code="unsupported_parameter"
            )


def _check_input(outside: _Body, needs: set[str]) -> int:
    """Refuse what no provider could mean; collect what the items need; return the characters of text."""
    items = outside.input
    if items is None:
        if outside.prompt != _NULL:  # a template of the provider's own
            return 0
        raise missing("input")
    if isinstance(items, str):
        return weight_of(items)
    if not items:
        raise Invalid(
            "Invalid 'input': empty array. Expected an array with minimum length 1.",
            param="input",
            code="empty_array",
        )
    chars = 0
    calls: set[str] = set()
    for at, item in enumerate(items):
        if item.type is None or item.type == "message":
            calls.clear()
            _check_message(item, at)
        elif item.type in ("function_call", "custom_tool_call"):
            _check_call(item, at, calls)
        elif item.output != _NULL:
            calls.clear()
        chars += _count(item, needs)
    return chars


def _check_message(item: _Item, at: int) -> None:
    if item.role not in ROLES:
        found = "null" if item.role is None else f"'{item.role[:40]}'"
        raise Invalid(
            f"Invalid value: {found}. Supported values are: {', '.join(sorted(ROLES))}.",
            param=f"input[{at}].role",
            code="invalid_value",
        )
    if not isinstance(item.content, str | list):
        raise Invalid(
            f"Invalid value for 'input[{at}].content': expected a string or an array, got null.",
            param=f"input[{at}].content",
            code="invalid_value",
        )


def _check_call(item: _Item, at: int, calls: set[str]) -> None:
    call_id = item.call_id or ""
    if call_id in calls:
        raise Invalid(
            f"Two tool calls of a turn have the id '{call_id[:100]}'; results cannot be told apart.",
            param=f"input[{at}].call_id",
            code="duplicate_tool_call_id",
        )
    calls.add(call_id)


def _count(item: _Item, needs: set[str]) -> int:
    """The characters of an item's text."""
    chars = sum(len(bytes(said)) - 2 for said in (item.arguments, item.input) if said != _NULL)
    if item.output != _NULL:
        chars += _inside(bytes(item.output), needs)
    content = item.content
    if isinstance(content, str):
        return chars + weight_of(content)
    for part in content or ():
        if part.text is not None:
            chars += weight_of(part.text)
        need = _NEEDS_OF_PARTS.get(part.type)
        if need is not None:
            needs.add(need)
    return chars


def _inside(output: bytes, needs: set[str]) -> int:
    """Characters of a result's text; pictures in it are no text."""
    if b'"input_image"' not in output:
        return len(output) - 2
    needs.add("vision")
    try:
        parts = _INNER.decode(output)
    except UNREADABLE:  # an object that speaks of images
        return len(output)
    return sum(weight_of(part.text or "") for part in parts)
