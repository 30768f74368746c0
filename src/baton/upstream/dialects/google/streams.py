"""Streamed answers ⇄ core events."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from baton.core.answer import (
    Began,
    Broke,
    Cited,
    Ended,
    Finish,
    Finished,
    ForeignDelta,
    MediaShown,
    ReasoningDelta,
    ReasoningSigned,
    RefusalDelta,
    StreamEvent,
    TakenOver,
    TextDelta,
    TextSigned,
    ToolCallBegan,
    ToolCallDelta,
    Unread,
    Used,
)
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Feature, Losses
from baton.core.messages import Citation, Media, Reasoning, Text, ToolCall
from baton.core.provider import ProviderSpec
from baton.core.usage import Usage
from baton.upstream.dialects.google.chunks import Candidate, Chunk, malformed_chunk, read_chunk
from baton.upstream.dialects.google.citations import Grounds, write_grounding
from baton.upstream.dialects.google.errors import error_inside
from baton.upstream.dialects.google.finishes import finish_word, read_finish, write_finish
from baton.upstream.dialects.google.parts import read_call, read_said, signed, write_call, write_media
from baton.upstream.dialects.google.spelling import spelt
from baton.upstream.dialects.google.unread import parts_of, unread_of
from baton.upstream.dialects.google.usage import read_usage, write_usage
from baton.upstream.dialects.sse import SseEvent, write_event
from baton.upstream.dialects.unsaid import Leftovers
from baton.upstream.dialects.wire import Fields, decode

_EMPTY_TEXT = {"parts": [{"text": ""}], "role": "model"}


def made_id(data: bytes | Raw) -> str:
    """The id of an answer that Google gave none: made from its first words. Calls are named after it, and two
    answers of one conversation must not have calls of the same id."""
    return "made-" + hashlib.blake2b(bytes(data), digest_size=12).hexdigest()


def call_id(answer_id: str, choice: int, number: int) -> str:
    """The id of a call that Google gave none, made from its place: the same bytes give the same id."""
    return f"call_{answer_id}_{choice}_{number}" if choice else f"call_{answer_id}_{number}"


class StreamReader:
    """Turns the chunks of one provider's stream into the core's events."""

    def __init__(self, spec: ProviderSpec) -> None:
        self._spec = spec
        self._id = ""
        self._began = False
        self._calls: dict[int, int] = {}
        """Calls begun in each choice."""
        self._grounds: dict[int, Grounds] = {}
        self._left = Leftovers()
        self._searched = False

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """What one event says; a malformed one is a `Broke`."""
        return self.read_json(event.data)

    def read_json(self, data: bytes | Raw) -> list[StreamEvent]:
        """What one chunk says."""
        chunk = read_chunk(data)
        if chunk is None:
            return [Broke(malformed_chunk())]
        usage = self._usage(chunk)
        if chunk.error:
            return [*usage, Broke(error_inside(self._spec, chunk.error))]
        events: list[StreamEvent] = []
        if not self._began:
            self._began = True
            self._id = chunk.responseId or made_id(data)
            events.append(Began(self._id, chunk.modelVersion or "", 0))
        for at, candidate in enumerate(chunk.candidates or ()):
            events.extend(self._candidate(candidate, at if candidate.index is None else candidate.index))
        if chunk.blocked is not None and not chunk.candidates:
            events.append(Finished(Finish.CONTENT_FILTER, 0, chunk.blocked))
        return [*events, *self._left.event(chunk.unread), *usage]

    def _usage(self, chunk: Chunk) -> list[StreamEvent]:
        wire = chunk.usageMetadata
        self._searched = self._searched or chunk.searched
        if wire is None:
            return []
        return [Used(read_usage(wire, self._searched), Raw(msgspec.json.encode(wire)))]

    def _candidate(self, candidate: Candidate, choice: int) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        for part in candidate.content.parts or () if candidate.content else ():
            try:
                if len(part) == 1 and "text" in part:  # as in most chunks
                    text = decode(part["text"], str)
                    self._ground(choice).said(text)
                    if text:
                        events.append(TextDelta(text, choice))
                else:
                    fields = spelt(Fields(dict(part), parts_of(choice)))
                    told = self._part(fields, choice)
                    events += told
                    if fields.rest and not any(isinstance(said, ForeignDelta) for said in told):
                        events += self._left.event(fields.left)
            except Invalid:  # a part of a shape that nobody knows is left out; the rest is paid for
                events += self._left.event([parts_of(choice)])
        events += self._left.event(unread_of(candidate, choice))
        if candidate.cites:
            events += [Cited(citation, choice) for citation in self._ground(choice).citations(candidate)]
        native = None if candidate.finishReason is None else finish_word(candidate.finishReason)
        if native is not None:
            finish = read_finish(native, calls=bool(self._calls.get(choice)))
            events.append(Finished(finish, choice, native))
        return events

    def _ground(self, choice: int) -> Grounds:
        grounds = self._grounds.get(choice)
        if grounds is None:
            grounds = self._grounds[choice] = Grounds()
        return grounds

    def _part(self, fields: Fields, choice: int) -> list[StreamEvent]:
        if "functionCall" in fields.rest:
            number = self._calls.get(choice, 0)
            self._calls[choice] = number + 1
            call = read_call(fields, call_id(self._id, choice, number))
            began = ToolCallBegan(number, call.id, call.name, choice, signature=call.signature)
            return [began, ToolCallDelta(number, call.arguments, choice)]
        part = read_said(fields)
        match part:
            case Text():
                self._ground(choice).said(part.text)
                events: list[StreamEvent] = [TextDelta(part.text, choice)] if part.text else []
                return events if part.signature is None else [*events, TextSigned(part.signature, choice)]
            case Reasoning():
                events = [ReasoningDelta(part.text, choice)] if part.text else []
                if part.signature is not None or part.encrypted is not None:
                    events.append(ReasoningSigned(choice, part.signature, part.encrypted))
                return events
            case Media():
                return [MediaShown(part, choice)]
            case _:
                return [ForeignDelta({part.kind: part.raw}, choice, part.dialect)]


class _Call:
    """A tool call under way: Google has its arguments as one object."""

    __slots__ = ("began", "pieces")

    def __init__(self, began: ToolCallBegan) -> None:
        self.began = began
        self.pieces: list[str] = []

    def whole(self) -> ToolCall:
        began = self.began
        return ToolCall(
            id=began.id, name=began.name, arguments="".join(self.pieces), signature=began.signature
        )


class StreamWriter:
    """Turns core events into the chunks of one stream. Its end waits for the usage, which rides on the last
    chunk; a stream that breaks before has no finish reason."""

    def __init__(
        self,
        losses: Losses,
        framed: Callable[[bytes], bytes] = write_event,
        ended: Callable[[bytes], bytes] = write_event,
    ) -> None:
        """`framed`, `ended`: put a chunk, and the last one, into the frame of the stream."""
        self._losses = losses
        self._framed = framed
        self._ended = ended
        self._tail: dict[str, Any] = {}
        self._calls: dict[int, dict[int, _Call]] = {}
        self._asked: set[int] = set()
        """Choices that have asked for tools."""
        self._finished: dict[int, str] = {}
        self._texts: dict[int, list[str]] = {}
        self._cited: dict[int, list[Citation]] = {}
        self._refused: dict[int, int] = {}
        """Characters of refusals, which are text here: citations count them."""

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of one event; empty where it has to wait, or has none of its own in this dialect."""
        match event:
            case Began():
                self._tail = {"modelVersion": event.model, "responseId": event.id}
                return b""
            case TakenOver():
                self._tail["modelVersion"] = event.model
                self._calls.clear()  # nothing of them was told
                return b""
            case ToolCallBegan():
                self._calls.setdefault(event.choice, {})[event.index] = _Call(event)
                return b""
            case ToolCallDelta():
                call = self._calls.get(event.choice, {}).get(event.index)
                if call is not None:
                    call.pieces.append(event.arguments)
                return b""
            case Finished():
                calls = event.choice in self._asked or event.choice in self._calls
                self._finished[event.choice] = write_finish(event.finish, calls, self._losses)
                return self._called(event.choice)
            case Cited():
                moved = event.citation.moved(self._refused.get(event.choice, 0))
                self._cited.setdefault(event.choice, []).append(moved)
                return b""
            case Used() | Unread() | Ended() | Broke():
                return b""
            case _:
                said = self._said(event)
                return b"" if said is None else self._called(event.choice) + self._part(said, event.choice)

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The last chunk: finish reasons, usage, what Baton has to say. A whole answer whose provider gave no
        reason has ended as answers do."""
        if not self._finished:
            self._finished[0] = write_finish(Finish.STOP, False, self._losses)
        return self.last(write_usage(usage, self._losses), baton)

    def last(self, usage: Mapping[str, Any] | None, baton: dict[str, Any] | None = None) -> bytes:
        """The last chunk, with a usage of Google's shape."""
        called = b"".join(self._called(choice) for choice in list(self._calls))
        ends = [self._end(choice, finish) for choice, finish in self._finished.items()]
        fields: dict[str, Any] = {"candidates": ends} if ends else {}
        if usage is not None:
            fields["usageMetadata"] = usage
        if baton is not None:
            fields["baton"] = baton
        return called + self._ended(msgspec.json.encode({**fields, **self._tail}))

    def _end(self, choice: int, finish: str) -> dict[str, Any]:
        """The last that is said of a choice."""
        end: dict[str, Any] = {"content": _EMPTY_TEXT, "finishReason": finish, "index": choice}
        if choice in self._cited:
            text = "".join(self._texts.get(choice, ()))
            end["groundingMetadata"] = write_grounding(self._cited[choice], text)
        return end

    def _said(self, event: StreamEvent) -> Any:
        """The part that an event is."""
        match event:
            case TextDelta():
                return self._text(event.text, event.choice)
            case TextSigned():
                return signed({"text": ""}, event.signature)
            case ReasoningDelta():
                return {"text": event.text, "thought": True}
            case ReasoningSigned():
                return self._signed_thought(event)
            case RefusalDelta():
                self._losses.adjust(Feature.REFUSAL)
                self._refused[event.choice] = self._refused.get(event.choice, 0) + len(event.text)
                return self._text(event.text, event.choice)
            case MediaShown():
                return write_media(event.media, self._losses)
            case ForeignDelta(dialect=Dialect.GOOGLE):
                return next(iter(event.fields.values()), None)
            case ForeignDelta():
                self._losses.drop(Feature.FOREIGN_PARTS)
                return None
            case _:
                return None

    def _text(self, text: str, choice: int) -> dict[str, Any]:
        if choice in self._cited:
            self._losses.adjust(Feature.CITATIONS)
        self._texts.setdefault(choice, []).append(text)
        return {"text": text}

    def _signed_thought(self, event: ReasoningSigned) -> dict[str, Any] | None:
        if event.id is not None or event.details is not None:
            self._losses.drop(Feature.REASONING_SIGNATURE)
        if event.encrypted is not None:
            return signed({"thought": True}, event.encrypted)
        if event.signature is not None:
            return signed({"thought": True, "text": ""}, event.signature)
        return None

    def _called(self, choice: int) -> bytes:
        """The calls of a choice, now that they are whole."""
        calls = self._calls.pop(choice, None)
        if not calls:
            return b""
        self._asked.add(choice)
        parts = [write_call(call.whole(), self._losses) for _, call in sorted(calls.items())]
        return self._parts(parts, choice)

    def _part(self, part: Any, choice: int) -> bytes:
        return self._parts([part], choice)

    def _parts(self, parts: list[Any], choice: int) -> bytes:
        candidate = {"content": {"parts": parts, "role": "model"}, "index": choice}
        return self._chunk({"candidates": [candidate]})

    def _chunk(self, fields: dict[str, Any]) -> bytes:
        return self._framed(msgspec.json.encode({**fields, **self._tail}))
