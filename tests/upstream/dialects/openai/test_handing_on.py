"""Streams handed on: cut anywhere, the same; read into the core, whole."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from baton.core.losses import Losses
from baton.core.provider import ProviderSpec
from baton.core.request import Envelope, Options
from baton.core.usage import Usage
from baton.upstream.dialects.handing import Handing, Translation
from baton.upstream.dialects.openai.envelope import read_envelope
from baton.upstream.dialects.openai.passing import Relay
from baton.upstream.dialects.openai.streams import StreamReader
from baton.upstream.dialects.openai.writer import StreamWriter
from baton.upstream.directory import declared
from tests.contracts.events import read_events
from tests.contracts.recordings import PROVIDERS, Exchange, chats
from tests.contracts.replay import Cuts, cut

SPECS = {spec.name: spec for spec in declared()}
RANDOM_CUTS = 20
NO_OPTIONS = Options()


def streams(provider: str) -> list[tuple[Exchange, ProviderSpec]]:
    return [(exchange, SPECS[provider]) for exchange in chats(provider) if exchange.streamed]


def pieces_of(body: bytes) -> Iterator[list[bytes]]:
    """The stream cut at its events, and at 20 random places by 20 seeds."""
    yield list(cut(body, Cuts.EVENTS))
    rng = random.Random(len(body))
    for _ in range(RANDOM_CUTS):
        yield list(cut(body, Cuts.RANDOM, rng.randrange(1 << 30)))


def hand_on(handing: Handing, pieces: list[bytes]) -> tuple[bytes, Handing]:
    passed: list[bytes] = []
    for piece in pieces:
        passed.append(handing.feed(piece))
        if handing.seen.ended or handing.seen.failure is not None:
            break
    else:
        passed.append(handing.close())
    if handing.seen.complete:
        passed.append(handing.finale(handing.seen.usage or Usage(), None))
    return b"".join(passed), handing


def envelope_of(exchange: Exchange) -> Envelope:
    """The request as Baton keeps it; usage asked for."""
    body = {**exchange.request, "stream": True, "stream_options": {"include_usage": True}}
    return read_envelope(json.dumps(body).encode(), lambda _: NO_OPTIONS, {})


def notes(handing: Handing) -> tuple[object, ...]:
    """What the ledger will know of it."""
    return (
        handing.seen.complete,
        handing.seen.failure,
        handing.seen.finish,
        handing.seen.usage,
        handing.seen.model,
        handing.seen.chars,
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_in_its_own_dialect_is_the_same_wherever_it_was_cut(provider: str) -> None:
    """Bytes handed on and notes taken do not depend on the chunks that a stream came in."""
    for exchange, spec in streams(provider):
        envelope = envelope_of(exchange)
        whole, handing = hand_on(Handing(Relay(envelope, spec)), [exchange.body])
        for pieces in pieces_of(exchange.body):
            again, other = hand_on(Handing(Relay(envelope, spec)), pieces)
            assert (again, notes(other)) == (whole, notes(handing)), exchange.id


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_translated_stream_is_the_same_wherever_it_was_cut(provider: str) -> None:
    """So with a stream that is read into the core and written again."""
    for exchange, spec in streams(provider):
        whole, handing = hand_on(translation(spec), [exchange.body])
        for pieces in pieces_of(exchange.body):
            again, other = hand_on(translation(spec), pieces)
            assert (again, notes(other)) == (whole, notes(handing)), exchange.id


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_is_whole_after_the_core(provider: str) -> None:
    """Text, thoughts, tool calls, refusals and finish of each choice, and usage, come out as they came."""
    for exchange, spec in streams(provider):
        written, handing = hand_on(translation(spec), [exchange.body])
        assert gathered(written) == gathered(exchange.body), exchange.id
        relayed, other = hand_on(Handing(Relay(envelope_of(exchange), spec)), [exchange.body])
        assert gathered(relayed) == gathered(exchange.body), exchange.id
        assert notes(handing)[:5] == notes(other)[:5], exchange.id


def translation(spec: ProviderSpec) -> Handing:
    return Handing(Translation(StreamReader(spec), StreamWriter(include_usage=True, losses=Losses())))


def gathered(stream: bytes) -> dict[int, dict[str, Any]]:
    """What a client that knows nothing of Baton puts together from a stream, choice by choice."""
    choices: dict[int, dict[str, Any]] = {}
    for event in read_events(stream):
        if event.data == "[DONE]" or event.name == "error":
            continue
        for choice in json.loads(event.data).get("choices") or []:
            delta = choice.get("delta") or {}
            got = choices.setdefault(choice.get("index", 0), {"calls": {}, "finish": None})
            thought = delta.get("reasoning_content") or delta.get("reasoning")
            for name, said in (("text", delta.get("content")), ("thought", thought)):
                for kind, words in pieces_said(name, said):
                    got[kind] = got.get(kind, "") + words
            got["refusal"] = got.get("refusal", "") + (delta.get("refusal") or "")
            got["finish"] = choice.get("finish_reason") or got["finish"]
            for position, call in enumerate(delta.get("tool_calls") or []):
                gather_call(got["calls"], position, call)
    return choices


def pieces_said(name: str, said: Any) -> Iterator[tuple[str, str]]:
    """A text, or the texts and thoughts in a list of Mistral's parts."""
    if not isinstance(said, list):
        yield name, said or ""
        return
    for part in said:
        if part["type"] == "thinking":
            yield "thought", "".join(piece["text"] for piece in part["thinking"])
        elif part["type"] == "text":
            yield "text", part["text"]


