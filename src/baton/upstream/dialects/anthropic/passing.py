"""Handing on in the same dialect: the bytes stay as they came, but for what must change."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from baton.core.answer import AnswerWriter
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.upstream.dialects.anthropic.errors import error_inside
from baton.upstream.dialects.anthropic.reader import malformed_event
from baton.upstream.dialects.anthropic.thinking import LEAST_BUDGET
from baton.upstream.dialects.anthropic.usage import (
    WireUsage,
    begun,
    read_usage,
    renewed,
    usage_leniently,
    write_usage,
)
from baton.upstream.dialects.anthropic.writer import STOP, StreamWriter
from baton.upstream.dialects.bodies import for_model, lower
from baton.upstream.dialects.handing import NewWriter, Progress
from baton.upstream.dialects.sse import SseEvent, write_event
from baton.upstream.dialects.trail import Trail
from baton.upstream.dialects.wire import UNREADABLE, as_object, as_text

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_PAID_BY = (
    b'"model"',
    b'"stream"',
    b'"max_tokens"',
    b'"thinking"',
    b'"service_tier"',
    b'"speed"',
    b'"tools"',
)


def pass_on(envelope: Envelope, model: str, spec: ProviderSpec) -> bytes:
    """The caller's body for a provider of the same dialect: its own word for the model, no `baton` object.
    Everything else is passed on byte by byte."""
    del spec
    return for_model(envelope, model, _PAID_BY, _bound)


def _bound(fields: dict[str, Raw], tokens: int) -> None:
    """Thinking must leave room for the answer; where there is none for it either, there is no thinking."""
    lower(fields, ("max_tokens",), tokens)
    thinking = as_object(msgspec.json.decode(fields.get("thinking", b"null")))
    budget = thinking.get("budget_tokens")
    if isinstance(budget, int) and budget >= tokens:
        room = tokens // 2
        within = {**thinking, "budget_tokens": room} if room >= LEAST_BUDGET else {"type": "disabled"}
        fields["thinking"] = Raw(msgspec.json.encode(within))


class _Said(Struct, gc=False):
    """A delta, or a block that begins."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Message(Struct, gc=False):
    id: str | None = None
    model: str | None = None
    usage: WireUsage | None = None
    content: Any = None


class _Event(Struct, gc=False):
    type: str | None = None
    delta: _Said | None = None
    content_block: _Said | None = None
    message: _Message | None = None
    usage: WireUsage | None = None
    error: Any = None
    index: int = 0


_EVENT = msgspec.json.Decoder(_Event)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


_RESUMABLE = frozenset({"text", "thinking", "redacted_thinking"})


class Blocks:
    """The blocks of a message that is handed on: as much as must be known to go on with it."""

    __slots__ = ("count", "open", "signed", "waiting")

    def __init__(self) -> None:
        self.count = 0
        self.open: str | None = None
        """The kind of the last one, until it ends."""
        self.signed = False
        """Whether it has a signature."""
        self.waiting = b""
        """The end of a text's block, not sent yet."""

    def begin(self, index: int, kind: str) -> None:
        """One more."""
        self.count, self.open, self.signed = max(self.count, index + 1), kind, False


