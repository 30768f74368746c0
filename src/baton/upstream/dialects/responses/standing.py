"""Where an answer stands that is handed on as it came: enough to go on writing it."""

from typing import Any

import msgspec
from msgspec import Struct

from baton.upstream.dialects.responses.output import Item
from baton.upstream.dialects.sse import SseEvent
from baton.upstream.dialects.trail import Trail
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text

_OBJECT = msgspec.json.Decoder(dict[str, Any])
_TEXT = "response.output_text.delta"
_SUMMARY = "response.reasoning_summary_text.delta"
_GROW = frozenset({_TEXT, _SUMMARY})
_CLOSE_TEXT = frozenset(
    {"response.output_text.done", "response.content_part.done", "response.output_item.done"}
)
_BEGIN = frozenset({"response.created", "response.in_progress", "response.queued"})
_NOTHING_NEW = frozenset(
    {
        "response.output_text.done",
        "response.content_part.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
    }
)


class Stood(Struct, frozen=True):
    """What was sent of an answer."""

    response: dict[str, Any]
    """As it was told at the beginning."""
    items: list[Any]
    open: Item | None
    """The message or thought under way."""
    before: int
    """Characters of the texts that have ended."""
    number: int
    """Of the next event."""


class Standing:
    """Follows the events that are sent. What ends a message waits for what comes behind it: if nothing does,
    the message can go on."""

    __slots__ = (
        "_before",
        "_items",
        "_last",
        "_open",
        "_part",
        "_response",
        "_thought",
        "_trail",
        "_waiting",
    )

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._response: dict[str, Any] = {}
        self._items: dict[int, dict[str, Any]] = {}
        self._open: int | None = None
        """The place of the item under way."""
        self._part: dict[str, Any] | None = None
        """The part of it that grows."""
        self._before = 0
        """Characters sent when it began."""
        self._thought: list[str] = []
        """Of the summary's part under way."""
        self._waiting: list[tuple[bytes, SseEvent, dict[str, Any]]] = []
        self._last: SseEvent | None = None

    def send(self, kind: str, event: SseEvent, delta: Any, passed: bytes) -> bytes:
        """What of an event's bytes may leave now, with what has waited."""
        if not self._waiting and (kind in _GROW or not self._trail.resumable):
            self._last = event
            if self._part is None:
                self._trail.strange()  # of what it is more nobody knows
            elif isinstance(delta, str):
                self._grow(kind, delta)
            return passed
        fields = as_object(_OBJECT.decode(event.data))
        if kind in _CLOSE_TEXT and self._is_message:
            self._waiting.append((passed, event, fields))
            return b""
        before = self.behind_waiting()
        self._follow(kind, fields)
        self._last = event
        return before + passed

    def _grow(self, kind: str, delta: str) -> None:
        if kind == _TEXT:
            self._trail.text(delta)
        elif kind == _SUMMARY:
            self._thought.append(delta)

    def behind_waiting(self) -> bytes:
        """What has waited, sent now."""
        waiting, self._waiting = self._waiting, []
        for _, event, fields in waiting:
            self._follow(as_text(fields.get("type")) or event.event, fields)
            self._last = event
        return b"".join([passed for passed, _, _ in waiting])

    @property
    def _is_message(self) -> bool:
        return self._open is not None and self._items[self._open].get("type") == "message"

    def _follow(self, kind: str, fields: dict[str, Any]) -> None:
        """One event was sent."""
        place = fields.get("output_index")
        at = place if isinstance(place, int) else len(self._items)
        if kind in _GROW:
            self._grow(kind, as_text(fields.get("delta")) or "")
        elif kind in _BEGIN:
            self._response = as_object(fields.get("response"))
        elif kind == "response.output_item.added":
            item = as_object(fields.get("item"))
            self._items[at], self._open, self._part = dict(item), at, None
            if item.get("type") not in ("message", "reasoning") or item.get("content"):
                self._trail.strange()
        elif kind == "response.output_item.done":
            self._items[at], self._open, self._part = as_object(fields.get("item")), None, None
        elif kind == "response.content_part.added" and self._is_message:
            self._begin_part(as_object(fields.get("part")))
        elif kind == "response.reasoning_summary_part.added":
            self._part, self._thought = as_object(fields.get("part")), []
        elif kind == "response.reasoning_summary_part.done" and self._open is not None:
            item = self._items[self._open]
            item["summary"] = [*as_list(item.get("summary")), as_object(fields.get("part"))]
            self._part = None
        elif kind == "response.content_part.added" or kind in _NOTHING_NEW:
            pass
        else:
            self._trail.strange()

    def _begin_part(self, part: dict[str, Any]) -> None:
        self._before = self._trail.size
        if self._part is not None or part.get("type") != "output_text" or part.get("text"):
            self._trail.strange()
        self._part = {**part, "annotations": as_list(part.get("annotations"))}

    def stood(self) -> Stood:
        """Where it stands; what waits is not sent."""
        items: list[Any] = [item for _, item in sorted(self._items.items())]
        said = self._trail.said
        under_way: Item | None = None
        if self._open is not None:
            fields = self._items[self._open]
            pieces = [said[self._before :]] if self._is_message else self._thought
            under_way = Item(self._open, fields, pieces if self._part else [], self._part)
            if self._is_message:
                fields["content"] = [] if self._part is None else [self._part]
            else:
                fields["summary"] = as_list(fields.get("summary"))
        ended = self._before if under_way is not None and self._is_message else len(said)
        return Stood(self._response, items, under_way, ended, self._number())

    def _number(self) -> int:
        if self._last is None:
            return 0
        try:
            number = _OBJECT.decode(self._last.data).get("sequence_number")
        except UNREADABLE:
            return 0
        return number + 1 if isinstance(number, int) else 0
