"""The chunks of a stream for a caller of this dialect; what cannot be said is noted."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.answer import (
    Began,
    Cited,
    Ended,
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
    Used,
)
from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Reasoning, ToolCall
from baton.core.usage import Usage
from baton.upstream.dialects.openai.parts import EXTRA, write_call, write_citation, write_signature
from baton.upstream.dialects.openai.replies import tell_finish, write_image
from baton.upstream.dialects.openai.streams import DONE
from baton.upstream.dialects.openai.thoughts import write_details
from baton.upstream.dialects.openai.usage import write_usage
from baton.upstream.dialects.sse import write_event

_encode = msgspec.json.Encoder().encode
_AFTER_TEXT = b'},"finish_reason":null}]}\n\n'


class _Said:
    """What was said of one choice."""

    __slots__ = ("before_text", "begun", "chars", "custom", "thought", "thoughts")

    def __init__(self) -> None:
        self.begun = False
        self.before_text = b""
        """A chunk of text as far as its text: it is the same in all of them."""
        self.chars = 0
        """Of text."""
        self.thought = ""
        """The text of the thought under way."""
        self.thoughts = 0
        """How many have ended."""
        self.custom: set[int] = set()
        """Numbers of calls whose arguments are no JSON."""


class StreamWriter:
    """Turns core events into the chunks of one stream."""

    def __init__(self, include_usage: bool, losses: Losses) -> None:
        self._losses = losses
        self._include_usage = include_usage
        self._head: dict[str, Any] = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
        self._said: dict[int, _Said] = {}

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of one event; empty where it has none of its own in this dialect."""
        match event:
            case TextDelta():
                return self._text(event)
            case ReasoningDelta():
                return self._think(event)
            case ToolCallDelta():
                return self._arguments(event)
            case ToolCallBegan():
                return self._call(event)
            case Began():
                self._head |= {"id": event.id, "created": event.created, "model": event.model}
                return b""
            case TakenOver():
                return self._take_over(event)
            case RefusalDelta():
                return self._delta(event.choice, {"refusal": event.text})
            case Finished():
                word = tell_finish(event.finish, event.native, self._losses)
                return self._delta(event.choice, {}, word)
            case Used():
                if not self._include_usage:
                    return b""
                usage: Raw | dict[str, Any] = event.raw or write_usage(event.usage)
                return self._chunk({"choices": [], "usage": usage})
            case Ended():
                return write_event(DONE)
            case _:
                return self._seldom(event)

    def _seldom(self, event: StreamEvent) -> bytes:
        match event:
            case ReasoningSigned():
                return self._sign(event)
            case TextSigned():
                return self._delta(event.choice, {EXTRA: write_signature(event.signature)})
            case Cited():
                note = write_citation(event.citation, self._of(event.choice).chars, self._losses)
                return b"" if note is None else self._delta(event.choice, {"annotations": [note]})
            case MediaShown():
                image = write_image(event.media, self._losses)
                return b"" if image is None else self._delta(event.choice, {"images": [image]})
            case ForeignDelta(dialect=Dialect.OPENAI) if "logprobs" in event.fields:
                # They stand beside the delta.
                line: dict[str, Any] = {
                    "index": event.choice,
                    "delta": {},
                    "finish_reason": None,
                    **event.fields,
                }
                return self._chunk({"choices": [line]})
            case ForeignDelta(dialect=Dialect.OPENAI):
                return self._delta(event.choice, dict(event.fields))
            case ForeignDelta():
                for name in event.fields:
                    self._losses.drop(Feature.FOREIGN_PARTS, name)
                return b""
            case _:
                return b""

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer: usage where it was asked for, what Baton has to say, the end mark."""
        fields: dict[str, Any] = {"choices": []}
        if self._include_usage:
            fields["usage"] = write_usage(usage)
        if baton is not None:
            fields["baton"] = baton
        last = self._chunk(fields) if len(fields) > 1 else b""
        return last + write_event(DONE)

    def _take_over(self, event: TakenOver) -> bytes:
        """The chunks to come name another model; their id stays."""
        self._head["model"] = event.model
        for said in self._said.values():
            said.before_text = b""
            said.thought = ""
        return b""

    def _text(self, event: TextDelta) -> bytes:
        said = self._of(event.choice)
        said.chars += len(event.text)
        if not said.begun:
            return self._delta(event.choice, {"content": event.text})
        if not said.before_text:
            said.before_text = self._delta(event.choice, {"content": ""}).removesuffix(b'""' + _AFTER_TEXT)
        said.thought = ""  # something else is said now
        return said.before_text + _encode(event.text) + _AFTER_TEXT

    def _think(self, event: ReasoningDelta) -> bytes:
        said = self._of(event.choice)
        thought = said.thought + event.text
        data = self._delta(event.choice, {event.field: event.text})
        said.thought = thought
        return data

    def _sign(self, event: ReasoningSigned) -> bytes:
        """What was put on a thought, with its whole text: a client keeps both together."""
        said = self._of(event.choice)
        thought = Reasoning(
            text=said.thought,
            signature=event.signature,
            encrypted=event.encrypted,
            id=event.id,
            details=event.details,
        )
        details = [
            {**detail, "index": said.thoughts} if "index" in detail else detail
            for detail in write_details([thought])
        ]
        said.thoughts += 1
        return self._delta(event.choice, {"reasoning_details": details})

    def _call(self, event: ToolCallBegan) -> bytes:
        if event.kind == "custom":
            self._of(event.choice).custom.add(event.index)
        begun = ToolCall(
            id=event.id, name=event.name, arguments="", kind=event.kind, signature=event.signature
        )
        return self._delta(event.choice, {"tool_calls": [{"index": event.index, **write_call(begun)}]})

    def _arguments(self, event: ToolCallDelta) -> bytes:
        is_custom = event.index in self._of(event.choice).custom
        inside = {"custom": {"input": event.arguments}} if is_custom else None
        more = inside or {"function": {"arguments": event.arguments}}
        return self._delta(event.choice, {"tool_calls": [{"index": event.index, **more}]})

    def _of(self, choice: int) -> _Said:
        said = self._said.get(choice)
        if said is None:
            said = self._said[choice] = _Said()
        return said

    def _delta(self, choice: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        said = self._of(choice)
        said.thought = ""  # something else is said now
        if not said.begun:
            said.begun = True
            delta = {"role": "assistant", "content": None, **delta}
        return self._chunk({"choices": [{"index": choice, "delta": delta, "finish_reason": finish}]})

    def _chunk(self, fields: dict[str, Any]) -> bytes:
        return write_event(msgspec.json.encode({**self._head, **fields}))
