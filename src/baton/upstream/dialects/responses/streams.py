"""Streamed answers → core events."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from baton.core.answer import (
    Began,
    Broke,
    Cited,
    Ended,
    Finished,
    ForeignDelta,
    MediaShown,
    ReasoningDelta,
    ReasoningSigned,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    TextSigned,
    ToolCallBegan,
    ToolCallDelta,
    Used,
)
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.failures import Failure, Kind
from baton.core.messages import Foreign, Media, Part, Reasoning, Refusal, Signature, Text, ToolCall
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.responses.answers import KNOWN, read_item
from baton.upstream.dialects.responses.echo import is_told
from baton.upstream.dialects.responses.errors import failure_inside
from baton.upstream.dialects.responses.finishes import native_finish, read_finish
from baton.upstream.dialects.responses.parts import read_citation
from baton.upstream.dialects.responses.thoughts import BETWEEN_PARTS, Loose, Stand
from baton.upstream.dialects.responses.usage import usage_of
from baton.upstream.dialects.sse import SseEvent
from baton.upstream.dialects.unsaid import Leftovers
from baton.upstream.dialects.wire import UNREADABLE, Fields, as_list, as_object, as_text, raw

ENDS = frozenset({"response.completed", "response.incomplete"})
FAILURES = frozenset({"response.failed", "error"})
DONE = b"[DONE]"
"""Some of OpenAI's likes end with it, as on the other API (recording openrouter-75ffc34d6f)."""


class _Item:
    """What has been told of an item so far."""

    __slots__ = ("call", "cited", "field", "said", "starts")

    def __init__(self) -> None:
        self.said = False
        """Whether any of its text or arguments came."""
        self.field = ""
        """Which of a thought's two texts is told: the one that came first."""
        self.cited = 0
        self.starts: dict[object, int] = {}
        """Characters of the answer's texts before each of its own, by place in its content."""
        self.call: int | None = None


