"""The thoughts of a streamed choice: their text at once, what was put on them when they end."""

from typing import Any

from baton.core.answer import ReasoningDelta, ReasoningSigned, StreamEvent
from baton.upstream.dialects.openai.thoughts import CIPHER, is_ours, is_summed_up_by, read_detail
from baton.upstream.dialects.wire import as_list, as_object, as_text

_TEXTS = ("text", "summary")


class ThoughtReader:
    """Reads the thoughts in the deltas of one choice.

    A structured detail comes in pieces of one type and index; its text stands beside it in a field of its own
    as well, or only in it, or whole in a last piece after it was told (`writer.StreamWriter`).
    """

    __slots__ = ("_choice", "_detail", "_spoken", "_spoken_chars")

    def __init__(self, choice: int) -> None:
        self._choice = choice
        self._detail: dict[str, Any] = {}
        """The detail under way, without its text."""
        self._spoken: list[str] = []
        """The text told by its own field since the last thought ended."""
        self._spoken_chars = 0

    @property
    def under_way(self) -> bool:
        """Whether a thought has begun and not ended."""
        return bool(self._detail or self._spoken)

    def read(self, delta: dict[str, Any]) -> list[StreamEvent]:
        """What a delta tells of thoughts."""
        events: list[StreamEvent] = []
        spoken = ""
        for name in ("reasoning_content", "reasoning"):
            if isinstance(delta.get(name), str) and delta[name]:
                spoken = delta[name]
                events.append(ReasoningDelta(spoken, self._choice, field=name))
                break
        if spoken:
            self._spoken.append(spoken)
            self._spoken_chars += len(spoken)
        for detail in map(as_object, as_list(delta.get("reasoning_details"))):
            events = self._read_detail(detail, bool(spoken), events)
        return events

    def _read_detail(
        self, detail: dict[str, Any], is_told: bool, events: list[StreamEvent]
    ) -> list[StreamEvent]:
        under_way = self._detail
        if is_summed_up_by(under_way, detail):
            self._detail, self._spoken, self._spoken_chars = {}, [], 0
            summary, cipher = read_detail(under_way), read_detail(detail)
            signed = ReasoningSigned(self._choice, summary.signature, cipher.encrypted, cipher.id)
            return [*events, signed]
        kind = (detail.get("type"), detail.get("index"))
        if self._detail and kind != (self._detail.get("type"), self._detail.get("index")):
            # The text beside a new detail is that one's: the end of the old one comes before it.
            told = [event for event in events if isinstance(event, ReasoningDelta)] if is_told else []
            others = [event for event in events if event not in told]
            events = [*others, *self.rest(), *told]
            self._spoken = [event.text for event in told]
            self._spoken_chars = sum(map(len, self._spoken))
        if detail.get("type") == CIPHER:
            thought = read_detail(detail)
            signed = ReasoningSigned(
                self._choice, encrypted=thought.encrypted, id=thought.id, details=thought.details
            )
            return [*events, signed]
        text = next((detail[name] for name in _TEXTS if as_text(detail.get(name))), "")
        if text and not is_told and not self._was_spoken(text):
            events.append(ReasoningDelta(text, self._choice))
        self._detail |= {
            name: value for name, value in detail.items() if value is not None and name not in _TEXTS
        }
        is_whole = is_ours(detail) and not is_told and self._was_spoken(text)
        if is_whole and detail.get("type") != "reasoning.summary":
            events += self.rest()
        return events

    def _was_spoken(self, text: str) -> bool:
        return self._spoken_chars == len(text) and "".join(self._spoken) == text

    def rest(self) -> list[StreamEvent]:
        """The end of a thought: something else is told now."""
        detail, self._detail = self._detail, {}
        self._spoken, self._spoken_chars = [], 0
        if not detail:
            return []
        thought = read_detail(detail)
        if not (thought.signature or thought.id or thought.details):
            return []
        return [ReasoningSigned(self._choice, thought.signature, None, thought.id, thought.details)]
