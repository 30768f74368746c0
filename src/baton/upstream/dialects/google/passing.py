"""Handing on in the same dialect: the bytes stay as they came, but for what must change."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from baton.core.answer import AnswerWriter, Began, TextDelta
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope
from baton.core.usage import Usage
from baton.upstream.dialects.bodies import fields_of, hides_names, lower
from baton.upstream.dialects.google.chunks import ABSENT, Feedback, malformed_chunk, read_chunk
from baton.upstream.dialects.google.errors import error_inside
from baton.upstream.dialects.google.finishes import block_word, finish_word
from baton.upstream.dialects.google.spelling import camel
from baton.upstream.dialects.google.usage import read_usage, usage_leniently, write_usage
from baton.upstream.dialects.handing import NewWriter, Progress
from baton.upstream.dialects.sse import SseEvent, write_event
from baton.upstream.dialects.trail import Trail
from baton.upstream.dialects.wire import UNREADABLE, raw

ARRAY = "application/json"
"""The media type of a stream that is one array."""

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_PAID_BY = (
    (b'"generationConfig"', b'"generation_config"'),
    (b'"maxOutputTokens"', b'"max_output_tokens"'),
    (b'"candidateCount"', b'"candidate_count"'),
)
_CONFIG = "generationConfig"


def pass_on(envelope: Envelope, model: str, spec: ProviderSpec) -> bytes:
    """The caller's body for a provider of the same dialect: no `baton` object. The model stands in the
    address; where the body names it too, by the provider's word.

    Raises:
        Invalid: it is nested too deeply.
    """
    del spec
    body = envelope.body
    fields = fields_of(body)
    changes = fields.pop("baton", None) is not None
    named = Raw(msgspec.json.encode(model if model.startswith("tunedModels/") else f"models/{model}"))
    if "model" in fields and fields["model"] != named:
        fields["model"] = named
        changes = True
    if hides_names(body) or any(sum(map(body.count, spellings)) > 1 for spellings in _PAID_BY):
        fields = _once(fields)
        changes = True
    if envelope.bound is not None:
        _bound(fields, envelope.bound)
        changes = True
    return msgspec.json.encode(fields) if changes else body


def _bound(fields: dict[str, Raw], bound: int) -> None:
    name = "generation_config" if "generation_config" in fields else _CONFIG
    config = _FIELDS.decode(fields[name]) if bytes(fields.get(name, b"null")) != b"null" else {}
    lower(config, ("maxOutputTokens", "max_output_tokens"), bound)
    fields[name] = Raw(msgspec.json.encode(config))


def _once(fields: dict[str, Raw]) -> dict[str, Raw]:
    """Each field once, in camelCase, and so inside the generation's settings."""
    spelt: dict[str, Raw] = {}
    for name in sorted(fields, key=lambda name: "_" in name):
        spelt.setdefault(camel(name), fields[name])
    if _CONFIG in spelt and bytes(spelt[_CONFIG]).lstrip()[:1] == b"{":
        inside = _FIELDS.decode(spelt[_CONFIG])
        config: dict[str, Raw] = {}
        for name in sorted(inside, key=lambda name: "_" in name):
            config.setdefault(camel(name), inside[name])
        spelt[_CONFIG] = Raw(msgspec.json.encode(config))
    return spelt


class _Part(Struct, gc=False):
    text: str | None = None
    functionCall: Raw | None = None
    thought: Any = None


class _Content(Struct, gc=False):
    parts: list[_Part] | None = None


class _Candidate(Struct, gc=False):
    content: _Content | None = None
    finishReason: str | int | None = None
    index: int | None = None
    groundingMetadata: Raw = ABSENT


class _Chunk(Struct, gc=False):
    candidates: list[_Candidate] | None = None
    usageMetadata: Raw = ABSENT
    promptFeedback: Feedback | None = None
    modelVersion: str | None = None
    responseId: str | None = None
    error: Any = None


_CHUNK = msgspec.json.Decoder(_Chunk)


