"""Streams handed on: cut anywhere, the same; read into the core, whole."""

import json
from typing import Any

from baton.core.losses import Losses
from baton.core.usage import Usage
from baton.upstream.dialects.anthropic.codec import CODEC
from baton.upstream.dialects.handing import Handing, Translation
from tests.contracts.recordings import Exchange
from tests.upstream.dialects.anthropic.recorded import SPEC, envelope_of, gathered, pieces_of, streams


def relay(exchange: Exchange) -> Handing:
    return Handing(CODEC.relay(envelope_of(exchange.request), SPEC))


def translation() -> Handing:
    return Handing(Translation(CODEC.reader(SPEC), CODEC.writer(Losses())))


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
    """Without a wish for what Baton has to say, not even the padding changes."""
    for exchange in streams():
        handing = relay(exchange)
        assert hand_on(handing, [exchange.body]).rstrip() == exchange.body.rstrip(), exchange.id
        assert handing.seen.complete, exchange.id


def test_what_baton_has_to_say_rides_on_the_end() -> None:
    """The event that tells why the answer ended has it; nothing else changes."""
    for exchange in streams():
        told = gathered(hand_on(relay(exchange), [exchange.body], {"interaction": "1"}))
        assert told.pop("baton") == {"interaction": "1"}
        assert told == gathered(exchange.body), exchange.id


def test_a_stream_in_its_own_dialect_is_the_same_wherever_it_was_cut() -> None:
    """Bytes handed on and notes taken do not depend on the chunks that a stream came in."""
    for exchange in streams():
        handing = relay(exchange)
        whole = hand_on(handing, [exchange.body])
        for pieces in pieces_of(exchange.body):
            other = relay(exchange)
            assert (hand_on(other, pieces), notes(other)) == (whole, notes(handing)), exchange.id


def test_a_translated_stream_is_the_same_wherever_it_was_cut() -> None:
    """So with a stream that is read into the core and written again."""
    for exchange in streams():
        handing = translation()
        whole = hand_on(handing, [exchange.body])
        for pieces in pieces_of(exchange.body):
            other = translation()
            assert (hand_on(other, pieces), notes(other)) == (whole, notes(handing)), exchange.id


def test_a_stream_is_whole_after_the_core() -> None:
    """Text, thoughts and signatures, calls, citations, server-side tools, usage and the end come out as they
    came; texts that follow one another without a citation between are one."""
    for exchange in streams():
        handing = translation()
        told = gathered(hand_on(handing, [exchange.body]))
        expected = gathered(exchange.body)
        assert shown(told["content"]) == shown(expected["content"]), exchange.id
        assert told["stop_reason"] == expected["stop_reason"], exchange.id
        assert notes(handing)[:4] == notes_of_relay(exchange)[:4], exchange.id


def notes_of_relay(exchange: Exchange) -> tuple[object, ...]:
    handing = relay(exchange)
    hand_on(handing, [exchange.body])
    return notes(handing)


def shown(blocks: list[dict[str, Any]]) -> list[Any]:
    """Blocks without what says no more than its absence; texts in a row as one, with all their citations."""
    told: list[Any] = []
    for block in blocks:
        fields = {name: said for name, said in block.items() if said not in (None, [])}
        if fields.get("caller") == {"type": "direct"}:
            del fields["caller"]
        if fields["type"] == "text" and told and told[-1]["type"] == "text":
            told[-1]["text"] += fields["text"]
            told[-1]["citations"] = [*told[-1].get("citations", []), *fields.get("citations", [])]
        else:
            told.append(fields)
    for fields in told:
        if not fields.get("citations"):
            fields.pop("citations", None)
    return json.loads(json.dumps(told))
