"""Streamed answers → core events."""

from typing import Any

import msgspec
from msgspec import structs

from baton.core.answer import (
    Began,
    Broke,
    Cited,
    Ended,
    Finished,
    ForeignDelta,
    ReasoningDelta,
    ReasoningSigned,
    StreamEvent,
    TextDelta,
    TextSigned,
    ToolCallBegan,
    ToolCallDelta,
    Unread,
    Used,
)
from baton.core.dialect import Dialect
from baton.core.failures import Failure, Kind
from baton.core.messages import Signature
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.anthropic.citations import read_citation
from baton.upstream.dialects.anthropic.errors import error_inside
from baton.upstream.dialects.anthropic.finishes import read_finish
from baton.upstream.dialects.anthropic.riders import of_call, of_text, unseal
from baton.upstream.dialects.anthropic.usage import WireUsage, begun, read_usage, renewed, usage_leniently
from baton.upstream.dialects.sse import SseEvent
from baton.upstream.dialects.unsaid import Leftovers, unknown
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text, raw

_OWN = Dialect.ANTHROPIC
_KNOWN = frozenset(
    {"id", "model", "type", "role", "content", "usage", "stop_reason", "stop_sequence", "stop_details"}
)
_KNOWN_AT_THE_END = frozenset({"type", "delta", "usage"})
_KNOWN_OF_BLOCKS = {
    "text": frozenset({"type", "text", "citations"}),
    "thinking": frozenset({"type", "thinking", "signature"}),
    "tool_use": frozenset({"type", "id", "name", "input"}),
}


class _Block:
    """A block under way."""

    __slots__ = ("call", "cited", "fields", "kind", "said", "signature")

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self.kind = as_text(fields.get("type")) or ""
        self.call: int | None = None
        """Which of the answer's calls it is."""
        self.said: list[str] = []
        """Fragments of JSON so far."""
        self.signature = ""
        self.cited: list[StreamEvent] = []
        """They come before the words they stand on (recording anthropic-96f0d352dc)."""