class StreamReader:
    """Turns the events of one provider's stream into the core's."""

    def __init__(self, spec: ProviderSpec) -> None:
        self._spec = spec
        self._began = False
        self._items: dict[object, _Item] = {}
        """By place in the output."""
        self._calls = 0
        self._written = 0
        """Characters of texts told so far."""
        self._left = Leftovers()
        self._signature: Signature | None = None
        """Of the call that comes next."""
        self._by_type: dict[str, Callable[[dict[str, Any]], list[StreamEvent]]] = {
            "response.output_item.added": self._open_item,
            "response.output_item.done": self._close_item,
            "response.output_text.delta": self._read_text,
            "response.output_text.annotation.added": self._read_annotation,
            "response.refusal.delta": self._read_refusal,
            "response.reasoning_summary_part.added": self._read_summary_part,
            "response.reasoning_summary_text.delta": self._read_thought,
            "response.reasoning_text.delta": self._read_thought,
            "response.function_call_arguments.delta": self._read_arguments,
            "response.custom_tool_call_input.delta": self._read_arguments,
        }

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """What one event says; a malformed one is a `Broke`, one of an unknown type says nothing."""
        if event.data == DONE:
            return []
        try:
            fields = msgspec.json.decode(event.data, type=dict[str, Any])
        except UNREADABLE:
            return [Broke(malformed_event())]
        kind = as_text(fields.get("type")) or event.event
        if kind in FAILURES or (fields.get("error") and "response" not in fields):
            answer = as_object(fields.get("response"))
            return [*_usage_of(answer), Broke(failure_inside(self._spec, answer.get("error") or fields))]
        events = self._begin(as_object(fields.get("response")))
        if kind in ENDS:
            return [*events, *self._end(as_object(fields.get("response")))]
        told = self._by_type.get(kind)
        return events if told is None else [*events, *told(fields)]

    def _begin(self, response: dict[str, Any]) -> list[StreamEvent]:
        if self._began or not response:
            return []
        self._began = True
        created = response.get("created_at")
        return [
            Began(
                str(response.get("id") or ""),
                str(response.get("model") or ""),
                int(created) if isinstance(created, int | float) else 0,
            )
        ]

    def _item(self, fields: dict[str, Any]) -> _Item:
        place = fields.get("output_index")
        return self._items.setdefault(place if isinstance(place, int) else None, _Item())

    def _open_item(self, fields: dict[str, Any]) -> list[StreamEvent]:
        told = as_object(fields.get("item"))
        item = self._item(fields)
        if told.get("type") not in ("function_call", "custom_tool_call") or item.call is not None:
            return []
        return [self._open_call(item, told)]

    def _open_call(self, item: _Item, told: dict[str, Any]) -> ToolCallBegan:
        item.call = self._calls
        self._calls += 1
        kind = "custom" if told["type"] == "custom_tool_call" else "function"
        call_id = as_text(told.get("call_id")) or as_text(told.get("id")) or ""
        name = as_text(told.get("name")) or ""
        signature, self._signature = self._signature, None
        return ToolCallBegan(item.call, call_id, name, kind=kind, signature=signature)

    def _read_text(self, fields: dict[str, Any]) -> list[StreamEvent]:
        text = as_text(fields.get("delta"))
        if not text:
            return []
        item = self._item(fields)
        item.said = True
        item.starts.setdefault(fields.get("content_index"), self._written)
        self._written += len(text)
        return [TextDelta(text)]

    def _read_refusal(self, fields: dict[str, Any]) -> list[StreamEvent]:
        text = as_text(fields.get("delta"))
        if not text:
            return []
        self._item(fields).said = True
        return [RefusalDelta(text)]

    def _read_annotation(self, fields: dict[str, Any]) -> list[StreamEvent]:
        item = self._item(fields)
        item.cited += 1
        return _cited(fields.get("annotation"), item.starts.get(fields.get("content_index"), self._written))

    def _read_summary_part(self, fields: dict[str, Any]) -> list[StreamEvent]:
        return [ReasoningDelta(BETWEEN_PARTS)] if self._item(fields).field == "summary" else []

    def _read_thought(self, fields: dict[str, Any]) -> list[StreamEvent]:
        """A thought, or the summary of it: where both are told, the first."""
        item = self._item(fields)
        field = "summary" if "summary" in str(fields.get("type")) else "content"
        text = as_text(fields.get("delta"))
        if not text or (item.field and item.field != field):
            return []
        item.field = field
        item.said = True
        return [ReasoningDelta(text)]

    def _read_arguments(self, fields: dict[str, Any]) -> list[StreamEvent]:
        item, text = self._item(fields), as_text(fields.get("delta"))
        if item.call is None or not text:
            return []
        item.said = True
        return [ToolCallDelta(item.call, text)]

    def _close_item(self, fields: dict[str, Any]) -> list[StreamEvent]:
        """What an item brings that its deltas did not."""
        told = as_object(fields.get("item"))
        item = self._item(fields)
        try:
            unread: list[str] = []
            parts = read_item(Fields.of(raw(told), "output[]"), unread)
        except Invalid:
            return []
        starts = iter(item.starts.values())
        events = [event for part in parts for event in self._rest(part, item, told, starts)]
        return [*events, *self._left.event(unread)]

    def _rest(
        self, part: Part | Loose, item: _Item, told: dict[str, Any], starts: Iterator[int]
    ) -> list[StreamEvent]:
        """`starts`: where the texts begin that have been told."""
        match part:
            case Text():
                start = next(starts, self._written)
                events: list[StreamEvent] = []
                if part.text and not item.said:
                    events = [TextDelta(part.text)]
                    self._written += len(part.text)
                late, item.cited = part.citations[item.cited :], max(0, item.cited - len(part.citations))
                return [*events, *(Cited(citation.moved(start)) for citation in late)]
            case Refusal():
                return [] if item.said else [RefusalDelta(part.text)]
            case Reasoning():
                events = [] if item.said or not part.text else [ReasoningDelta(part.text)]
                signed = ReasoningSigned(signature=part.signature, encrypted=part.encrypted, id=part.id)
                return events if signed == ReasoningSigned() else [*events, signed]
            case ToolCall():
                events = [] if item.call is not None else [self._open_call(item, told)]
                late_arguments = not item.said and part.arguments
                return [*events, ToolCallDelta(item.call or 0, part.arguments)] if late_arguments else events
            case Loose(stand=Stand.CALL):
                self._signature = part.signature
                return []
            case Loose():
                return [TextSigned(part.signature)]
            case Media():
                return [MediaShown(part)]
            case Foreign():
                return [ForeignDelta({part.kind: part.raw}, dialect=Dialect.OPENAI_RESPONSES)]
            case _:
                return []

    def _end(self, response: dict[str, Any]) -> list[StreamEvent]:
        """The end; what the output holds that no event told comes with it."""
        events: list[StreamEvent] = []
        if not self._items:
            for place, item in enumerate(as_list(response.get("output"))):
                events += self._close_item({"output_index": place, "item": item})
        reason = as_text(as_object(response.get("incomplete_details")).get("reason"))
        native = native_finish(as_text(response.get("status")), reason)
        finish = read_finish(native, called=bool(self._calls))
        left = [name for name, said in response.items() if name not in KNOWN and is_told(name, raw(said))]
        events += self._left.event(left)
        return [*events, Finished(finish, native=native), *_usage_of(response), Ended()]


def _cited(annotation: object, start: int) -> list[StreamEvent]:
    """`start`: characters of the answer's texts before the one that it stands on."""
    try:
        return [Cited(read_citation(Fields.of(raw(annotation))).moved(start))]
    except Invalid:  # of a kind nobody knows: the text stands without it
        return []


def _usage_of(response: dict[str, Any]) -> list[StreamEvent]:
    usage = usage_of(response)
    return [] if usage is None else [Used(usage, Raw(msgspec.json.encode(response["usage"])))]


def malformed_event() -> Failure:
    """The failure that an unreadable event means: it may have hidden content."""
    return Failure(kind=Kind.MALFORMED, message="The provider sent an event that is no JSON.", billed=True)