def gather_call(calls: dict[int, dict[str, str]], position: int, call: dict[str, Any]) -> None:
    index = call.get("index")
    function = call["function"]
    known = calls.setdefault(position if index is None else index, {"id": "", "name": "", "arguments": ""})
    known["id"] = call.get("id") or known["id"]
    known["name"] = function.get("name") or known["name"]
    known["arguments"] += function.get("arguments") or ""


LAST = b'data: {"choices":[{"index":0,"delta":{"content":"well"},"finish_reason":"stop"}]}\n\n'


def relay() -> Handing:
    body = {"model": "x", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    envelope = read_envelope(json.dumps(body).encode(), lambda _: NO_OPTIONS, {})
    return Handing(Relay(envelope, SPECS["openai"]))


def test_a_remark_after_the_end_is_handed_on_unless_it_holds_a_key() -> None:
    """An error behind the last finish takes nothing back; the key it may repeat stays here."""
    remark = b'data: {"error":{"message":"slow today"}}\n\n'
    leak = b'data: {"error":{"message":"key sk-proj-abcdefghijklmnop is nearly spent"}}\n\n'
    for said, handed in ((remark, LAST + remark), (leak, LAST)):
        handing = relay()
        assert handing.feed(LAST + said) == handed
        assert (handing.seen.complete, handing.seen.failure) == (True, None)


@pytest.mark.parametrize(
    "event",
    [
        LAST,
        b'data: {"error":{"message":"slow today"}}\n\n',
        b'data: {"choices":[],"x":1}\n\n',
    ],
    ids=["a word", "a remark", "no choices"],
)
def test_an_event_cut_off_behind_its_last_byte_gets_its_blank_line(event: bytes) -> None:
    """Whatever follows it would otherwise become part of it."""
    for cut_off in (event[:-1], event[:-2]):
        handing = relay()
        passed = handing.feed(LAST + cut_off) + handing.close()
        assert passed == LAST + event
        assert handing.seen.complete


def test_a_chunk_of_batons_own_has_the_time_of_the_others() -> None:
    """What Baton adds at a stream's end is of the same answer, and its clients read `created`."""
    handing = relay()
    handing.feed(LAST.replace(b'{"choices"', b'{"id":"a","model":"m","created":7,"choices"'))
    last, *_ = read_events(handing.finale(Usage(), {"interaction": "i"}))
    chunk = json.loads(last.data)
    assert (chunk["id"], chunk["model"], chunk["created"]) == ("a", "m", 7)


def test_what_frames_a_word_is_no_word() -> None:
    """Of calls and of thoughts in lists, the ground of an estimate is what the model said, not its JSON."""
    exchange = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    envelope = read_envelope(json.dumps(exchange).encode(), lambda _: NO_OPTIONS, {})
    deltas: list[dict[str, Any]] = [
        {"content": "Well, "},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "text", "text": "so."}], "reasoning_content": "!"},
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "look", "arguments": '{"a":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}, "odd", {"function": None}]},
    ]
    handing = Handing(Relay(envelope, SPECS["openai"]))
    for delta in deltas:
        chunk = {"choices": [{"index": 0, "delta": delta}]}
        handing.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    assert handing.seen.chars == len('Well, hmso.!{"a":1}')
