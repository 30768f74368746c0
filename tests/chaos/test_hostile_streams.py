"""Providers whose streams go wrong: never passed off as finished, always ended, always recorded."""

import asyncio
import json
from typing import Any

import pytest
from msgspec import structs

from baton.gateway.resilience.deadline import Limits
from baton.upstream import replies
from baton.upstream.dialects import sse
from tests.chaos.conftest import KEY, Stage, broken, refused
from tests.chaos.provider import (
    DONE,
    USED,
    Caller,
    answering,
    chunked,
    closing,
    completion,
    event,
    head,
    whole,
    word,
)
from tests.chaos.wire import Reply

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def streamed(stage: Stage, *pieces: bytes, headers: tuple[str, ...] = (), **fields: Any) -> Reply:
    """What the caller gets of a stream when the provider sends this and closes."""
    stage.provider.act = closing(*pieces)
    return await stage.ask(*headers, stream=True, **fields)


ENDS = {
    "with everything": [word("one "), word("two", "stop"), USED, DONE],
    "without an end mark": [word("one "), word("two", "stop")],
    "without a finish": [word("one "), word("two"), DONE],
    "with half an event behind its end": [word("one "), word("two", "stop"), DONE, b"data: {"],
    "with an end mark that no blank line follows": [word("one "), word("two", "stop"), b"data: [DONE]"],
    "with comments in it": [b": hi\n\n", word("one "), b": ping\n", word("two", "stop"), DONE],
    "with CRLF": [part.replace(b"\n", b"\r\n") for part in (word("one "), word("two", "stop"), DONE)],
    "with events that say nothing": [
        event({}),
        word("one "),
        event({"choices": []}),
        word("two", "stop"),
        DONE,
    ],
    "with fields nobody knows": [b"id: 5\nretry: 1\nfoo: bar\n" + word("one "), word("two", "stop"), DONE],
    "with a delta of a wrong kind": [
        word("one "),
        event({"choices": [{"delta": "?", "index": "x"}]}),
        word("two", "stop"),
        DONE,
    ],
}


@pytest.mark.parametrize("how", ENDS)
async def test_a_stream_that_is_whole_is_handed_on_whole(stage: Stage, how: str) -> None:
    """However it ends, an answer that is complete is one, with one end mark."""
    for pieces in (chunked(*ENDS[how]), [head(), *ENDS[how]]):
        reply = await streamed(stage, *pieces)
        assert reply.status == 200
        assert (reply.text, reply.events.count("[DONE]")) == ("one two", 1)
        assert (await stage.row(reply))[0].status == "ok"


