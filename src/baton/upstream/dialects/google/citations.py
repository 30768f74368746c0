"""Grounding and citation metadata ⇄ core citations.

Google counts the places of a text in bytes of its UTF-8 (`Segment`, API reference); the core in characters.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Raw, structs

from baton.core.messages import Citation
from baton.upstream.dialects.google.chunks import Candidate
from baton.upstream.dialects.google.parts import HOME
from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, as_text, raw

_STEP = 4096
_MOST_QUOTED = 4
"""How many times a text may be repeated in the words of its citations: there can be thousands of them."""

_INNER = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 with which no character begins."""


class _Steps:
    """Running totals along a text, so that no place in it is counted from the beginning."""

    def __init__(self, count: Callable[[int, int], int]) -> None:
        """`count`: of what lies between two places, whatever is counted."""
        self._count = count
        self._totals = [0]

    def until(self, at: int) -> int:
        """The count of what lies before a place. What lies before that may grow no more."""
        step = at // _STEP
        for known in range(len(self._totals), step + 1):
            self._totals.append(self._totals[-1] + self._count((known - 1) * _STEP, known * _STEP))
        return self._totals[step] + self._count(step * _STEP, at)


class Grounds:
    """The text of a choice so far, for the places that its citations name."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._begun = _Steps(lambda start, end: len(self._text[start:end].translate(None, _INNER)))
        """How many characters begin before a byte."""

    def said(self, text: str) -> None:
        """More text."""
        self._text.extend(text.encode("utf-8", "replace"))

    def citations(self, candidate: Candidate) -> list[Citation]:
        """What a candidate says of where it has something from."""
        grounding = _object(candidate.groundingMetadata)
        cited = _object(candidate.citationMetadata)
        if not grounding and not cited:
            return []
        return [*self._grounded(grounding), *self._cited(cited)]

    def _grounded(self, grounding: dict[str, Any]) -> list[Citation]:
        chunks = [as_object(chunk) for chunk in as_list(grounding.get("groundingChunks"))]
        found: list[Citation] = []
        supported: set[int] = set()
        for support in map(as_object, as_list(grounding.get("groundingSupports"))):
            segment = as_object(support.get("segment"))
            for index in as_list(support.get("groundingChunkIndices")):
                if isinstance(index, int) and 0 <= index < len(chunks):
                    supported.add(index)
                    found.append(self._from(chunks[index], segment))
        found += [self._from(chunk, {}) for at, chunk in enumerate(chunks) if at not in supported]
        return found

    def _from(self, chunk: dict[str, Any], segment: dict[str, Any]) -> Citation:
        sources = [found for value in chunk.values() if (found := as_object(value))]
        source: dict[str, Any] = sources[0] if sources else {}
        return Citation(
            url=as_text(source.get("uri")),
            title=as_text(source.get("title")),
            quote=as_text(source.get("text")),
            start=self._chars(segment.get("startIndex", 0)) if segment else None,
            end=self._chars(segment.get("endIndex")) if segment else None,
            origin=HOME,
            raw=raw({"chunk": chunk, "segment": segment}),
        )

    def _cited(self, cited: dict[str, Any]) -> list[Citation]:
        sources = as_list(cited.get("citationSources")) or as_list(cited.get("citations"))
        return [
            Citation(
                url=as_text(source.get("uri")),
                title=as_text(source.get("title")),
                start=self._chars(source.get("startIndex", 0)),
                end=self._chars(source.get("endIndex")),
                origin=HOME,
                raw=raw({"source": source}),
            )
            for source in map(as_object, sources)
        ]

    def _chars(self, at: object) -> int | None:
        """A place in bytes as a place in characters."""
        if not isinstance(at, int) or isinstance(at, bool) or at < 0:
            return None
        at = min(at, len(self._text))
        is_inner = at < len(self._text) and self._text[at] in _INNER
        return self._begun.until(at) - is_inner


def _object(data: Raw) -> dict[str, Any]:
    try:
        return as_object(msgspec.json.decode(data))
    except UNREADABLE:
        return {}


def shifted(citation: Citation, by: int) -> Citation:
    """The citation with its place counted from elsewhere, in characters; as `origin` wrote it no longer."""
    if not by or citation.start is None:
        return citation
    end = None if citation.end is None else citation.end + by
    return structs.replace(citation, start=citation.start + by, end=end, raw=None)


def write_grounding(cited: Sequence[Citation], text: str) -> dict[str, Any]:
    """Grounding metadata that names each source once; places count from the beginning of all text."""
    chunks: list[Any] = []
    places: dict[bytes, int] = {}
    supports: list[dict[str, Any]] = []
    bytes_until = _Steps(lambda start, end: len(text[start:end].encode("utf-8", "replace")))
    quotable = _MOST_QUOTED * len(text)
    for citation in cited:
        known = as_object(msgspec.json.decode(citation.raw)) if _at_home(citation) and citation.raw else {}
        chunk = known.get("chunk") or _chunk(citation)
        key = msgspec.json.encode(chunk)
        if key not in places:
            places[key] = len(chunks)
            chunks.append(chunk)
        segment = known.get("segment") or _segment(citation, len(text), bytes_until)
        if segment and "segment" not in known:
            quote = text[citation.start : citation.end]
            quotable -= len(quote)
            segment |= {"text": quote} if quotable >= 0 else {}
        support = {"segment": segment} if segment else {}
        supports.append({**support, "groundingChunkIndices": [places[key]]})
    return {"groundingChunks": chunks, "groundingSupports": supports}


def _at_home(citation: Citation) -> bool:
    return citation.origin is HOME


def _chunk(citation: Citation) -> dict[str, Any]:
    """A source; one whose words are told is a context that was retrieved."""
    named = (("uri", citation.url), ("title", citation.title), ("text", citation.quote))
    source = {name: value for name, value in named if value is not None}
    return {"web" if citation.quote is None else "retrievedContext": source}


def _segment(citation: Citation, chars: int, bytes_until: _Steps) -> dict[str, Any]:
    """Its place, in bytes; `chars`: of the whole text."""
    if citation.start is None or citation.end is None:
        return {}
    start, end = (bytes_until.until(max(0, min(at, chars))) for at in (citation.start, citation.end))
    return {"startIndex": start, "endIndex": end}
