"""Streamed chat completions ⇄ core events."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.answer import (
    Began,
    Broke,
    Ended,
    Finished,
    ForeignDelta,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
    ToolCallDelta,
    Used,
)
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.usage import Usage
from baton.upstream.dialects.openai.answers import usage_leniently
from baton.upstream.dialects.openai.errors import error_inside
from baton.upstream.dialects.openai.finishes import read_finish, write_finish
from baton.upstream.dialects.openai.parts import read_thinking
from baton.upstream.dialects.openai.usage import read_usage, write_usage
from baton.upstream.dialects.sse import SseEvent, write_event
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text, raw

DONE = b"[DONE]"
_KNOWN_DELTAS = frozenset({"role", "content", "refusal", "reasoning_content", "reasoning", "tool_calls"})


class StreamReader:
    """Turns the events of one provider's stream into the core's."""

    def __init__(self, spec: ProviderSpec) -> None:
        self._spec = spec
        self._quirks = spec.quirks
        self._began = False
        self._calls: dict[tuple[int, int], str] = {}
        """(choice, index) → id of each tool call begun."""

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """What one event says; a malformed one is a `Broke`."""
        if event.data == DONE:
            return [Ended()]
        try:
            chunk = msgspec.json.decode(event.data, type=dict[str, Any])
        except UNREADABLE:
            return [Broke(malformed_chunk())]
        error = chunk.get("error")
        if error or event.event == "error":
            return [*self._read_usage(chunk), Broke(error_inside(self._spec, error or chunk))]
        events: list[StreamEvent] = []
        if not self._began and (chunk.get("id") or chunk.get("choices")):
            self._began = True
            created = chunk.get("created")
            events.append(
                Began(
                    str(chunk.get("id") or ""),
                    str(chunk.get("model") or ""),
                    int(created) if isinstance(created, int | float) else 0,
                )
            )
        for at, choice in enumerate(as_list(chunk.get("choices"))):
            events.extend(self._read_choice(as_object(choice), at))
        return events + self._read_usage(chunk)

    def _read_usage(self, chunk: dict[str, Any]) -> list[StreamEvent]:
        usage = chunk.get("usage")
        if not usage and self._quirks.usage_in:
            usage = as_object(chunk.get(self._quirks.usage_in)).get("usage")
        wire = usage_leniently(usage)
        return [] if wire is None else [Used(read_usage(wire, self._quirks), raw(usage))]

    def _read_choice(self, choice: dict[str, Any], at: int) -> list[StreamEvent]:
        index = choice.get("index")
        number = index if isinstance(index, int) else at
        events: list[StreamEvent] = []
        delta = as_object(choice.get("delta"))
        for name in ("reasoning_content", "reasoning"):
            if isinstance(delta.get(name), str) and delta[name]:
                events.append(ReasoningDelta(delta[name], number, field=name))
                break
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                events.append(TextDelta(content, number))
        else:
            events.extend(_read_part(as_object(part), number) for part in as_list(content))
        if delta.get("refusal"):
            events.append(RefusalDelta(str(delta["refusal"]), number))
        for position, call in enumerate(as_list(delta.get("tool_calls"))):
            events.extend(self._read_call(as_object(call), position, number))
        rest = {name: raw(value) for name, value in delta.items() if name not in _KNOWN_DELTAS and value}
        if rest:
            events.append(ForeignDelta(rest, number))
        native = as_text(choice.get("finish_reason"))
        if native:
            events.append(Finished(read_finish(native), number, native))
        return events

    def _read_call(self, call: dict[str, Any], position: int, choice: int) -> list[StreamEvent]:
        # Mistral's calls come whole and without an index.
        index = call.get("index")
        number = index if isinstance(index, int) else position
        function = as_object(call.get("function") or call.get("custom"))
        events: list[StreamEvent] = []
        call_id = call.get("id") or ""
        if (choice, number) not in self._calls or (call_id and self._calls[choice, number] != call_id):
            if (choice, number) in self._calls and not isinstance(index, int):
                number = len([key for key in self._calls if key[0] == choice])
            self._calls[choice, number] = call_id
            kind = call.get("type") or "function"
            events.append(ToolCallBegan(number, call_id, str(function.get("name") or ""), choice, kind))
        arguments = function.get("arguments", function.get("input"))
        if arguments:
            text = arguments if isinstance(arguments, str) else bytes(raw(arguments)).decode()
            events.append(ToolCallDelta(number, text, choice))
        return events


def _read_part(part: dict[str, Any], choice: int) -> StreamEvent:
    """More of one of the parts that a content is a list of."""
    thought = read_thinking(part)
    if thought is not None:
        return ReasoningDelta(thought, choice)
    text = part.get("text")
    if part.get("type") == "text" and isinstance(text, str):
        return TextDelta(text, choice)
    return ForeignDelta({"content": raw([part])}, choice)


def malformed_chunk() -> Failure:
    """The failure that an unreadable chunk means: it may have hidden content."""
    return Failure(kind=Kind.MALFORMED, message="The provider sent a chunk that is no JSON.", billed=True)


class StreamWriter:
    """Turns core events into the chunks of one stream."""

    def __init__(self, include_usage: bool, losses: Losses) -> None:
        self._losses = losses
        self._include_usage = include_usage
        self._head: dict[str, Any] = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
        self._greeted: set[int] = set()

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of one event; empty where it has none of its own in this dialect."""
        match event:
            case Began():
                self._head |= {"id": event.id, "created": event.created, "model": event.model}
                return b""
            case TextDelta():
                return self._delta(event.choice, {"content": event.text})
            case ReasoningDelta():
                return self._delta(event.choice, {event.field: event.text})
            case RefusalDelta():
                return self._delta(event.choice, {"refusal": event.text})
            case ToolCallBegan():
                name = {"name": event.name}
                call: dict[str, Any] = {"index": event.index, "id": event.id, "type": event.kind}
                call |= (
                    {"custom": name | {"input": ""}}
                    if event.kind == "custom"
                    else {"function": name | {"arguments": ""}}
                )
                return self._delta(event.choice, {"tool_calls": [call]})
            case ToolCallDelta():
                call = {"index": event.index, "function": {"arguments": event.arguments}}
                return self._delta(event.choice, {"tool_calls": [call]})
            case ForeignDelta():
                return self._delta(event.choice, dict(event.fields))
            case Finished():
                return self._delta(event.choice, {}, write_finish(event.finish, event.native))
            case Used():
                if not self._include_usage:
                    return b""
                usage: Raw | dict[str, Any] = event.raw or write_usage(event.usage)
                return self._chunk({"choices": [], "usage": usage})
            case Ended():
                return write_event(DONE)
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

    def _delta(self, choice: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        if choice not in self._greeted:
            self._greeted.add(choice)
            delta = {"role": "assistant", "content": None, **delta}
        return self._chunk({"choices": [{"index": choice, "delta": delta, "finish_reason": finish}]})

    def _chunk(self, fields: dict[str, Any]) -> bytes:
        return write_event(msgspec.json.encode({**self._head, **fields}))
