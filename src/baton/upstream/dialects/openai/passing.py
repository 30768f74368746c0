"""Handing on in the same dialect: the bytes stay as they came, but for what must change."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from baton.core.answer import AnswerWriter, Began, TextDelta
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.upstream.dialects.bodies import fields_of, lower, may_repeat
from baton.upstream.dialects.failures import holds_key
from baton.upstream.dialects.handing import NewWriter, Progress
from baton.upstream.dialects.openai.answers import text_in
from baton.upstream.dialects.openai.errors import error_inside
from baton.upstream.dialects.openai.parts import read_thinking
from baton.upstream.dialects.openai.streams import DONE, malformed_chunk
from baton.upstream.dialects.openai.usage import WireUsage, read_usage, usage_leniently, write_usage
from baton.upstream.dialects.sse import SseEvent, write_event
from baton.upstream.dialects.trail import Trail
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_TRUE = Raw(b"true")
_PAID_BY = (
    b'"model"',
    b'"stream"',
    b'"max_tokens"',
    b'"max_completion_tokens"',
    b'"n"',
    b'"service_tier"',
    b'"web_search_options"',
)


def pass_on(envelope: Envelope, model: str, spec: ProviderSpec) -> bytes:
    """The caller's body for a provider of the same dialect: its own word for the model, no `baton` object,
    usage asked for on streams. Everything else is passed on byte by byte."""
    quirks = spec.quirks
    asks_usage = envelope.stream and not envelope.include_usage and not quirks.no_stream_options
    drops_options = envelope.stream and quirks.no_stream_options
    body = envelope.body
    fields = fields_of(body)
    changes = fields.pop("baton", None) is not None or asks_usage or drops_options
    if envelope.bound is not None:
        names = ("max_completion_tokens", "max_tokens")
        lower(fields, names if quirks.limit_name == names[0] else names[::-1], envelope.bound)
        changes = True
    if not changes and envelope.model == model and not may_repeat(body, _PAID_BY):
        return body
    fields["model"] = Raw(msgspec.json.encode(model))
    if asks_usage:
        options = fields.get("stream_options")
        wishes = {} if options is None else _FIELDS.decode(options) if bytes(options) != b"null" else {}
        wishes["include_usage"] = _TRUE
        fields["stream_options"] = Raw(msgspec.json.encode(wishes))
    elif drops_options:
        fields.pop("stream_options", None)
    return msgspec.json.encode(fields)


class _Delta(Struct, gc=False):
    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None
    audio: Any = None
    executed_tools: Any = None
    annotations: Any = None
    images: Any = None


class _ChunkChoice(Struct, gc=False):
    delta: _Delta | None = None
    index: int | None = 0
    finish_reason: str | None = None


class _Chunk(Struct, gc=False):
    choices: list[_ChunkChoice] | None = None
    usage: WireUsage | None = None
    error: Any = None
    model: str | None = None
    id: str | None = None
    created: Any = None
    service_tier: Any = None


_CHUNK = msgspec.json.Decoder(_Chunk)
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_NULL_USAGE = b',"usage":null'


class Relay:
    """Hands on one stream in its own dialect. The usage chunk and the end are held back."""

    __slots__ = (
        "_beside",
        "_created",
        "_held",
        "_hides_null_usage",
        "_quirks",
        "_spec",
        "_trail",
        "_wants_usage",
    )

    def __init__(self, envelope: Envelope, spec: ProviderSpec, trail: Trail | None = None) -> None:
        quirks = spec.quirks
        self._wants_usage = envelope.include_usage
        self._hides_null_usage = not envelope.include_usage and not quirks.no_stream_options
        self._spec = spec
        self._quirks = quirks
        self._trail = trail
        self._held: SseEvent | None = None
        self._beside = False
        """Whether the answer showed what is charged besides tokens."""
        self._created: object = None
        """The time in the first chunk that names the model: that of a chunk of Baton's own."""

    def take(self, event: SseEvent, seen: Progress) -> bytes:
        """Note what an event says; its bytes if it goes on at once."""
        if event.data == DONE:
            seen.ended = True
            return b""
        try:
            chunk = _CHUNK.decode(event.data)
        except UNREADABLE:
            chunk = _chunk_leniently(event.data)
        if chunk is None:
            seen.broke(malformed_chunk())
            return b""
        for choice in chunk.choices or ():
            if _note_choice(choice, seen):
                self._beside = True
        if chunk.usage is not None:
            seen.usage = read_usage(chunk.usage, self._quirks, chunk.service_tier, self._beside)
        if chunk.error or event.event == "error":
            return self._note_error(chunk, event, seen)
        if not chunk.choices:
            return self._note_without_choices(chunk, event)
        if not seen.model and chunk.model:
            seen.model, seen.id = chunk.model, chunk.id or ""
            self._created = chunk.created
        if seen.finish is not None and self._quirks.usage_in is not None and seen.usage is None:
            self._look_beside(event, seen)
        if self._trail is not None:
            _remember(chunk.choices, self._trail)
        raw = _ended(event)
        return raw.replace(_NULL_USAGE, b"") if self._hides_null_usage else raw

    def _note_error(self, chunk: _Chunk, event: SseEvent, seen: Progress) -> bytes:
        """An error ends the answer; one that comes after every choice has finished takes nothing back, and is
        handed on as the remark that it is (recording openrouter-2dfb24565c), unless it holds a key."""
        if seen.finished:
            remark = _ended(event)
            return b"" if holds_key(remark.decode("utf-8", "replace")) else remark
        seen.broke(error_inside(self._spec, chunk.error or _OBJECT.decode(event.data)))
        return b""

    def _note_without_choices(self, chunk: _Chunk, event: SseEvent) -> bytes:
        if chunk.usage is None:
            return _ended(event)
        _FIELDS.decode(event.data)  # it may get a field of ours at the end
        self._held = event
        return b""

    def _look_beside(self, event: SseEvent, seen: Progress) -> None:
        """Usage in a field of the provider's own."""
        beside = as_object(_OBJECT.decode(event.data).get(self._quirks.usage_in or ""))
        usage = usage_leniently(beside.get("usage"))
        if usage is not None:
            seen.usage = read_usage(usage, self._quirks, None, self._beside)

    def go_on(self, fresh: NewWriter, losses: Losses, seen: Progress) -> AnswerWriter:
        """A writer of chunks with the same id and time."""
        writer = fresh(losses)
        created = self._created if isinstance(self._created, int) else 0
        writer.write(Began(seen.id, seen.model, created))
        writer.write(TextDelta("" if self._trail is None else self._trail.said))
        return writer

    def finale(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        """The usage chunk if asked for, what Baton has to say, the end mark."""
        last = self._last_chunk(usage, baton, seen)
        return last + write_event(DONE)

    def _last_chunk(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        if self._held is not None and self._wants_usage:
            held = _FIELDS.decode(self._held.data)
            return write_event(msgspec.json.encode(held if baton is None else {**held, "baton": baton}))
        owes_usage = self._wants_usage and seen.usage is None
        if not owes_usage and baton is None:
            return b""
        chunk: dict[str, Any] = {
            "id": seen.id,
            "object": "chat.completion.chunk",
            "created": self._created or 0,
            "model": seen.model,
            "choices": [],
        }
        if self._wants_usage:
            chunk["usage"] = write_usage(usage)
        if baton is not None:
            chunk["baton"] = baton
        return write_event(msgspec.json.encode(chunk))


def _note_choice(choice: _ChunkChoice, seen: Progress) -> bool:
    """Whether it shows what is charged besides tokens."""
    index = choice.index or 0
    says = False
    beside = False
    delta = choice.delta
    if delta is not None:
        content = delta.content
        text = content if type(content) is str else text_in(content)
        if delta.reasoning_content or delta.reasoning:
            text += text_in(delta.reasoning_content or delta.reasoning)
        says = bool(text or delta.tool_calls)
        if text:
            seen.text.hear(text)
        if delta.tool_calls:
            _note_calls(delta.tool_calls, seen)
        beside = bool(delta.annotations or delta.executed_tools or delta.images)
        if not seen.said and (
            says or delta.refusal or delta.function_call or delta.audio or delta.executed_tools
        ):
            seen.said = True
    if choice.finish_reason:
        seen.close(index, choice.finish_reason)
    elif index not in seen.open and (says or index not in seen.closed):
        seen.open.add(index)
    return beside


def _remember(choices: list[_ChunkChoice], trail: Trail) -> None:
    """What was sent with these."""
    for choice in choices:
        delta = choice.delta
        if delta is None:
            continue
        said = delta.content
        if choice.index or (
            delta.tool_calls
            or delta.refusal
            or delta.function_call
            or delta.audio
            or delta.executed_tools
            or delta.annotations
            or delta.images
        ):
            trail.strange()
        elif type(said) is str:
            if said:
                trail.text(said)
        else:
            for part in map(as_object, as_list(said)):
                text = part.get("text")
                if part.get("type") == "text" and isinstance(text, str):
                    trail.text(text)
                elif read_thinking(part) is None:
                    trail.strange()


def _note_calls(calls: object, seen: Progress) -> None:
    for call in map(as_object, as_list(calls)):
        if arguments := as_text(as_object(call.get("function")).get("arguments")):
            seen.text.hear(arguments)


def _ended(event: SseEvent) -> bytes:
    """An event's bytes, with the blank line that the connection's end may have cost it."""
    return event.raw if event.raw.endswith(b"\n\n") else write_event(event.data)


def _chunk_leniently(data: bytes) -> _Chunk | None:
    """A chunk with a field of an unexpected kind: what can be understood of it; None: no JSON object."""
    try:
        fields = _OBJECT.decode(data)
    except UNREADABLE:
        return None
    choices: list[_ChunkChoice] = []
    for choice in map(as_object, as_list(fields.get("choices"))):
        delta = as_object(choice.get("delta"))
        index = choice.get("index")
        choices.append(
            _ChunkChoice(
                delta=msgspec.convert(delta, _Delta),
                index=index if isinstance(index, int) else 0,
                finish_reason=as_text(choice.get("finish_reason")),
            )
        )
    return _Chunk(
        choices=choices or None,
        usage=usage_leniently(fields.get("usage")),
        error=fields.get("error"),
        service_tier=fields.get("service_tier"),
        model=as_text(fields.get("model")),
        id=as_text(fields.get("id")),
        created=fields.get("created"),
    )