class Relay:
    """Hands on one stream in its own dialect, as events or as one array.

    There is no end mark: from the first finish reason on, the last chunk that came is held back until the
    next, or the end.
    """

    __slots__ = ("_array", "_held", "_searched", "_spec", "_trail", "_usage")

    def __init__(self, envelope: Envelope, spec: ProviderSpec, trail: Trail | None = None) -> None:
        self._spec = spec
        self._trail = trail
        self._array = envelope.stream_type == ARRAY
        self._held: bytes | None = None
        self._searched = False
        self._usage = ABSENT
        """The last report, unread: there is one on every chunk."""

    def take(self, event: SseEvent, seen: Progress) -> bytes:
        """Note what an event says; its bytes if it goes on at once."""
        try:
            chunk = _CHUNK.decode(event.data)
        except UNREADABLE:
            lenient = _leniently(event.data)
            if lenient is None:
                seen.broke(malformed_chunk())
                return b""
            chunk = lenient
            if self._trail is not None:
                self._trail.strange()
        if chunk.usageMetadata != ABSENT:
            self._usage = chunk.usageMetadata
            seen.reported = seen.reported or self._read_usage
        if chunk.error:
            seen.broke(error_inside(self._spec, chunk.error))
            return b""
        if not seen.model and chunk.modelVersion:
            seen.model, seen.id = chunk.modelVersion, chunk.responseId or ""
        for at, candidate in enumerate(chunk.candidates or ()):
            _note(candidate, at, seen)
            if candidate.groundingMetadata is not ABSENT:
                self._searched = self._searched or b'"webSearchQueries"' in bytes(candidate.groundingMetadata)
        if chunk.usageMetadata != ABSENT:  # of all that has come with it
            seen.counted = seen.chars
        if not chunk.candidates and chunk.promptFeedback is not None:
            seen.finish = seen.finish or block_word(chunk.promptFeedback.blockReason)
        if seen.finish is None:
            if self._trail is not None:
                _remember(chunk, self._trail)
            return self._framed(event)
        if not _may_grow(event.data):
            seen.failure = malformed_chunk()
            return b""
        if self._trail is not None:
            self._trail.strange()  # of several answers one has ended, or all is said
        before, self._held = self._held, event.data
        return b"" if before is None else self._framed(SseEvent(before, write_event(before)))

    def _read_usage(self) -> Usage | None:
        try:
            wire = usage_leniently(msgspec.json.decode(self._usage))
        except UNREADABLE:  # within the chunk it was skipped, not read
            return None
        return None if wire is None else read_usage(wire, self._searched)

    def _framed(self, event: SseEvent) -> bytes:
        if self._array:
            return event.data + b",\r\n"
        raw = event.raw
        return raw if raw.endswith((b"\n\n", b"\r\n\r\n")) else write_event(event.data)

    def go_on(self, fresh: NewWriter, losses: Losses, seen: Progress) -> AnswerWriter:
        """A writer of chunks of the same answer."""
        writer = fresh(losses)
        writer.write(Began(seen.id, seen.model, 0))
        writer.write(TextDelta("" if self._trail is None else self._trail.said))
        return writer

    def finale(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        """The last chunk, with usage if the provider said none, and what Baton has to say."""
        data = self._held or b"{}"
        owed: dict[str, Any] = {}
        if seen.usage is None:
            owed["usageMetadata"] = write_usage(usage, Losses())
        if baton is not None:
            owed["baton"] = baton
        if owed:
            data = msgspec.json.encode({**_FIELDS.decode(data), **owed})
        return data + b"]" if self._array else write_event(data)


def _remember(chunk: _Chunk, trail: Trail) -> None:
    """What was sent with it."""
    for at, candidate in enumerate(chunk.candidates or ()):
        if at or candidate.index or candidate.groundingMetadata is not ABSENT:
            trail.strange()
        content = candidate.content
        for part in content.parts or () if content is not None else ():
            if part.text is None:
                trail.strange()
            elif not part.thought:
                trail.text(part.text)


def _may_grow(data: bytes) -> bool:
    """Whether it can get fields of ours at the end: its names, too, are text."""
    try:
        _FIELDS.decode(data)
    except UNREADABLE:
        return False
    return True


def _note(candidate: _Candidate, at: int, seen: Progress) -> None:
    index = at if candidate.index is None else candidate.index
    said = False
    content = candidate.content
    for part in content.parts or () if content is not None else ():
        if part.text:
            seen.text.hear(part.text)
        elif part.functionCall is not None:
            seen.text.hear(bytes(part.functionCall).decode())
        elif part.text is not None:
            continue
        seen.said = said = True
    finish = None if candidate.finishReason is None else finish_word(candidate.finishReason)
    if finish is not None:
        seen.close(index, finish)
    elif index not in seen.open and (said or index not in seen.closed):
        seen.open.add(index)


def _leniently(data: bytes) -> _Chunk | None:
    """A chunk with a field of an unexpected kind: what can be understood of it; None: no JSON object."""
    chunk = read_chunk(data)
    if chunk is None:
        return None
    return _Chunk(
        candidates=[
            _Candidate(
                content=_Content(parts=[_Part(text="?") for _ in candidate.content.parts or ()])
                if candidate.content
                else None,
                finishReason=candidate.finishReason,
                index=candidate.index,
                groundingMetadata=candidate.groundingMetadata,
            )
            for candidate in chunk.candidates or ()
        ],
        usageMetadata=ABSENT if chunk.usageMetadata is None else raw(chunk.usageMetadata),
        promptFeedback=chunk.promptFeedback,
        modelVersion=chunk.modelVersion,
        responseId=chunk.responseId,
        error=chunk.error,
    )
