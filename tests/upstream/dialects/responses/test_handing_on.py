"""Streams handed on: cut anywhere, the same; read into the core, whole."""

import json
import re
from typing import Any

import pytest

from baton.core.answer import ReasoningDelta
from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.usage import Usage
from baton.upstream.dialects.handing import Handing, Translation
from baton.upstream.dialects.responses.codec import CODEC
from baton.upstream.dialects.sse import SseEvent, write_event
from tests.contracts.description import problems
from tests.contracts.events import read_events
from tests.contracts.recordings import Exchange
from tests.upstream.dialects.responses.recorded import Gathered, envelope_of, pieces_of, said, streams

DONE = b"data: [DONE]\n\n"
_COMMENT = re.compile(rb"^:.*\n\n", re.MULTILINE)
ASKED = {"model": "gpt-x", "input": "hello", "stream": True}


def relay(exchange: Exchange, spec: ProviderSpec) -> Handing:
    return Handing(CODEC.relay(envelope_of(exchange.request), spec))


def translation(exchange: Exchange, spec: ProviderSpec) -> Handing:
    return Handing(Translation(CODEC.reader(spec), envelope_of(exchange.request).writer(Losses())))


def hand_on(handing: Handing, pieces: list[bytes], baton: dict[str, Any] | None = None) -> bytes:
    passed: list[bytes] = []
    for piece in pieces:
        passed.append(handing.feed(piece))
        if handing.seen.ended or handing.seen.failure is not None:
            break
    else:
        passed.append(handing.close())
    if handing.seen.complete:
        passed.append(handing.finale(handing.seen.usage or Usage(), baton))
    return b"".join(passed)


def notes(handing: Handing) -> tuple[object, ...]:
    """What the ledger will know of it."""
    seen = handing.seen
    return (seen.complete, seen.failure, seen.finish, seen.usage, seen.model, seen.id, seen.chars)


def test_a_stream_in_its_own_dialect_is_handed_on_to_the_byte() -> None:
    """But for comments, and the other API's end mark, which OpenRouter sends and this one does not have."""
    for exchange, spec in streams():
        handing = relay(exchange, spec)
        expected = _COMMENT.sub(b"", exchange.body).removesuffix(DONE)
        assert hand_on(handing, [exchange.body]) == expected, exchange.id
        assert handing.seen.complete, exchange.id


def test_what_baton_has_to_say_rides_on_the_end() -> None:
    """The event that holds the whole answer has it; nothing else changes."""
    for exchange, spec in streams():
        told = read_events(hand_on(relay(exchange, spec), [exchange.body], {"interaction": "1"}))
        plain = [event for event in read_events(exchange.body) if event.data != "[DONE]"]
        assert told[:-1] == plain[:-1], exchange.id
        last = json.loads(told[-1].data)
        assert last.pop("baton") == {"interaction": "1"}
        assert last == json.loads(plain[-1].data), exchange.id


def test_a_stream_in_its_own_dialect_is_the_same_wherever_it_was_cut() -> None:
    """Bytes handed on and notes taken do not depend on the chunks that a stream came in."""
    for exchange, spec in streams():
        handing = relay(exchange, spec)
        whole = hand_on(handing, [exchange.body])
        for pieces in pieces_of(exchange.body):
            other = relay(exchange, spec)
            assert (hand_on(other, pieces), notes(other)) == (whole, notes(handing)), exchange.id


def test_a_translated_stream_is_the_same_wherever_it_was_cut() -> None:
    """So with a stream that is read into the core and written again."""
    for exchange, spec in streams():
        handing = translation(exchange, spec)
        whole = hand_on(handing, [exchange.body])
        for pieces in pieces_of(exchange.body):
            other = translation(exchange, spec)
            assert (hand_on(other, pieces), notes(other)) == (whole, notes(handing)), exchange.id


def test_a_stream_is_whole_after_the_core() -> None:
    """Texts, citations, thoughts and their ciphers, calls, server-side tools, usage and the end come out as
    they came, in the deltas and in the last event; relay and translation note the same."""
    for exchange, spec in streams():
        handing = translation(exchange, spec)
        written = Gathered(hand_on(handing, [exchange.body]))
        assert said(written.whole) == said(whole_of(exchange)), exchange.id
        other = relay(exchange, spec)
        hand_on(other, [exchange.body])
        assert notes(handing) == notes(other), exchange.id


def whole_of(exchange: Exchange) -> dict[str, Any]:
    """The answer in a recorded stream's last event, its items as they came when they were done: a thought's
    cipher is another one in the last event (recording azure-44062c9d01)."""
    events = [json.loads(event.data) for event in read_events(exchange.body) if event.data != "[DONE]"]
    items = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    return {**events[-1]["response"], "output": items}


