"""Core events → streamed answers: blocks that begin, grow and end, each with its index."""

from typing import Any

import msgspec
from msgspec import Struct

from baton.core.answer import (
    Began,
    Choice,
    Cited,
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
)
from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Part, Refusal, ToolCall
from baton.core.usage import Usage
from baton.upstream.dialects.anthropic.answers import redacted_block, stop_reason, thinking_block
from baton.upstream.dialects.anthropic.citations import write_citation
from baton.upstream.dialects.anthropic.parts import text_block
from baton.upstream.dialects.anthropic.riders import beside_call, beside_text, seal
from baton.upstream.dialects.anthropic.usage import write_usage
from baton.upstream.dialects.sse import write_event
from baton.upstream.dialects.wire import UNREADABLE

_OWN = Dialect.ANTHROPIC
_MOST_LOOKS = 16
"""Of one call: each reads all of its arguments so far."""

STOP = write_event(b'{"type":"message_stop"}', "message_stop")
"""The end mark."""

_TEXT = write_event(
    b'{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%b}}',
    "content_block_delta",
)
"""More of a text: the block's number, and the text as JSON."""
_encode = msgspec.json.Encoder().encode


class _Call(Struct):
    """A call whose block is open."""

    block: int
    said: list[str]
    looks: int = 0
    """How often it was asked whether it is complete."""