class StreamReader:
    """Turns the events of one provider's stream into the core's."""

    def __init__(self, spec: ProviderSpec) -> None:
        self._spec = spec
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._riding: Signature | None = None
        """What belongs to the next call."""
        self._signed: ReasoningSigned | None = None
        """Of the thought that has just ended: more of it may follow in cipher."""
        self._usage: WireUsage | None = None
        self._usage_raw: dict[str, Any] = {}
        self._left = Leftovers()

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """What one event says; a malformed one is a `Broke`."""
        try:
            fields = msgspec.json.decode(event.data, type=dict[str, Any])
        except UNREADABLE:
            return [Broke(malformed_event())]
        match fields.get("type"):
            case "message_start":
                return self._start(as_object(fields.get("message")))
            case "content_block_start":
                block = as_object(fields.get("content_block"))
                if block.get("type") == "redacted_thinking":
                    return self._cipher(as_text(block.get("data")) or "")
                return [*self._told_of_thought(), *self._begin(_index(fields), block), *self._unread(block)]
            case "content_block_delta":
                return self._more(self._blocks.get(_index(fields)), as_object(fields.get("delta")))
            case "content_block_stop":
                return self._end(self._blocks.pop(_index(fields), None))
            case "message_delta":
                return self._finish(fields)
            case "message_stop":
                return [Ended()]
            case "error":
                return [Broke(error_inside(self._spec, fields.get("error")))]
            case _:  # `ping`, and what comes later
                error = fields.get("error") or fields
                return [Broke(error_inside(self._spec, error))] if event.event == "error" else []

    def _start(self, message: dict[str, Any]) -> list[StreamEvent]:
        self._note_usage(message.get("usage"))
        events: list[StreamEvent] = [Began(str(message.get("id") or ""), str(message.get("model") or ""), 0)]
        if self._usage is not None:
            events.append(Used(begun(self._usage), raw(self._usage_raw)))
        events += self._left.event(unknown(message, _KNOWN))
        # Content and an end come here only where an endpoint sends a whole answer as its first event.
        for index, block in enumerate(as_list(message.get("content"))):
            events += [*self._begin(index, as_object(block)), *self._end(self._blocks.pop(index, None))]
        return events

    def _unread(self, block: dict[str, Any]) -> list[Unread]:
        known = _KNOWN_OF_BLOCKS.get(str(block.get("type")))
        if known is None:  # it is handed on as it is
            return []
        if block.get("caller") == {"type": "direct"}:  # as anybody's calls are
            known |= {"caller"}
        return self._left.event(unknown(block, known, "content[]."))

    def _note_usage(self, usage: object) -> None:
        wire = usage_leniently(usage)
        if wire is not None:
            self._usage = renewed(self._usage, wire)
            self._usage_raw |= {name: said for name, said in as_object(usage).items() if said is not None}

    def _begin(self, index: int, fields: dict[str, Any]) -> list[StreamEvent]:
        block = self._blocks[index] = _Block(fields)
        match block.kind:
            case "text":
                text = as_text(fields.get("text"))
                block.cited = [Cited(read_citation(note)) for note in as_list(fields.get("citations"))]
                return [TextDelta(text)] if text else []
            case "thinking":
                block.signature = as_text(fields.get("signature")) or ""
                text = as_text(fields.get("thinking"))
                return [ReasoningDelta(text)] if text else []
            case "tool_use":
                block.call = self._calls
                self._calls += 1
                name, riding = as_text(fields.get("name")) or "", self._riding
                self._riding = None
                return [ToolCallBegan(block.call, as_text(fields.get("id")) or "", name, signature=riding)]
            case _:
                return []

    def _more(self, block: _Block | None, delta: dict[str, Any]) -> list[StreamEvent]:
        match delta.get("type"):
            case "text_delta":
                text = as_text(delta.get("text"))
                return [TextDelta(text)] if text else []
            case "thinking_delta":
                text = as_text(delta.get("thinking"))
                return [ReasoningDelta(text)] if text else []
            case "citations_delta" if block is not None:
                block.cited.append(Cited(read_citation(delta.get("citation"))))
                return []
            case "signature_delta" if block is not None:
                block.signature = as_text(delta.get("signature")) or block.signature
                return []
            case "input_json_delta" if block is not None:
                text = as_text(delta.get("partial_json")) or ""
                if text:
                    block.said.append(text)
                return [] if block.call is None or not text else [ToolCallDelta(block.call, text)]
            case _:
                if block is not None and delta:
                    block.fields |= {name: said for name, said in delta.items() if name != "type"}
                return []

    def _end(self, block: _Block | None) -> list[StreamEvent]:
        if block is None:
            return []
        match block.kind:
            case "text":
                return block.cited
            case "thinking":
                return self._sign(block.signature)
            case "tool_use" if block.call is not None:
                if block.said:
                    return []
                arguments = bytes(raw(block.fields.get("input") or {})).decode()
                return [ToolCallDelta(block.call, arguments)]
            case _:
                return [ForeignDelta({block.kind: raw(_whole(block))}, 0, _OWN)]

    def _sign(self, signature: str) -> list[StreamEvent]:
        """What the signature of a thought says; told when it is known whether a cipher belongs to it too."""
        self._riding = of_call(signature)
        if signature and self._riding is None:
            sealed = unseal(signature)
            if sealed.signature is not None or sealed.id is not None:
                self._signed = ReasoningSigned(signature=sealed.signature, id=sealed.id)
        return []

    def _cipher(self, data: str) -> list[StreamEvent]:
        """A thought in cipher, a part of the one before, or the signature of a text."""
        signed = of_text(data)
        if signed is not None:
            return [*self._told_of_thought(), TextSigned(signed)]
        sealed = unseal(data)
        if sealed.same and self._signed is not None:
            self._signed = structs.replace(self._signed, encrypted=sealed.signature)
            return self._told_of_thought()
        return [*self._told_of_thought(), ReasoningSigned(encrypted=sealed.signature, id=sealed.id)]

    def _told_of_thought(self) -> list[StreamEvent]:
        signed, self._signed = self._signed, None
        return [] if signed is None else [signed]

    def _finish(self, fields: dict[str, Any]) -> list[StreamEvent]:
        self._note_usage(fields.get("usage"))
        events = self._told_of_thought()
        native = as_text(as_object(fields.get("delta")).get("stop_reason"))
        events += self._left.event(unknown(fields, _KNOWN_AT_THE_END))
        end = as_object(fields.get("delta"))
        events += self._left.event(unknown(end, frozenset({"stop_reason"}), "choices[0]."))
        if native:
            events.append(Finished(read_finish(native), 0, native))
        if self._usage is not None:
            events.append(Used(read_usage(self._usage), raw(self._usage_raw)))
        return events


def _index(fields: dict[str, Any]) -> int:
    index = fields.get("index")
    return index if isinstance(index, int) else 0


def _whole(block: _Block) -> dict[str, Any]:
    """A block as a whole answer has it: its input put together."""
    if not block.said:
        return block.fields
    try:
        return {**block.fields, "input": msgspec.json.decode("".join(block.said))}
    except UNREADABLE:
        return block.fields


def malformed_event() -> Failure:
    """The failure that an unreadable event means: it may have hidden content."""
    return Failure(kind=Kind.MALFORMED, message="The provider sent an event that is no JSON.", billed=True)
