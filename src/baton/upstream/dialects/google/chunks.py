"""One `GenerateContentResponse`, whole or a stream's chunk, as typed fields."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from baton.core.failures import Failure, Kind
from baton.upstream.dialects.google.finishes import block_word
from baton.upstream.dialects.google.usage import WireUsage, usage_leniently
from baton.upstream.dialects.unsaid import unknown
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text, raw

ABSENT = Raw(b"null")


class Content(Struct):
    """What was said."""

    parts: list[dict[str, Raw]] | None = None


class Candidate(Struct, forbid_unknown_fields=True):
    """One of the answers; the core has no word for the last fields."""

    content: Content | None = None
    finishReason: str | int | None = None
    index: int | None = None
    groundingMetadata: Raw = ABSENT
    citationMetadata: Raw = ABSENT
    logprobsResult: Raw = ABSENT
    safetyRatings: Raw = ABSENT
    avgLogprobs: Raw = ABSENT
    finishMessage: Raw = ABSENT
    urlContextMetadata: Raw = ABSENT
    tokenCount: Raw = ABSENT
    groundingAttributions: Raw = ABSENT

    @property
    def unread(self) -> list[str]:
        """Names of fields that say something which nobody reads."""
        return [name for name in _UNREAD if (said := getattr(self, name)) is not ABSENT and _says(said)]

    @property
    def searched(self) -> bool:
        """Whether it rests on a search; the queries are told with it."""
        return b'"webSearchQueries"' in bytes(self.groundingMetadata)

    @property
    def cites(self) -> bool:
        """Whether it says of anything where it is from."""
        return self.groundingMetadata != ABSENT or self.citationMetadata != ABSENT


_UNREAD = Candidate.__struct_fields__[6:]
_NOTHING = frozenset({b"null", b"[]", b"{}", b'""'})


def _says(value: Raw) -> bool:
    return bytes(value) not in _NOTHING


class OddCandidate(Candidate):
    """One with fields that nobody knows."""

    names: list[str] = []

    @property
    def unread(self) -> list[str]:
        """Names of fields that say something which nobody reads."""
        return [*super().unread, *self.names]


class Feedback(Struct):
    """What was thought of the prompt."""

    blockReason: str | int | None = None


class Chunk(Struct, forbid_unknown_fields=True):
    """An answer, or a piece of one."""

    candidates: list[Candidate] | None = None
    promptFeedback: Feedback | None = None
    usageMetadata: WireUsage | None = None
    modelVersion: str | None = None
    responseId: str | None = None
    error: Any = None
    createTime: Any = None
    modelStatus: Raw = ABSENT

    @property
    def unread(self) -> list[str]:
        """Names of fields that say something which nobody reads."""
        told = ["promptFeedback"] if self.promptFeedback is not None else []
        return [*told, "modelStatus"] if _says(self.modelStatus) else told

    @property
    def searched(self) -> bool:
        """Whether any candidate rests on a search."""
        return any(candidate.searched for candidate in self.candidates or ())

    @property
    def blocked(self) -> str | None:
        """Why the prompt was refused: then there are no candidates."""
        return block_word(self.promptFeedback.blockReason) if self.promptFeedback else None


class OddChunk(Chunk):
    """One with fields that nobody knows."""

    names: list[str] = []

    @property
    def unread(self) -> list[str]:
        """Names of fields that say something which nobody reads."""
        return [*super().unread, *self.names]


_DECODER = msgspec.json.Decoder(Chunk)
_OF_CHUNKS = frozenset(Chunk.__struct_fields__)
_OF_CANDIDATES = frozenset(Candidate.__struct_fields__)
_RAW = ("groundingMetadata", "citationMetadata", "logprobsResult", *_UNREAD)
_OBJECT = msgspec.json.Decoder(dict[str, Any])


def read_chunk(data: bytes | Raw) -> Chunk | None:
    """A chunk; None: it is no JSON object."""
    try:
        return _DECODER.decode(data)
    except msgspec.ValidationError:
        return _leniently(data)
    except UNREADABLE:
        return None


def _leniently(data: bytes | Raw) -> Chunk | None:
    """What can be understood of one with a field of an unexpected kind, or one that nobody knows."""
    try:
        fields = _OBJECT.decode(data)
    except UNREADABLE:
        return None
    chunk = OddChunk(
        names=unknown(fields, _OF_CHUNKS),
        usageMetadata=usage_leniently(fields.get("usageMetadata")),
        modelVersion=as_text(fields.get("modelVersion")),
        responseId=as_text(fields.get("responseId")),
        error=fields.get("error"),
        modelStatus=raw(fields.get("modelStatus")),
    )
    feedback = as_object(fields.get("promptFeedback"))
    if feedback:
        reason = feedback.get("blockReason")
        chunk.promptFeedback = Feedback(blockReason=reason if isinstance(reason, str | int) else None)
    if isinstance(fields.get("candidates"), list):
        chunk.candidates = [_candidate(as_object(each)) for each in as_list(fields["candidates"])]
    return chunk


def _candidate(fields: dict[str, Any]) -> Candidate:
    reason, index = fields.get("finishReason"), fields.get("index")
    said = [as_object(part) for part in as_list(as_object(fields.get("content")).get("parts"))]
    return OddCandidate(
        names=unknown(fields, _OF_CANDIDATES),
        content=Content(parts=[{name: raw(value) for name, value in part.items()} for part in said]),
        finishReason=reason if isinstance(reason, str | int) else None,
        index=index if isinstance(index, int) else None,
        **{name: raw(fields[name]) for name in _RAW if name in fields},
    )


def malformed_chunk() -> Failure:
    """The failure that an unreadable chunk means: it may have hidden content."""
    return Failure(kind=Kind.MALFORMED, message="The provider sent a chunk that is no JSON.", billed=True)
