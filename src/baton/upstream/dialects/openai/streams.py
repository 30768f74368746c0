"""Streamed chat completions, read into the core's events."""

from typing import Any

import msgspec
from msgspec import Struct

from baton.core.answer import (
    Began,
    Broke,
    Cited,
    Ended,
    Finished,
    ForeignDelta,
    MediaShown,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    TextSigned,
    ToolCallBegan,
    ToolCallDelta,
    Used,
)
from baton.core.dialect import Dialect
from baton.core.failures import Failure, Kind
from baton.core.messages import Citation, Media
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.callids import UniqueIds
from baton.upstream.dialects.openai.answers import read_images, read_sources
from baton.upstream.dialects.openai.errors import error_inside
from baton.upstream.dialects.openai.finishes import read_finish
from baton.upstream.dialects.openai.parts import EXTRA, citation_of, read_thinking, signature_in
from baton.upstream.dialects.openai.thinking import ThoughtReader
from baton.upstream.dialects.openai.usage import read_usage, usage_leniently
from baton.upstream.dialects.sse import SseEvent
from baton.upstream.dialects.unsaid import Leftovers, unknown
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text, raw

DONE = b"[DONE]"
_OWN = Dialect.OPENAI
_KNOWN_DELTAS = frozenset(
    {
        "role",
        "content",
        "refusal",
        "reasoning_content",
        "reasoning",
        "reasoning_details",
        "tool_calls",
        "annotations",
        "images",
    }
)
_SAYS_TEXT = ("content", "role")
_KNOWN = frozenset({"id", "object", "created", "model", "choices", "usage", "error", "obfuscation"})
_KNOWN_OF_CHOICES = frozenset({"index", "delta", "finish_reason", "logprobs"})


class _TextChoice(Struct, gc=False):
    delta: dict[str, Any]
    index: int = 0
    finish_reason: str | None = None
    logprobs: Any = None


class _TextChunk(Struct, gc=False):
    choices: list[_TextChoice]
    usage: Any = None
    error: Any = None


_TEXT_CHUNK = msgspec.json.Decoder(_TextChunk)


