"""Streams handed on: cut anywhere, the same; read into the core, whole."""

import json

import pytest

from baton.core.failures import Kind
from baton.core.losses import Losses
from baton.core.usage import Usage
from baton.upstream.dialects.google.array import ArrayWriter
from baton.upstream.dialects.google.passing import Relay
from baton.upstream.dialects.google.streams import StreamReader, StreamWriter
from baton.upstream.dialects.handing import Handing, Translation
from tests.contracts.replay import Cuts, cut
from tests.upstream.dialects.google.recorded import (
    SPEC,
    chunks_of,
    envelope_of,
    gathered,
    hand_on,
    notes,
    pieces_of,
    streams,
)

ASKED = {"contents": [{"parts": [{"text": "hi"}]}]}
SHORT = 3000  # bytes; such streams are cut everywhere


def relay(*, array: bool = False) -> Handing:
    return Handing(Relay(envelope_of(ASKED, array=array), SPEC))


def translation() -> Handing:
    return Handing(Translation(StreamReader(SPEC), StreamWriter(Losses())))


def test_a_stream_in_its_own_dialect_is_the_same_wherever_it_was_cut() -> None:
    """Events handed on and notes taken do not depend on the chunks that a stream came in; nothing of it is
    changed."""
    for exchange, body in streams():
        whole = relay()
        handed = hand_on(whole, [body])
        assert chunks_of(handed) == chunks_of(body), exchange.id
        assert whole.seen.complete, exchange.id
        for pieces in pieces_of(body):
            again = relay()
            assert chunks_of(hand_on(again, pieces)) == chunks_of(handed), exchange.id
            assert notes(again) == notes(whole), exchange.id


def test_a_translated_stream_is_the_same_wherever_it_was_cut() -> None:
    """So with a stream that is read into the core and written again; short ones are cut at every byte."""
    for exchange, body in streams():
        whole = translation()
        handed = hand_on(whole, [body])
        cuts = [*pieces_of(body), *([list(cut(body, Cuts.BYTES))] if len(body) < SHORT else [])]
        for pieces in cuts:
            again = translation()
            assert hand_on(again, pieces) == handed, exchange.id
            assert notes(again) == notes(whole), exchange.id


def test_a_stream_is_whole_after_the_core() -> None:
    """Text, thoughts, calls, signatures, steps of Google's own tools, sources, finish and usage come out as
    they came, and the ledger knows the same of both."""
    for exchange, body in streams():
        translated, relayed = translation(), relay()
        written = gathered(chunks_of(hand_on(translated, [body])))
        hand_on(relayed, [body])
        said = gathered(chunks_of(body))
        told, usage = written.pop("usage"), said.pop("usage")
        assert written == said, exchange.id
        assert told.get("thoughtsTokenCount", 0) == usage.get("thoughtsTokenCount", 0)
        seen = (translated.seen, relayed.seen)
        assert seen[0].usage == seen[1].usage, exchange.id
        assert (seen[0].finish, seen[0].complete) == (seen[1].finish, True), exchange.id


def test_an_array_holds_what_the_events_hold() -> None:
    """Behind its opening bracket, relayed or translated, it is JSON, element by element."""
    for exchange, body in streams():
        for handing in (
            relay(array=True),
            Handing(Translation(StreamReader(SPEC), ArrayWriter(Losses()))),
        ):
            array = json.loads(b"[" + hand_on(handing, [body]))
            said = gathered(chunks_of(body))
            heard = gathered(array)
            del said["usage"], heard["usage"]
            assert heard == said, exchange.id


FIRST = b'data: {"candidates": [{"content": {"parts": [{"text": "he"}]}, "index": 0}]}\r\n\r\n'
LAST = (
    b'data: {"candidates": [{"content": {"parts": [{"text": "llo"}]}, "finishReason": "STOP", "index": 0}],'
    b'"usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 1}}\r\n\r\n'
)
AFTER = b'data: {"candidates": [{"groundingMetadata": {}, "index": 0}]}\r\n\r\n'


def test_the_last_chunk_waits_for_the_ledger_and_carries_the_receipt() -> None:
    """There is no end mark: what may be the last is held back until something follows, or the end."""
    handing = relay()
    assert handing.feed(FIRST) == FIRST
    assert handing.feed(LAST) == b""
    assert chunks_of(handing.feed(AFTER)) == chunks_of(LAST)
    assert handing.close() == b""
    assert handing.seen.complete
    (last,) = chunks_of(handing.finale(Usage(), {"costUsd": "1"}))
    assert last == {**chunks_of(AFTER)[0], "baton": {"costUsd": "1"}}


def test_usage_that_nobody_told_is_added_to_the_last_chunk() -> None:
    """From the ledger, so that every stream ends with it."""
    handing = relay()
    handing.feed(b'data: {"candidates": [{"finishReason": "STOP"}]}\n\n')
    (last,) = chunks_of(handing.close() + handing.finale(Usage(prompt=3, completion=4), None))
    assert last["usageMetadata"]["totalTokenCount"] == 7


@pytest.mark.parametrize("hand", [relay, translation])
def test_a_stream_that_is_cut_never_looks_finished(hand) -> None:
    """Without a finish reason it is broken, whatever was said."""
    handing = hand()
    handing.feed(FIRST)
    handing.close()
    assert handing.seen.failure is not None
    assert handing.seen.failure.kind is Kind.CONNECT


@pytest.mark.parametrize("hand", [relay, translation])
def test_an_error_inside_a_stream_ends_it(hand) -> None:
    """By what it says of itself."""
    handing = hand()
    handing.feed(FIRST)
    passed = handing.feed(
        b'data: {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}\r\n\r\n'
    )
    assert passed == b""
    assert handing.seen.failure is not None
    assert (handing.seen.failure.kind, handing.seen.failure.status) == (Kind.SERVER, 503)


@pytest.mark.parametrize(
    "strange",
    [
        b'{"candidates": [{"content": {"parts": [{"text": 5}, {"text": "ok"}]}, "finishReason": "STOP"}]}',
        b'{"candidates": [{"content": {"parts": [{"newKind": 1}, {"text": "ok"}]}, "finishReason": "NEW"}]}',
        b'{"candidates": [{"content": {"parts": [{"text": "ok"}]}, "finishReason": 1, "index": null}]}',
        b'{"candidates": [{"content": {"parts": [{"text": "ok"}]}, "finishReason": "STOP"}],'
        b'"usageMetadata": {"promptTokenCount": 1, "promptTokensDetails": 7}, "promptFeedback": []}',
        b'{"candidates": [{"content": {"parts": [{"functionCall": {"name": 5}}, {"text": "ok"}]},'
        b'"finishReason": "STOP", "groundingMetadata": {"groundingChunks": [5], "groundingSupports": "x"}}]}',
    ],
)
def test_a_strange_word_costs_no_more_than_itself(strange: bytes) -> None:
    """The rest of a paid answer arrives."""
    for handing in (relay(), translation()):
        chunks = chunks_of(hand_on(handing, [b"data: " + strange + b"\r\n\r\n"]))
        assert handing.seen.complete
        assert "ok" in json.dumps(chunks)