class Relay:
    """Hands on one stream in its own dialect; why it ended, usage and the end mark are held back."""

    __slots__ = ("_blocks", "_held", "_pings", "_spec", "_stop", "_trail", "_usage")

    def __init__(self, envelope: Envelope, spec: ProviderSpec, trail: Trail | None = None) -> None:
        del envelope
        self._spec = spec
        self._trail = trail
        self._blocks = Blocks()
        self._usage: WireUsage | None = None
        self._held: SseEvent | None = None
        self._stop = STOP
        self._pings = b""
        """A ping goes on with what comes after it: by itself it must not look as if something was said."""

    def take(self, event: SseEvent, seen: Progress) -> bytes:
        """Note what an event says; its bytes if it goes on at once."""
        try:
            said = _EVENT.decode(event.data)
        except UNREADABLE:
            said = _event_leniently(event.data)
        if said is None:
            seen.broke(malformed_event())
            return b""
        match said.type:
            case "content_block_delta":
                _note_delta(said.delta, seen)
            case "content_block_start":
                _note_block(said.content_block, seen)
            case "content_block_stop":
                pass
            case "message_delta":
                return self._note_end(said, event, seen)
            case "message_stop":
                seen.ended = True
                self._stop = _ended(event)
                return b""
            case "message_start":
                self._note_start(said.message, seen)
            case "ping":
                self._pings = _ended(event)
                return b""
            case _ if said.type == "error" or event.event == "error":
                seen.broke(error_inside(self._spec, said.error or _OBJECT.decode(event.data)))
                return b""
            case _:  # what comes later than this version of Baton
                pass
        passed = _ended(event)
        if self._pings:
            passed, self._pings = self._pings + passed, b""
        return passed if self._trail is None else self._remember(said, passed, self._trail)

    def _remember(self, said: _Event, passed: bytes, trail: Trail) -> bytes:
        """Note what is sent. The end of a text's block waits for what comes behind it: if nothing does, the
        text can go on in it."""
        blocks, delta = self._blocks, said.delta
        match said.type:
            case "content_block_delta" if delta is not None:
                if delta.type == "text_delta":
                    trail.text(delta.text or "")
                elif delta.type == "signature_delta":
                    blocks.signed = True
                elif delta.type != "thinking_delta":
                    trail.strange()
            case "content_block_start" if said.content_block is not None:
                block = said.content_block
                if block.type not in _RESUMABLE:
                    trail.strange()
                elif block.text:
                    trail.text(block.text)
                blocks.begin(said.index, block.type or "")
            case "content_block_stop":
                if blocks.open == "text":
                    blocks.waiting += passed
                    return b""
                blocks.open = None
            case "message_start" if said.message is None or not said.message.content:
                pass
            case _:
                trail.strange()
        return self._behind_blocks(passed) if blocks.waiting else passed

    def go_on(self, fresh: NewWriter, losses: Losses, seen: Progress) -> AnswerWriter:
        """A writer of blocks behind those that were sent, or of more of the last one."""
        del seen
        writer, blocks = fresh(losses), self._blocks
        if not isinstance(writer, StreamWriter):
            raise TypeError("a stream that is handed on as it came goes on in its own dialect")
        writer.stand(blocks.count, blocks.open, signed=blocks.signed)
        return writer

    def _note_start(self, message: _Message | None, seen: Progress) -> None:
        seen.open.add(0)
        if message is not None:
            seen.id, seen.model = message.id or "", message.model or ""
            self._usage = message.usage
            if message.usage is not None:
                seen.usage = begun(message.usage)

    def _note_end(self, said: _Event, event: SseEvent, seen: Progress) -> bytes:
        """Held back; an earlier one, of several, goes on."""
        earlier = b"" if self._held is None else self._behind_blocks(_ended(self._held))
        _FIELDS.decode(event.data)  # it may get a field of ours at the end
        self._held = event
        if said.usage is not None:
            self._usage = renewed(self._usage, said.usage)
        if self._usage is not None:
            seen.usage = read_usage(self._usage)
        if said.delta is not None and said.delta.stop_reason:
            seen.close(0, said.delta.stop_reason)
        return earlier

    def _behind_blocks(self, passed: bytes) -> bytes:
        """What comes behind the last block, with the end of that if it has waited."""
        waiting, self._blocks.waiting = self._blocks.waiting, b""
        return waiting + passed

    def finale(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        """Why it ended, what Baton has to say, the end mark."""
        return self._behind_blocks(self._finale(usage, baton, seen))

    def _finale(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        held = self._held
        if held is None:
            if baton is None:
                return self._stop
            delta = {"stop_reason": seen.finish, "stop_sequence": None}
            fields: Mapping[str, Any] = {"type": "message_delta", "delta": delta, "usage": write_usage(usage)}
        elif baton is None:
            return _ended(held) + self._stop
        else:
            fields = _FIELDS.decode(held.data)
        last = msgspec.json.encode({**fields, "baton": baton})
        return write_event(last, "message_delta") + self._stop


def _note_delta(delta: _Said | None, seen: Progress) -> None:
    if delta is None:
        return
    for text in (delta.text, delta.partial_json, delta.thinking):
        if text:
            seen.text.hear(text)
            seen.said = True


def _note_block(block: _Said | None, seen: Progress) -> None:
    """A block that begins says something where it is no empty text or thought."""
    seen.open.add(0)
    if block is None:
        return
    for text in (block.text, block.thinking):
        if text:
            seen.text.hear(text)
    if block.text or block.thinking or block.type not in ("text", "thinking"):
        seen.said = True


def _ended(event: SseEvent) -> bytes:
    """An event's bytes, with the blank line that the connection's end may have cost it."""
    raw = event.raw
    if raw.endswith((b"\n\n", b"\r\n\r\n", b"\r\r")):
        return raw
    return write_event(event.data, None if event.event == "message" else event.event)


def _event_leniently(data: bytes) -> _Event | None:
    """An event with a field of an unexpected kind: what can be understood of it; None: no JSON object."""
    try:
        fields = _OBJECT.decode(data)
    except UNREADABLE:
        return None
    message = as_object(fields.get("message"))
    index = fields.get("index")
    return _Event(
        type=as_text(fields.get("type")),
        delta=_said_leniently(fields.get("delta")),
        content_block=_said_leniently(fields.get("content_block")),
        message=_Message(
            id=as_text(message.get("id")),
            model=as_text(message.get("model")),
            usage=usage_leniently(message.get("usage")),
            content=message.get("content"),
        ),
        usage=usage_leniently(fields.get("usage")),
        error=fields.get("error"),
        index=index if isinstance(index, int) else 0,
    )


def _said_leniently(said: object) -> _Said:
    fields = as_object(said)
    return _Said(**{name: as_text(fields.get(name)) for name in _Said.__struct_fields__})
