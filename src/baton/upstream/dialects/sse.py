"""Server-sent events as the WHATWG HTML standard defines them (section 9.2.6), from any split of the bytes.

Two deviations, for the world as it is. An event that the connection's end cuts off before its blank line is
handed out by `rest()`, because providers end streams with an unterminated `data: [DONE]`. And an error that
stands among the events as plain JSON, on one line or several, is handed out as an event: to the standard
these lines are fields of no known name, but they say why the stream ends (seen of Gemini: maximhq/bifrost
pull request 5262).
"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from baton.upstream.dialects.wire import UNREADABLE, as_list, as_object, mended

_BOM = b"\xef\xbb\xbf"
# Two line ends in a row; atomic, so that one CRLF is never taken for two ends.
_BOUNDARY = re.compile(rb"(?>\r\n|\r|\n){2}")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LF, _CR = 0x0A, 0x0D
"""As numbers: these are found far faster than texts of one byte."""
_NAMES_OF_NO_USE = (b"id", b"retry")

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""Longer than any answer a provider packs into one event (images as base64); a bound against endless ones."""


class SseEvent(Struct, frozen=True, gc=False):
    """One event; `data` is mended. `raw` is what came over the wire for it, boundary included, ready to be
    passed on where it ends in a blank line; the LF of a CRLF that came in two chunks may be missing at its
    end."""

    data: bytes
    raw: bytes
    event: str = "message"


class EventTooLong(Exception):
    """An event grew past its bound."""


class SseReader:
    """Cuts a byte stream into events."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._pending = b""
        self._searched = 0
        self._started = False
        self._half_end = False
        """Whether the last boundary ended in a CR that an LF may still follow."""
        self._max = max_event_bytes

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that `chunk` completes, comments and empty events left out.

        Raises:
            EventTooLong: the event under way is longer than the bound.
        """
        if self._started and not self._pending and not self._half_end:
            alone = _alone(chunk)
            if alone is not None:
                return [alone]
        pending = self._pending + chunk if self._pending else chunk
        if not self._started:
            if len(pending) < len(_BOM) and _BOM.startswith(pending):
                self._pending = pending
                return []
            self._started = True
            pending = pending.removeprefix(_BOM)
        if self._half_end and pending:
            pending = pending.removeprefix(b"\n")
            self._half_end = False
        events: list[SseEvent] = []
        start = 0
        for end in self._boundaries(pending):
            raw = pending[start:end]
            start = end
            if b"data" not in raw and b"{" not in raw and b"[" not in raw:  # floods of these must cost little
                continue
            alone = _alone(raw)
            if alone is not None:
                events.append(alone)
            else:
                events += _read(raw)
        self._pending = pending[start:]
        self._half_end = self._half_end or (start == len(pending) and pending.endswith(b"\r"))
        # A boundary is at most 4 bytes and may be half here.
        self._searched = max(0, len(self._pending) - 3)
        if len(self._pending) > self._max:
            raise EventTooLong(f"an event of more than {self._max} bytes")
        return events

    def rest(self) -> list[SseEvent]:
        """What the end of the connection left unfinished."""
        events = _read(self._pending)
        self._pending = b""
        self._searched = 0
        return events

    def _boundaries(self, pending: bytes) -> list[int]:
        start, boundary = self._searched, b"\n\n"
        if _CR in pending:
            lines = pending.count(b"\r\n", start)
            if not lines == pending.count(b"\r", start) == pending.count(b"\n", start):
                return [match.end() for match in _BOUNDARY.finditer(pending, start)]
            boundary = b"\r\n\r\n"
        ends: list[int] = []
        at = pending.find(boundary, start)
        while at >= 0:
            ends.append(at + len(boundary))
            at = pending.find(boundary, at + len(boundary))
        return ends


def _alone(raw: bytes) -> SseEvent | None:
    """The one event in these bytes, if they are that and nothing else, in the form that providers write:
    a line of data, perhaps with the event's name before it. A short way; None: go the long one."""
    line, end = raw.find(b"\n"), len(raw) - 2
    if line == end and raw[-1] == _LF and raw[:6] == b"data: " and _CR not in raw:  # with no name, as most
        return SseEvent(mended(raw[6:end]), raw)
    if raw.startswith(b"event: "):
        name = raw[7:line].decode("utf-8", "replace") or "message"
        start = line + 7
        line = raw.find(b"\n", start)
    else:
        name, start = "message", 6
    if line == end:
        whole = raw[-1] == _LF and _CR not in raw
    else:
        end -= 2
        whole = line == end + 1 and raw.endswith(b"\r\n\r\n") and raw.find(b"\r") == end
    if not (whole and raw.startswith(b"data: ", start - 6)):
        return None
    return SseEvent(mended(raw[start:end]), raw, name)


def _read(raw: bytes) -> list[SseEvent]:
    """The event that some lines are; none where they hold no data (comments, blank lines, other fields). An
    error that stands bare among them is one of its own."""
    data: list[bytes] = []
    bare: list[bytes] = []
    name = "message"
    begun = False
    """Whether there was data before what stands bare."""
    for line in _LINE_END.split(raw):
        field, colon, value = line.partition(b":")
        if not field:  # a blank line, or a comment
            continue
        if colon and value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace") or "message"
        elif (bare or line.startswith((b"{", b"["))) and field not in _NAMES_OF_NO_USE:
            begun = begun if bare else bool(data)
            bare.append(line)
    text = mended(b"\n".join(data))
    error = _error_in(bare) if bare else None
    if error is None:
        return [SseEvent(text, raw, name)] if data else []
    if not data:
        return [error]
    said = SseEvent(text, write_event(text, None if name == "message" else name), name)
    return [said, error] if begun else [error, said]


def _error_in(lines: list[bytes]) -> SseEvent | None:
    """The error that lines of plain JSON are; None: they are something else, and of no meaning."""
    text = b"\n".join(lines)
    try:
        said: Any = msgspec.json.decode(text)
    except UNREADABLE:
        return None
    fields = as_object(as_list(said)[0] if as_list(said) else said)
    if fields.get("error"):
        data = msgspec.json.encode(fields)
    elif "error" in (fields.get("type"), fields.get("object")):
        data = msgspec.json.encode({"error": fields})
    else:
        return None
    return SseEvent(data, text + b"\n\n", "error")


def write_event(data: bytes, event: str | None = None) -> bytes:
    """One event; each line of `data` becomes a line of the event (LF is the only line end in it)."""
    if b"\n" in data:
        data = data.replace(b"\n", b"\ndata: ")
    if event is None:
        return b"data: " + data + b"\n\n"
    return b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