WORDS = [word("one "), word("two ")]
BREAKS: dict[str, tuple[list[bytes], str]] = {
    "cut between events": (chunked(*WORDS, end=False), "provider_unreachable"),
    "ended in mid-answer": (chunked(*WORDS), "provider_unreachable"),
    "cut in an event": (chunked(*WORDS, word("three")[:20], end=False), "provider_unreachable"),
    "cut in a chunk": ([*chunked(*WORDS, end=False), b"fff\r\ndata: {"], "provider_unreachable"),
    "cut in a character": (
        chunked(*WORDS, 'data: {"choices":[{"delta":{"content":"ü'.encode()[:-1], end=False),
        "provider_unreachable",
    ),
    "an event that is no JSON": (chunked(*WORDS, b"data: {oops}\n\n", DONE), "provider_malformed_answer"),
    "an event that is no UTF-8": (
        chunked(*WORDS, b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n', DONE),
        "provider_malformed_answer",
    ),
    "an event that is a number": (chunked(*WORDS, b"data: 5\n\n", DONE), "provider_malformed_answer"),
    "an event that is null": (chunked(*WORDS, b"data: null\n\n", DONE), "provider_malformed_answer"),
    "an event that is a list": (chunked(*WORDS, b"data: []\n\n", DONE), "provider_malformed_answer"),
    "an event without a ground": (
        chunked(*WORDS, b'data: {"x":' + b"[" * 100_000 + b"\n\n", DONE),
        "provider_malformed_answer",
    ),
    "HTML": (chunked(*WORDS, b"data: <html>\n\n", DONE), "provider_malformed_answer"),
    "an error": (chunked(*WORDS, event({"error": {"message": "boom", "code": 502}}), DONE), "provider_error"),
    "an error that is a text": (chunked(*WORDS, event({"error": "boom"}), DONE), "provider_error"),
    "an error event": (
        chunked(*WORDS, b'event: error\ndata: {"message": "boom"}\n\n', DONE),
        "provider_error",
    ),
}


@pytest.mark.parametrize("what", BREAKS)
async def test_a_broken_stream_ends_in_an_error(stage: Stage, what: str) -> None:
    """What had come is handed on, then an error; never an end mark. The row has what was used."""
    pieces, kind = BREAKS[what]
    reply = await streamed(stage, *pieces)
    error = broken(reply)
    assert isinstance(error["message"], str)
    assert reply.events[:2] == [part[6:-2].decode() for part in WORDS]
    row, attempts = await stage.row(reply)
    assert (row.status, row.usage_estimated) == (kind, True)
    assert row.completion_tokens == 2
    assert [attempt.status for attempt in attempts] == [kind]


async def test_a_chunk_of_no_size_ends_in_an_error(stage: Stage) -> None:
    """So does one whose framing breaks; where it came with the first words, nobody saw them yet."""
    reply = await streamed(stage, *chunked(*WORDS, end=False), b"zzz\r\n")
    if reply.status == 200:
        broken(reply)
    else:
        refused(reply, 502, "provider_malformed_answer")
    assert (await stage.row(reply))[0].status == "provider_malformed_answer"


FIRST = {
    "an end at once": chunked(),
    "nothing but an end mark": chunked(DONE),
    "nothing but comments": chunked(b": hi\n\n: ho\n\n"),
    "nothing but events without a word": chunked(event({}), event({"choices": []})),
    "no JSON": chunked(b"data: {oops}\n\n"),
    "an error": chunked(event({"error": {"message": "boom boom boom", "code": 503}})),
    "a page": [whole(b"<html><body>hi</body></html>", kind="text/html")],
    "a page called a stream": [whole(b"<html><body>hi</body></html>", kind="text/event-stream")],
    "a text": [whole(b"hello", kind="text/plain")],
    "a cut": chunked(b"data: {", end=False),
}


@pytest.mark.parametrize("what", FIRST)
async def test_a_stream_that_fails_before_a_word_is_a_plain_error(stage: Stage, what: str) -> None:
    """As long as nothing was said the caller gets a status that tells, not a stream that ends badly."""
    reply = await streamed(stage, *FIRST[what])
    assert reply.status in (502, 503)
    refused(reply, reply.status)


async def test_a_whole_answer_to_a_wish_for_a_stream_is_streamed(stage: Stage) -> None:
    """Whatever it calls its content."""
    for kind in ("application/json", "Application/JSON; charset=utf-8"):
        reply = await streamed(stage, whole(json.dumps(completion("all at once")).encode(), kind=kind))
        assert (reply.text, reply.events[-1]) == ("all at once", "[DONE]")
        assert (await stage.row(reply))[0].prompt_tokens == 10


async def test_a_stream_that_is_called_a_text_is_streamed(stage: Stage) -> None:
    """The name of the content does not make it another."""
    reply = await streamed(stage, *chunked(word("well", "stop"), DONE, kind="text/plain"))
    assert (reply.text, reply.events[-1]) == ("well", "[DONE]")


async def test_a_key_in_a_broken_stream_is_blotted_out(stage: Stage) -> None:
    """Not even in the middle of a stream does a provider's complaint show the key."""
    told = {"error": {"message": f"the key {KEY} is spent", "code": "insufficient_quota", "key": KEY}}
    for before in (WORDS, []):
        reply = await streamed(stage, *chunked(*before, event(told)))
        assert KEY not in reply.body.decode()
        assert b"the key [key] is spent" in reply.body
        row, attempts = await stage.row(reply)
        assert KEY not in f"{row}{attempts}"


ENDLESS = {
    "words": word("on and on and on and on " * 100),
    "comments": b": still here, still here, still here\n\n" * 50,
    "one line": b"x" * 4000,
    "one event": b"data: " + b"x" * 4000 + b"\n",
    "empty lines": b"\n" * 4000,
    "events without a word": event({"choices": [{"delta": {}}]}) * 50,
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_a_stream_without_end_is_ended(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """However it goes on, there is a bound; what it had used until then is recorded."""
    monkeypatch.setattr(replies, "MAX_ANSWER_BYTES", 1 << 20)
    sent = 0

    async def act(caller: Caller) -> None:
        nonlocal sent
        await caller.send(head(), word("so "))
        while not caller.gone and sent < 100 << 20:
            await caller.send(ENDLESS[what])
            sent += len(ENDLESS[what])

    stage.provider.act = act
    reply = await stage.ask(stream=True)
    broken(reply)
    assert sent < 20 << 20
    row, _ = await stage.row(reply)
    assert (row.status, row.usage_estimated) == ("provider_malformed_answer", True)


async def test_a_line_without_end_costs_no_more_than_its_length(stage: Stage) -> None:
    """Thirty megabytes of one line are given up within seconds, and others are served meanwhile."""
    block = b"x" * (1 << 16)

    async def act(caller: Caller) -> None:
        if b"stream" not in caller.body:
            await answering(whole(json.dumps(completion()).encode()))(caller)
            return
        await caller.send(head(), word("so "))
        while not caller.gone:
            await caller.send(block)

    stage.provider.act = act
    asked = asyncio.create_task(stage.ask(stream=True))
    loop = asyncio.get_running_loop()
    waits: list[float] = []
    while not asked.done():
        began_s = loop.time()
        assert (await stage.ask()).status == 200
        waits.append(loop.time() - began_s)
    broken(await asked)
    assert max(waits) < 1.0
    assert sse.MAX_EVENT_BYTES < replies.MAX_ANSWER_BYTES


async def test_pings_without_a_word_are_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that only keeps its connection open is not waited for longer than the limit for silence."""
    monkeypatch.setattr(Limits, "stream", structs.replace(Limits().stream, quiet_s=0.05))

    async def act(caller: Caller) -> None:
        await caller.send(head(), word("so "))
        while not caller.gone:
            await caller.send(b": ping\n\n")
            await asyncio.sleep(0.005)

    stage.provider.act = act
    reply = await stage.ask(stream=True)
    broken(reply)
    assert (await stage.row(reply))[0].status == "provider_timeout"


async def test_silence_in_a_stream_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that says nothing at all any more."""
    monkeypatch.setattr(Limits, "stream", structs.replace(Limits().stream, idle_s=0.05))
    stage.provider.act = answering(*chunked(*WORDS, end=False))
    reply = await stage.ask(stream=True)
    broken(reply)
    assert (await stage.row(reply))[0].status == "provider_timeout"


@pytest.mark.parametrize("what", ["trailers", "chunk extensions"])
async def test_a_drip_of_nothing_is_silence(stage: Stage, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Bytes that bring the answer no further do not put off the limit for silence."""
    monkeypatch.setattr(Limits, "stream", structs.replace(Limits().stream, idle_s=0.05))

    async def act(caller: Caller) -> None:
        await caller.send(*chunked(*WORDS, end=False), b"0\r\n" if what == "trailers" else b"5;")
        for at in range(1000):
            if caller.gone:
                return
            await caller.send(b"x-%d: y\r\n" % at if what == "trailers" else b"a=b;")
            await asyncio.sleep(0.005)

    stage.provider.act = act
    reply = await stage.ask(stream=True)
    broken(reply)
    assert (await stage.row(reply))[0].status == "provider_timeout"


async def test_a_stream_keeps_to_the_callers_deadline(stage: Stage) -> None:
    """`x-baton-timeout` bounds it as a whole, however lively it is."""

    async def act(caller: Caller) -> None:
        await caller.send(head())
        while not caller.gone:
            await caller.send(word("tick "))
            await asyncio.sleep(0.005)

    stage.provider.act = act
    reply = await stage.ask("x-baton-timeout: 0.1", stream=True)
    broken(reply)
    assert (await stage.row(reply))[0].status in ("provider_timeout", "deadline_exceeded")


async def test_usage_of_a_stream_that_cannot_be_is_estimated(stage: Stage) -> None:
    """As for whole answers; a caller who asked for usage gets one."""
    for usage in ({"prompt_tokens": -5}, {"prompt_tokens": "many"}, [], "x", {"prompt_tokens": True}):
        reply = await streamed(
            stage,
            *chunked(word("one two three", "stop"), event({"choices": [], "usage": usage}), DONE),
            stream_options={"include_usage": True},
        )
        assert reply.events[-1] == "[DONE]"
        row, _ = await stage.row(reply)
        assert (row.status, row.usage_estimated) == ("ok", True)
        assert row.prompt_tokens > 0
