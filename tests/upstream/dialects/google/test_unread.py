"""What a candidate says that nobody else has a word for is told to callers of other dialects."""

import json
from typing import Any

import pytest

from baton.core.answer import StreamEvent, Unread
from baton.core.losses import Losses
from baton.core.messages import Text
from baton.upstream.dialects.google.codec import CODEC
from baton.upstream.dialects.handing import Progress, Translation
from baton.upstream.dialects.openai.writer import StreamWriter
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.sse import SseReader, write_event
from baton.upstream.dialects.unsaid import MOST_NAMED
from tests.upstream.dialects.google.recorded import SPEC

RATED = [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}]
SAID = {
    "safetyRatings": RATED,
    "avgLogprobs": -0.1,
    "finishMessage": "done",
    "urlContextMetadata": {"urlMetadata": [{}]},
    "newerField": {"a": 1},
    "tokenCount": None,
    "groundingMetadata": {"webSearchQueries": ["x"], "groundingChunks": [{"web": {"uri": "https://a.b"}}]},
    "citationMetadata": {"citations": [{"uri": "https://a.b"}], "license": "MIT"},
}
NAMED = {
    "candidates[0].safetyRatings",
    "candidates[0].avgLogprobs",
    "candidates[0].finishMessage",
    "candidates[0].urlContextMetadata",
    "candidates[0].newerField",
    "candidates[0].groundingMetadata.webSearchQueries",
    "candidates[0].citationMetadata.license",
    "candidates[0].content.parts",
    "promptFeedback",
    "newer",
}


def answer(**said: Any) -> bytes:
    candidate = {
        "content": {"parts": [{"text": "hi"}, *said.pop("parts", [])]},
        "finishReason": "STOP",
        **said,
    }
    top = {"promptFeedback": {"safetyRatings": RATED}, "newer": 1}
    return json.dumps({"candidates": [candidate], "responseId": "a", "modelVersion": "m", **top}).encode()


def told(*chunks: bytes) -> list[StreamEvent]:
    reader = CODEC.reader(SPEC)
    return [
        event
        for chunk in chunks
        for data in SseReader().feed(write_event(chunk))
        for event in reader.read(data)
    ]


@pytest.mark.parametrize("dialect", [dialect for dialect in CODECS if dialect is not CODEC.dialect])
def test_a_whole_answer_names_what_is_left_out(dialect: Any) -> None:
    """By its path; what says nothing is not named."""
    losses = Losses()
    read = CODEC.read_answer(answer(parts=[{"text": 7}], **SAID), SPEC)
    CODECS[dialect].write_answer(read, losses)
    assert set(losses.dropped) - {"citations"} == NAMED


def test_a_stream_names_it_once() -> None:
    """In whichever chunk it comes; the caller is told in the last event's `baton`."""
    chunk = answer(parts=[{"text": 7}], **SAID)
    events = told(chunk, chunk, chunk)
    named = [path for event in events if isinstance(event, Unread) for path in event.paths]
    assert sorted(named) == sorted(NAMED)
    losses = Losses()
    hand = Translation(CODEC.reader(SPEC), StreamWriter(include_usage=True, losses=losses), 0, losses)
    for data in SseReader().feed(write_event(chunk)):
        assert b"newer" not in hand.take(data, Progress())
    assert set(losses.dropped) >= NAMED


def test_a_field_of_a_part_that_nobody_reads_is_named() -> None:
    """The part is read all the same; one of a kind of its own stays whole."""
    parts = [{"text": "ho", "partMetadata": {"a": 1}}, {"executableCode": {"code": "1"}, "odd": 1}]
    body = answer(parts=parts)
    read = CODEC.read_answer(body, SPEC)
    assert "candidates[0].content.parts.partMetadata" in read.unread
    assert not any("odd" in path for path in read.unread)
    assert read.choices[0].parts[1] == Text(text="ho")
    assert any(
        "candidates[0].content.parts.partMetadata" in e.paths for e in told(body) if isinstance(e, Unread)
    )


def test_a_plain_answer_names_nothing() -> None:
    """Nulls and empty lists are nothing."""
    body = json.loads(answer(safetyRatings=[], avgLogprobs=None))
    for name in ("promptFeedback", "newer"):
        del body[name]
    body["createTime"] = "2026-01-01T00:00:00Z"
    plain = json.dumps(body).encode()
    assert CODEC.read_answer(plain, SPEC).unread == ()
    assert not [event for event in told(plain) if isinstance(event, Unread)]


def test_names_have_an_end() -> None:
    """A provider that makes up fields does not fill the headers."""
    events = told(*(answer(**{f"field{number}": 1}) for number in range(MOST_NAMED * 2)))
    assert sum(len(event.paths) for event in events if isinstance(event, Unread)) == MOST_NAMED


def test_a_part_that_says_nothing_else_is_no_stumbling_block() -> None:
    """An empty text with a field of its own."""
    said = told(answer(parts=[{"text": "", "videoMetadata": {"a": 1}}]))
    assert any("candidates[0].content.parts.videoMetadata" in e.paths for e in said if isinstance(e, Unread))