class StreamReader:
    """Turns the events of one provider's stream into the core's."""

    def __init__(self, spec: ProviderSpec) -> None:
        self._spec = spec
        self._quirks = spec.quirks
        self._usage_in = (spec.quirks.usage_in or "").encode()
        self._began = False
        self._calls: dict[tuple[int, int], str] = {}
        """(choice, index) → id of each tool call begun."""
        self._ids = UniqueIds()
        self._id = ""
        self._thoughts: dict[int, ThoughtReader] = {}
        self._sources: list[Citation] = []
        """Of the whole text, as told last."""
        self._known = _KNOWN | {spec.quirks.usage_in or "", spec.quirks.sources_in or ""}
        self._left = Leftovers()
        self._beside = False
        """Whether it showed what is charged besides tokens."""

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """What one event says; a malformed one is a `Broke`."""
        if event.data == DONE:
            return [Ended()]
        text = self._lone_text(event)
        if text is not None:
            return [text]
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
            self._id = str(chunk.get("id") or "")
            created = chunk.get("created")
            events.append(
                Began(
                    self._id,
                    str(chunk.get("model") or ""),
                    int(created) if isinstance(created, int | float) else 0,
                )
            )
        self._sources = read_sources(chunk, self._quirks) or self._sources
        for at, choice in enumerate(as_list(chunk.get("choices"))):
            events.extend(self._read_choice(as_object(choice), at))
        events += self._left.event(unknown(chunk, self._known))
        return events + self._read_usage(chunk)

    def _lone_text(self, event: SseEvent) -> TextDelta | None:
        """The text of a chunk that tells nothing else, as most do: a short way for these. Fields that nobody
        reads are looked for in the others: the first and the last have what all have."""
        try:
            chunk = _TEXT_CHUNK.decode(event.data)
        except UNREADABLE:
            return None
        if not self._began or len(chunk.choices) != 1 or chunk.usage or chunk.error or event.event == "error":
            return None
        choice = chunk.choices[0]
        if choice.finish_reason or choice.logprobs or (self._usage_in and self._usage_in in event.data):
            return None
        thoughts = self._thoughts.get(choice.index)
        if thoughts is not None and thoughts.under_way:
            return None
        text = choice.delta.get("content")
        for name, value in choice.delta.items():
            if value and name not in _SAYS_TEXT:
                return None
        return TextDelta(text, choice.index) if text and isinstance(text, str) else None

    def _read_usage(self, chunk: dict[str, Any]) -> list[StreamEvent]:
        usage = chunk.get("usage")
        if not usage and self._quirks.usage_in:
            usage = as_object(chunk.get(self._quirks.usage_in)).get("usage")
        wire = usage_leniently(usage)
        if wire is None:
            return []
        return [Used(read_usage(wire, self._quirks, chunk.get("service_tier"), self._beside), raw(usage))]

    def _read_choice(self, choice: dict[str, Any], at: int) -> list[StreamEvent]:
        index = choice.get("index")
        number = index if isinstance(index, int) else at
        delta = as_object(choice.get("delta"))
        if delta.get("annotations") or delta.get("executed_tools") or delta.get("images"):
            self._beside = True
        native = as_text(choice.get("finish_reason"))
        thoughts = self._thoughts.setdefault(number, ThoughtReader(number))
        events = thoughts.read(delta)
        events += self._left.event(unknown(choice, _KNOWN_OF_CHOICES, f"choices[{number}]."))
        said = self._read_said(delta, number)
        if said or native:
            events += thoughts.rest()
        events += said
        if choice.get("logprobs"):
            events.append(ForeignDelta({"logprobs": raw(choice["logprobs"])}, number, _OWN))
        if native:
            events += [Cited(source, number) for source in self._sources]
            events.append(Finished(read_finish(native), number, native))
        return events

    def _read_said(self, delta: dict[str, Any], number: int) -> list[StreamEvent]:
        """What a delta holds besides thoughts."""
        events: list[StreamEvent] = []
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                events.append(TextDelta(content, number))
        else:
            events.extend(_read_part(as_object(part), number) for part in as_list(content))
        events += [Cited(citation_of(as_object(note)), number) for note in as_list(delta.get("annotations"))]
        signature = signature_in(delta.get(EXTRA))
        if signature is not None:
            events.append(TextSigned(signature, number))
        for image in read_images(as_list(delta.get("images"))):
            events.append(
                MediaShown(image, number)
                if isinstance(image, Media)
                else ForeignDelta({"images": raw(as_list(delta.get("images")))}, number, _OWN)
            )
        if delta.get("refusal"):
            events.append(RefusalDelta(str(delta["refusal"]), number))
        for position, call in enumerate(as_list(delta.get("tool_calls"))):
            events.extend(self._read_call(as_object(call), position, number))
        rest = {
            name: raw(value)
            for name, value in delta.items()
            if value and name not in _KNOWN_DELTAS and not (name == EXTRA and signature is not None)
        }
        if rest:
            events.append(ForeignDelta(rest, number, _OWN))
        return events

    def _read_call(self, call: dict[str, Any], position: int, choice: int) -> list[StreamEvent]:
        # Mistral's calls come whole and without an index.
        index = call.get("index")
        number = index if isinstance(index, int) else position
        function = as_object(call.get("function") or call.get("custom"))
        events: list[StreamEvent] = []
        call_id = as_text(call.get("id")) or ""
        if (choice, number) not in self._calls or (call_id and self._calls[choice, number] != call_id):
            if (choice, number) in self._calls and not isinstance(index, int):
                number = len([key for key in self._calls if key[0] == choice])
            self._calls[choice, number] = call_id
            kind = as_text(call.get("type")) or "function"
            unique = self._ids.unique(call_id, self._id)
            signature = signature_in(call.get(EXTRA))
            name = str(function.get("name") or "")
            events.append(ToolCallBegan(number, unique, name, choice, kind, signature))
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
    return ForeignDelta({"content": raw([part])}, choice, _OWN)


def malformed_chunk() -> Failure:
    """The failure that an unreadable chunk means: it may have hidden content."""
    return Failure(kind=Kind.MALFORMED, message="The provider sent a chunk that is no JSON.", billed=True)