def test_a_written_stream_is_as_openai_describes_it() -> None:
    """Every event is valid by the API description, but for the steps of a server-side tool, which stay as
    they came (the description does not know all sources of a web search)."""
    for exchange, spec in streams():
        for event in read_events(hand_on(translation(exchange, spec), [exchange.body])):
            if "web_search_call" not in event.data:
                assert problems("ResponseStreamEvent", json.loads(event.data)) == [], exchange.id


def relay_of(*events: dict[str, Any], spec: ProviderSpec) -> tuple[Handing, bytes]:
    handing = Handing(CODEC.relay(envelope_of(ASKED), spec))
    passed = handing.feed(
        b"".join(write_event(json.dumps(event).encode(), event["type"]) for event in events)
    )
    return handing, passed


SPEC = ProviderSpec(name="made-up", title="Made up", base_url="http://provider.test/v1")
TEXT = {"type": "response.output_text.delta", "output_index": 0, "delta": "Hi", "item_id": "msg_1"}


@pytest.mark.parametrize("hand", ["relay", "reader"])
def test_an_event_that_nobody_knows_does_no_harm(hand: str) -> None:
    """In its own dialect it goes on; into another it says nothing."""
    odd = {"type": "response.audio.telepathy", "delta": {"a": [1]}, "sequence_number": 7}
    if hand == "relay":
        handing, passed = relay_of(odd, TEXT, spec=SPEC)
        assert passed.count(b"data:") == 2
        assert (handing.seen.failure, handing.seen.chars) == (None, 2)
    else:
        handing = Handing(Translation(CODEC.reader(SPEC), CODEC.writer(Losses())))
        passed = handing.feed(b"".join(write_event(json.dumps(event).encode()) for event in (odd, TEXT)))
        assert b"telepathy" not in passed
        assert (handing.seen.failure, handing.seen.chars) == (None, 2)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (
            {
                "type": "response.failed",
                "response": {"error": {"code": "rate_limit_exceeded", "message": "Slow."}},
            },
            "rate_limit_exceeded",
        ),
        (
            {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "Oh."}}},
            "provider_error",
        ),
        ({"type": "error", "code": "context_length_exceeded", "message": "Long."}, "context_length_exceeded"),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "code": "invalid_prompt"}},
            "invalid_request",
        ),
        ({"type": "response.failed", "response": {"error": None}}, "provider_error"),
    ],
)
def test_an_answer_that_failed_never_ends_as_a_whole_one(event: dict[str, Any], kind: str) -> None:
    """Relay and reader both note the failure, its kind by its code, and hand nothing of it on."""
    handing, passed = relay_of(TEXT, event, spec=SPEC)
    assert handing.seen.failure is not None
    assert (handing.seen.failure.kind, handing.seen.complete) == (kind, False)
    assert passed.count(b"data:") == 1
    other = Handing(Translation(CODEC.reader(SPEC), CODEC.writer(Losses())))
    other.feed(b"".join(write_event(json.dumps(each).encode()) for each in (TEXT, event)))
    assert other.seen.failure is not None
    assert (other.seen.failure.kind, other.seen.complete) == (kind, False)


def test_a_stream_that_was_cut_off_is_no_answer() -> None:
    """Not even one whose message was done: only the last event makes it whole."""
    item = {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {"type": "message", "content": []},
    }
    handing, _ = relay_of(TEXT, item, spec=SPEC)
    handing.close()
    assert handing.seen.failure is not None
    assert not handing.seen.complete


def test_usage_that_nobody_counted_is_put_into_the_last_event() -> None:
    """What the ledger estimated is what the caller reads."""
    end = {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}}
    handing, _ = relay_of(TEXT, end, spec=SPEC)
    last = json.loads(read_events(handing.finale(Usage(prompt=3, completion=2), None))[-1].data)
    assert (last["response"]["usage"]["input_tokens"], last["response"]["usage"]["total_tokens"]) == (3, 5)


def test_a_thought_that_is_told_twice_is_read_once() -> None:
    """As its summary and as its text: the first that comes counts; parts of a summary stand apart."""
    summary = {"type": "response.reasoning_summary_text.delta", "output_index": 0}
    part = {"type": "response.reasoning_summary_part.added", "output_index": 0}
    told = (
        part,
        summary | {"delta": "First."},
        {"type": "response.reasoning_text.delta", "output_index": 0, "delta": "the same at length"},
        part,
        summary | {"delta": "Second."},
    )
    reader = CODEC.reader(SPEC)
    events = [said for event in told for said in reader.read(SseEvent(json.dumps(event).encode(), b""))]
    assert "".join(said.text for said in events if isinstance(said, ReasoningDelta)) == "First.\n\nSecond."