class StreamWriter:
    """Turns core events into the events of one message: the first choice."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._id = ""
        self._model = ""
        self._started = False
        self._blocks = 0
        """How many have begun."""
        self._cited = False
        """Whether the open text has a citation: what follows it belongs to another block."""
        self._signed = False
        """Whether the open thought has been signed."""
        self._open: str | None = None
        """The kind of the text or thought that is open: it is the last block."""
        self._calls: dict[int, _Call] = {}
        """Calls whose blocks are open, by their number in the answer."""
        self._grown: dict[int, _Call] = {}
        """Those of them that have been told more of since they were last looked at."""
        self._ended_as: Part | None = None
        """A call or a refusal: the answer ends as such."""
        self._finish = Finished(Finish.STOP)

    def stand(self, blocks: int, open_kind: str | None, *, signed: bool) -> None:
        """Go on in a message that others have begun: so many blocks, and whether the last one, a text or a
        thought, is open."""
        self._started = True
        self._blocks, self._open, self._signed = blocks, open_kind, signed

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of one event; empty where it has none of its own in this dialect."""
        if not isinstance(event, Began) and getattr(event, "choice", 0):
            self._losses.drop(Feature.N)
            return b""
        match event:
            case TextDelta() if self._open == "text" and not self._cited:  # as most are
                return _TEXT % (self._blocks - 1, _encode(event.text))
            case Began():
                self._id, self._model = event.id, event.model
                return self._start()
            case TextDelta() | RefusalDelta():
                if isinstance(event, RefusalDelta):
                    self._losses.adjust(Feature.REFUSAL)
                    self._ended_as = self._ended_as or Refusal(text=event.text)
                before = self._close() if self._cited else b""
                return before + self._within("text") + self._delta({"type": "text_delta", "text": event.text})
            case TakenOver():  # a thought is one model's
                return self._close() if self._open == "thinking" else b""
            case ReasoningDelta():
                return self._within("thinking") + self._delta(
                    {"type": "thinking_delta", "thinking": event.text}
                )
            case ReasoningSigned():
                return self._thought(event)
            case TextSigned():
                return self._close() + self._whole(redacted_block(beside_text(event.signature)))
            case Cited():
                note = write_citation(event.citation, self._losses)
                if note is None:
                    return b""
                before = self._within("text")
                self._cited = True
                return before + self._delta({"type": "citations_delta", "citation": note})
            case MediaShown():
                self._losses.drop(Feature(event.media.kind.value))
                return b""
            case ToolCallBegan():
                return self._call(event)
            case ToolCallDelta():
                return self._arguments(event)
            case ForeignDelta():
                return self._foreign(event)
            case Finished():
                self._finish = event
                return self._close() + self._close_calls(all_of_them=True)
            case _:
                return b""

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer: why it ended, usage, what Baton has to say, the end mark."""
        return self.ending(usage, baton) + STOP

    def ending(self, usage: Usage, baton: dict[str, Any] | None = None) -> bytes:
        """All of the end but its mark."""
        unclosed = self._start() + self._close() + self._close_calls(all_of_them=True)
        finish = self._finish
        parts = () if self._ended_as is None else (self._ended_as,)
        choice = Choice(index=0, parts=parts, finish=finish.finish, native_finish=finish.native)
        delta = {"stop_reason": stop_reason(choice, self._losses), "stop_sequence": None}
        fields: dict[str, Any] = {"type": "message_delta", "delta": delta, "usage": write_usage(usage)}
        if baton is not None:
            fields["baton"] = baton
        return unclosed + _event(fields)

    def _start(self) -> bytes:
        """The beginning of the message, where it has not been written: usage is not known yet."""
        if self._started:
            return b""
        self._started = True
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return _event({"type": "message_start", "message": message})

    def _within(self, kind: str) -> bytes:
        """The bytes after which a block of that kind is open."""
        if self._open == kind:
            return b""
        before = self._start() + self._close() + self._close_calls()
        self._open = kind
        return before + self._begin(text_block("") if kind == "text" else thinking_block("", ""))

    def _begin(self, block: Any) -> bytes:
        at, self._blocks = self._blocks, self._blocks + 1
        return _event({"type": "content_block_start", "index": at, "content_block": block})

    def _delta(self, delta: dict[str, Any], block: int | None = None) -> bytes:
        at = self._blocks - 1 if block is None else block
        return _event({"type": "content_block_delta", "index": at, "delta": delta})

    def _close(self) -> bytes:
        """End the text or thought that is open."""
        if self._open is None:
            return b""
        unsigned = self._open == "thinking" and not self._signed
        self._open = None
        self._cited = self._signed = False
        signature = self._sign(seal(None, None)) if unsigned else b""
        return signature + _end(self._blocks - 1)

    def _whole(self, block: Any) -> bytes:
        """A block that begins as it ends."""
        before = self._start() + self._close() + self._close_calls()
        return before + self._begin(block) + _end(self._blocks - 1)

    def _thought(self, event: ReasoningSigned) -> bytes:
        passed = b""
        shown = self._open == "thinking" or event.signature is not None or event.encrypted is None
        if shown and (event.signature is not None or event.id is not None):
            passed = self._within("thinking") + self._sign(seal(event.signature, event.id))
        if event.encrypted is not None:
            thought_id = None if shown else event.id
            passed += self._whole(redacted_block(seal(event.encrypted, thought_id, same=shown)))
        if event.details is not None:
            self._losses.drop(Feature.REASONING_SIGNATURE, "reasoning_details")
        return passed + self._close()

    def _sign(self, signature: str) -> bytes:
        self._signed = self._open == "thinking"
        return self._delta({"type": "signature_delta", "signature": signature})

    def _call(self, event: ToolCallBegan) -> bytes:
        before = self._start()
        if event.signature is not None:  # carried by an empty thought before the call
            before += self._close() + self._within("thinking") + self._sign(beside_call(event.signature))
        before += self._close() + self._close_calls()
        self._ended_as = ToolCall(id=event.id, name=event.name, arguments="")
        begun = self._begin({"type": "tool_use", "id": event.id, "name": event.name, "input": {}})
        self._calls[event.index] = _Call(self._blocks - 1, [])
        return before + begun

    def _arguments(self, event: ToolCallDelta) -> bytes:
        call = self._calls.get(event.index)
        if call is None:
            return b""
        call.said.append(event.arguments)
        self._grown[event.index] = call
        return self._delta({"type": "input_json_delta", "partial_json": event.arguments}, call.block)

    def _close_calls(self, *, all_of_them: bool = False) -> bytes:
        """End the calls whose arguments are complete; some providers tell several calls in turns."""
        if not self._calls:
            return b""
        asked = self._calls if all_of_them else self._grown
        ended = {number: call for number, call in asked.items() if all_of_them or _complete(call)}
        for number in ended:
            del self._calls[number]
        self._grown = {}
        return b"".join([_end(call.block) for _, call in sorted(ended.items())])

    def _foreign(self, event: ForeignDelta) -> bytes:
        if event.dialect is not _OWN:
            for kind in event.fields:
                self._losses.drop(Feature.FOREIGN_PARTS, kind)
            return b""
        return b"".join([self._whole(block) for block in event.fields.values()])


def _end(block: int) -> bytes:
    return _event({"type": "content_block_stop", "index": block})


def _complete(call: _Call) -> bool:
    call.looks += 1
    if call.looks > _MOST_LOOKS:
        return False
    try:
        msgspec.json.decode("".join(call.said))
    except UNREADABLE:
        return False
    return True


def _event(fields: dict[str, Any]) -> bytes:
    kind: str = fields["type"]
    return write_event(msgspec.json.encode(fields), kind)
