"""Answers made of very many small things: they cost what they are long, in time and in memory."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest

from baton.core.answer import Began, Cited, ReasoningDelta, TextDelta, ToolCallBegan, ToolCallDelta
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import Citation
from baton.core.usage import Usage
from baton.upstream.dialects.anthropic.writer import StreamWriter
from baton.upstream.dialects.google.citations import write_grounding
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.sse import SseEvent
from baton.upstream.directory import declared
from tests.contracts.canned import good

MANY = 20_000
PIECE = "x" * 1000
BOUND_S = 6.0
"""Of the processor's time: many times what is needed, a fraction of what copying all for each would take."""

SPECS = {spec.name: spec for spec in declared()}


def read(dialect: Dialect, provider: str, events: Iterable[dict[str, Any]]) -> list[Any]:
    """What a provider's stream says."""
    reader = CODECS[dialect].reader(SPECS[provider])
    return [said for event in events for said in reader.read(SseEvent(json.dumps(event).encode(), b""))]


def chunk(**delta: Any) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def candidate(text: str) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}]}


ARGUMENTS = {"type": "input_json_delta", "partial_json": PIECE}
BEGUN = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
STREAMS: dict[str, tuple[Dialect, str, list[dict[str, Any]], type]] = {
    "arguments": (
        Dialect.ANTHROPIC,
        "anthropic",
        [
            {"type": "content_block_start", "index": 0, "content_block": BEGUN},
            *[{"type": "content_block_delta", "index": 0, "delta": ARGUMENTS}] * MANY,
        ],
        ToolCallDelta,
    ),
    "thoughts": (Dialect.OPENAI, "openrouter", [chunk(reasoning=PIECE)] * MANY, ReasoningDelta),
    "thoughts, told twice": (
        Dialect.OPENAI,
        "openrouter",
        [
            chunk(reasoning=PIECE),
            chunk(reasoning_details=[{"type": "reasoning.text", "text": "x", "index": 0}]),
        ]
        * MANY,
        ReasoningDelta,
    ),
    "text": (Dialect.GOOGLE, "google", [candidate(PIECE)] * MANY, TextDelta),
}


@pytest.mark.parametrize("what", STREAMS)
def test_a_long_stream_is_read_in_time(what: str) -> None:
    """Twenty megabytes in small pieces: what came before is not copied for each."""
    dialect, provider, events, kind = STREAMS[what]
    began_s = time.process_time()
    said = read(dialect, provider, events)
    assert time.process_time() - began_s < BOUND_S
    assert sum(isinstance(event, kind) for event in said) >= MANY


@pytest.mark.parametrize("between", [None, "text"])
def test_a_long_call_is_written_in_time(between: str | None) -> None:
    """Also where words come between its arguments, and each could be its end."""
    writer = StreamWriter(Losses())
    began_s = time.process_time()
    written = writer.write(Began("id", "m", 1)) + writer.write(ToolCallBegan(0, "c", "f"))
    pieces = [writer.write(ToolCallDelta(0, '{"a":"'))]
    for _ in range(MANY):
        pieces.append(writer.write(ToolCallDelta(0, PIECE)))
        if between is not None:
            pieces += [writer.write(TextDelta("a")), writer.write(ReasoningDelta("b"))]
    pieces += [writer.write(ToolCallDelta(0, '"}')), writer.finale(Usage(), None)]
    assert time.process_time() - began_s < BOUND_S
    written += b"".join(pieces)
    assert written.count(b"input_json_delta") == MANY + 2
    assert written.count(b"content_block_stop") == written.count(b"content_block_start")


def test_very_many_texts_are_joined_in_time() -> None:
    """One answer of a hundred thousand blocks of text."""
    answer = json.loads(good(Dialect.ANTHROPIC))
    answer["content"] = [{"type": "text", "text": PIECE[:200]}] * (5 * MANY)
    response = CODECS[Dialect.ANTHROPIC].read_answer(json.dumps(answer).encode(), SPECS["anthropic"])
    began_s = time.process_time()
    written = json.loads(CODECS[Dialect.OPENAI].write_answer(response, Losses()))
    assert time.process_time() - began_s < BOUND_S
    assert len(written["choices"][0]["message"]["content"]) == 200 * 5 * MANY


def test_very_many_citations_of_a_long_text_do_not_repeat_it_for_each() -> None:
    """Ten thousand that each stand on all of a megabyte: told by their places, and a few in words."""
    text = "é" * 1_000_000
    cited = [Citation(url="https://a.example", start=0, end=len(text))] * (MANY // 2)
    began_s = time.process_time()
    supports = write_grounding(cited, text)["groundingSupports"]
    assert time.process_time() - began_s < BOUND_S
    assert {support["segment"]["endIndex"] for support in supports} == {2_000_000}
    assert sum(len(support["segment"].get("text", "")) for support in supports) <= 4 * len(text)


@pytest.mark.parametrize("text", ["", "plain", "é☃😀z" * 3000, "a" * 4095 + "é" + "b" * 5000])
def test_places_are_the_same_however_they_are_counted(text: str) -> None:
    """In bytes and in characters, at every kind of place, inside a character too."""
    said = text.encode()
    places = sorted({0, 1, 2, 3, 4095, 4096, 4097, 8192, len(said) - 1, len(said), len(said) + 5} - {-1})
    for at in places:
        sources = [{"uri": "https://a.example", "startIndex": 0, "endIndex": at}]
        chunk = {"candidates": [{"index": 0, "citationMetadata": {"citationSources": sources}}]}
        told = read(Dialect.GOOGLE, "google", [candidate(text), chunk])
        (cited,) = [event.citation for event in told if isinstance(event, Cited)]
        assert cited.end == len(said[:at].decode("utf-8", "ignore"))
    for start, end in zip([-3, *places], places, strict=False):
        (support,) = write_grounding([Citation(url="u", start=start, end=end)], text)["groundingSupports"]
        first = max(0, start)
        assert support["segment"]["startIndex"] == len(text[:first].encode())
        assert support["segment"]["endIndex"] == len(text[:end].encode())
