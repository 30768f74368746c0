"""Server-sent events come out the same however their bytes are cut."""

import random
from collections.abc import Iterable, Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.upstream.dialects.sse import EventTooLong, SseEvent, SseReader, write_event
from tests.contracts.events import Event, read_events
from tests.contracts.recordings import Exchange, exchanges

SHARES = 12
"""The recorded streams in so many tests, so that they run beside each other."""

EDGE = 1024
"""Bytes at both ends of a long event that are all cut at."""


def feed(pieces: Iterable[bytes], reader: SseReader | None = None) -> list[SseEvent]:
    reader = reader or SseReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.rest()


def plain(events: Iterable[SseEvent]) -> list[Event]:
    return [Event(event.event, event.data.decode("utf-8", "replace")) for event in events]


def one_byte_at_a_time(stream: bytes) -> list[bytes]:
    return [stream[at : at + 1] for at in range(len(stream))]


def recorded(share: int) -> Sequence[Exchange]:
    """Every stream that is recorded, whoever sent it and in whichever dialect; dealt out by length."""
    streams = sorted(exchanges(lambda exchange: exchange.streamed), key=lambda one: (len(one.body), one.id))
    return streams[share::SHARES]


@pytest.mark.parametrize("share", range(SHARES))
def test_every_recorded_stream_reads_as_the_standard_says(share: int) -> None:
    """Whole and byte by byte, all recorded streams give the events of the slow reading."""
    for exchange in recorded(share):
        expected = read_events(exchange.body)
        assert plain(feed([exchange.body])) == expected, exchange.id
        assert plain(feed(one_byte_at_a_time(exchange.body))) == expected, exchange.id


@pytest.mark.parametrize("share", range(SHARES))
def test_a_recorded_stream_cut_at_any_byte_is_the_same_stream(share: int) -> None:
    """Two pieces, cut at every byte there is: what comes before the cut and after it is the whole.

    The pieces hold the event that is cut and a short one after it: the reader has handed out everything
    before, which is what the byte-by-byte test shows, and a longer rest would be read the same way.
    The middle of events that are longer than 2 KB is only sampled here.
    """
    for exchange in recorded(share):
        for span in spans_of(exchange.body):
            pair = span + b"data: next\n\n"
            expected = outline(feed([pair]))
            for place in places_in(len(span)):
                assert outline(feed([pair[:place], pair[place:]])) == expected, (exchange.id, place)


@pytest.mark.soak
def test_very_long_events_are_read_the_same_wherever_they_are_cut() -> None:
    """Recorded events over 2 KB are read the same wherever they are cut, at every byte."""
    for share in range(SHARES):
        for exchange in recorded(share):
            for span in spans_of(exchange.body):
                if len(span) <= 2 * EDGE:
                    continue
                pair = span + b"data: next\n\n"
                expected = outline(feed([pair]))
                for place in range(EDGE, len(span) - EDGE):
                    assert outline(feed([pair[:place], pair[place:]])) == expected, (exchange.id, place)


def places_in(length: int) -> Iterable[int]:
    """Every place to cut at; of a very long event's middle every 61st, which meets each kind of byte."""
    if length <= 2 * EDGE:
        return range(1, length + 1)
    return chain(range(1, EDGE), range(EDGE, length - EDGE, 61), range(length - EDGE, length + 1))


def outline(events: Iterable[SseEvent]) -> list[tuple[str, bytes, bytes]]:
    """All there is to an event but the line ends around its raw bytes."""
    return [(event.event, event.data, event.raw.strip(b"\r\n")) for event in events]


def spans_of(stream: bytes) -> list[bytes]:
    """The stream in pieces that each end with an event, comments before it included."""
    spans: list[bytes] = []
    start = 0
    for event in feed([stream]):
        end = stream.index(event.raw, start) + len(event.raw)
        spans.append(stream[start:end])
        start = end
    return spans


@pytest.mark.parametrize("share", range(SHARES))
def test_a_recorded_stream_in_many_pieces_is_the_same_stream(share: int) -> None:
    """Cut at random into many pieces, with the raw bytes as well as the data unchanged."""
    for exchange in recorded(share):
        expected = outline(feed([exchange.body]))
        rng = random.Random(exchange.id)
        for pieces in (2, 20, 200):
            places = sorted(rng.sample(range(len(exchange.body)), min(pieces, len(exchange.body))))
            ends = [*places, len(exchange.body)]
            parts = [exchange.body[a:b] for a, b in zip([0, *places], ends, strict=True)]
            assert outline(feed(parts)) == expected, exchange.id


LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
VALUES = st.text(
    st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=6
) | st.sampled_from(["[DONE]", '{"a":"ü – 漢 🎼"}', " two spaces", ":", "\ufeff"])
LINES = st.one_of(
    st.builds("data: {}".format, VALUES),
    st.builds("data:{}".format, VALUES),
    st.just("data"),
    st.builds("event: {}".format, st.sampled_from(["error", "ping", "", "message_delta"])),
    st.builds(": {}".format, VALUES),
    st.sampled_from(["", "", "", "id: 7", "retry: 10", "unknown", "data : x", "\ufeffdata: x"]),
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Lines and line ends of every kind, mixed; perhaps a byte order mark, perhaps cut off."""
    lines = draw(st.lists(st.tuples(LINES, LINE_ENDS), max_size=25))
    text = "".join(line + end for line, end in lines)
    stream = (draw(st.sampled_from(["", "\ufeff"])) + text).encode()
    return stream[: len(stream) - draw(st.integers(0, min(3, len(stream))))]


@given(streams(), st.randoms(use_true_random=False))
def test_any_stream_reads_as_the_standard_says(stream: bytes, rng: random.Random) -> None:
    """CR, LF, CRLF, comments, a byte order mark, several data lines, UTF-8: in one piece, byte by byte, and
    at random cuts, the events are those of the slow reading."""
    expected = read_events(stream)
    places = sorted(rng.randrange(len(stream) + 1) for _ in range(3))
    thirds = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    assert plain(feed([stream])) == expected
    assert plain(feed(one_byte_at_a_time(stream))) == expected
    assert plain(feed(thirds)) == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=6))
def test_what_is_written_is_read(texts: list[str]) -> None:
    """An event written is the event read, also where its data has several lines."""
    texts = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    stream = b"".join(write_event(text.encode(), "news") for text in texts)
    assert plain(feed([stream])) == [Event("news", text) for text in texts]


def test_the_raw_bytes_of_the_events_are_the_stream() -> None:
    """Nothing of a stream is lost by passing its events on as they came, but comments that stand alone."""
    events = feed([b'data: {"a":1}\n\n: wait\n\nevent: error\ndata: {}\r\n\r\ndata: [DONE]'])
    assert [event.raw for event in events] == [
        b'data: {"a":1}\n\n',
        b"event: error\ndata: {}\r\n\r\n",
        b"data: [DONE]",
    ]


def test_an_endless_event_is_refused() -> None:
    """An event that grows past its bound is not kept in memory."""
    reader = SseReader(max_event_bytes=1000)
    assert reader.feed(b"data: " + b"x" * 900) == []
    with pytest.raises(EventTooLong):
        reader.feed(b"x" * 200)


WORD = b'data: {"word":1}\n\n'
PRETTY = b'{\n  "error": {\n    "code": 429,\n    "message": "Spent: all of it."\n  }\n}'
BARE: dict[str, tuple[bytes, list[bytes]]] = {
    "on a line": (WORD + b'{"error":"x"}\n\n' + WORD, [b'{"word":1}', b'{"error":"x"}', b'{"word":1}']),
    "on several": (
        WORD + PRETTY + b"\n",
        [b'{"word":1}', b'{"error":{"code":429,"message":"Spent: all of it."}}'],
    ),
    "on several, with CRLF": (
        PRETTY.replace(b"\n", b"\r\n"),
        [b'{"error":{"code":429,"message":"Spent: all of it."}}'],
    ),
    "in an array": (b'[{"error":{"code":5}}]\n\n', [b'{"error":{"code":5}}']),
    "by its type": (b'{"type":"error","message":"x"}\n\n', [b'{"error":{"type":"error","message":"x"}}']),
    "by its kind of object": (b'{"object":"error"}', [b'{"error":{"object":"error"}}']),
    "before the next event's lines": (b'{"error":1}\n' + WORD, [b'{"error":1}', b'{"word":1}']),
    "behind an event's lines": (b'data: {"word":1}\n{"error":1}\n\n', [b'{"word":1}', b'{"error":1}']),
    "between them": (
        b'event: a\ndata: 1\nid: 5\n{"error":1}\nretry: 4\ndata: 2\n\n',
        [b"1\n2", b'{"error":1}'],
    ),
}


@pytest.mark.parametrize("how", BARE)
def test_an_error_that_stands_bare_is_an_event(how: str) -> None:
    """Wherever the bytes are cut; the events around it stay what they are, without its lines."""
    stream, said = BARE[how]
    for pieces in (
        [stream],
        one_byte_at_a_time(stream),
        *([stream[:at], stream[at:]] for at in range(len(stream))),
    ):
        events = feed(pieces)
        assert [event.data for event in events] == said
        for event in events:
            assert (event.event == "error") == (b"error" in event.data)
            assert event.raw.endswith((b"\n\n", b"\r\n\r\n"))
            assert event.event == "error" or b"error" not in event.raw


@pytest.mark.parametrize(
    "line",
    [
        b'{"choices":[]}',
        b"{oops",
        b"[1,2]",
        b"{}",
        b'{"error":null}',
        b"[" * 5000,
        b'"error"',
        b'{"error"\xff',
    ],
)
def test_what_else_stands_bare_means_nothing(line: bytes) -> None:
    """As the standard has it: a field that nobody knows."""
    for stream in (line + b"\n\n" + WORD, line + b"\n" + WORD, WORD + line):
        assert [event.data for event in feed([stream])] == [b'{"word":1}']
