"""Providers that misuse the connection: slow, silent, torn, without end, or not speaking HTTP at all."""

import asyncio
import resource
import time

import pytest
from msgspec import structs

from baton.gateway.resilience.deadline import Limits
from tests.chaos.conftest import Stage, refused
from tests.chaos.provider import DONE, Caller, answer, answering, chunked, closing, whole, word

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEBI = 1 << 20
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])

NO_HTTP = {
    "a greeting": b"220 mail.example ESMTP\r\n",
    "a status that is none": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "another version": b"HTTP/9.9 200 OK\r\n\r\n",
    "zeros": bytes(1000),
    "a header without a colon": b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "a length and chunks": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello",
    "a change of protocol": b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "TLS": b"\x16\x03\x03\x00\x02\x02\x28",
}


@BOTH
@pytest.mark.parametrize("what", NO_HTTP)
async def test_what_is_no_http_is_a_502(stage: Stage, what: str, stream: bool) -> None:
    """The caller learns that the provider cannot be understood."""
    stage.provider.act = closing(NO_HTTP[what])
    reply = await stage.ask(stream=stream)
    refused(reply, 502)
    assert (await stage.row(reply))[1][0].status in ("provider_malformed_answer", "provider_unreachable")


@BOTH
async def test_a_connection_closed_before_the_headers_is_a_502(stage: Stage, stream: bool) -> None:
    """Taken and dropped without a word."""
    stage.provider.act = closing()
    refused(await stage.ask(stream=stream), 502, "provider_unreachable")


@BOTH
async def test_a_reset_before_the_headers_is_a_502(stage: Stage, stream: bool) -> None:
    """Torn down without a word."""

    async def act(caller: Caller) -> None:
        caller.reset()

    stage.provider.act = act
    refused(await stage.ask(stream=stream), 502, "provider_unreachable")


@BOTH
async def test_a_connection_closed_in_the_headers_is_a_502(stage: Stage, stream: bool) -> None:
    """Half a head is none."""
    stage.provider.act = closing(b"HTTP/1.1 200 OK\r\ncontent-le")
    refused(await stage.ask(stream=stream), 502, "provider_unreachable")


async def test_an_answer_cut_short_is_a_502(stage: Stage) -> None:
    """Less than was announced, or chunks without their end, is no answer, even where it would be JSON."""
    whole_one = answer()
    for pieces in (
        [whole_one[:-1]],
        [whole(b"{}").replace(b"content-length: 2", b"content-length: 3")],
        chunked(whole_one.split(b"\r\n\r\n")[1], kind="application/json", end=False),
    ):
        stage.provider.act = closing(*pieces)
        refused(await stage.ask(), 502, "provider_unreachable")


@BOTH
async def test_silence_is_a_504_at_the_callers_deadline(stage: Stage, stream: bool) -> None:
    """A provider that takes the request and never says a word is waited for as long as the caller waits."""

    async def act(caller: Caller) -> None:
        await caller.left()

    stage.provider.act = act
    began_s = time.monotonic()
    reply = await stage.ask("x-baton-timeout: 0.1", stream=stream)
    assert 0.09 < time.monotonic() - began_s < 1
    assert reply.status == 504
    refused(reply, 504)


@pytest.mark.parametrize("what", ["headers", "one header", "provisional answers"])
async def test_a_drip_of_headers_is_a_504(stage: Stage, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Bytes that are no answer yet do not put off the limit for the first one."""
    monkeypatch.setattr(Limits, "stream", structs.replace(Limits().stream, first_byte_s=0.1))
    drop = {"headers": b"x-a: b\r\n", "one header": b"x", "provisional answers": b""}[what]

    async def act(caller: Caller) -> None:
        await caller.send(b"" if what == "provisional answers" else b"HTTP/1.1 200 OK\r\nx-")
        for at in range(1000):
            if caller.gone:
                return
            await caller.send(drop or b"HTTP/1.1 102 Processing\r\n\r\n" * (at % 100 == 0))
            await asyncio.sleep(0.005)

    stage.provider.act = act
    refused(await stage.ask(stream=True), 504)


FLOODS = {
    "provisional answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "provisional answers with headers": (b"", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 100),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"x-header: value\r\n" * 100),
    "one header": (b"HTTP/1.1 200 OK\r\nx-header: ", b"x" * 2000),
    "a reason": (b"HTTP/1.1 200 ", b"x" * 2000),
}


@pytest.mark.parametrize("what", FLOODS)
async def test_a_flood_of_headers_is_a_502(stage: Stage, what: str) -> None:
    """Ten megabytes of head, however they are made up, are given up early and cost no memory."""
    first, again = FLOODS[what]
    sent = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def act(caller: Caller) -> None:
        nonlocal sent
        await caller.send(first)
        while not caller.gone and sent < 50 * MEBI:
            await caller.send(again)
            sent += len(again)

    stage.provider.act = act
    refused(await stage.ask(), 502, "provider_malformed_answer")
    assert sent < 10 * MEBI
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


async def test_a_provisional_answer_is_passed_over(stage: Stage) -> None:
    """The real one behind it counts."""
    stage.provider.act = answering(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", answer())
    assert (await stage.ask()).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(stage: Stage, status: int) -> None:
    """The request, with its key, goes nowhere but where it was configured to go."""
    location = stage.provider.url.replace("/v1", "/elsewhere")
    stage.provider.act = answering(whole(b"", status, f"location: {location}"))
    refused(await stage.ask(), 503)
    assert all(b"/elsewhere" not in call.head for call in stage.provider.calls)


@BOTH
async def test_a_connection_that_was_closed_meanwhile_is_no_failure(stage: Stage, stream: bool) -> None:
    """A provider that closes after each answer without saying so costs no attempt: the ledger has one."""
    pieces = chunked(word("well", "stop"), DONE) if stream else [answer()]

    async def act(caller: Caller) -> None:
        await caller.send(*pieces)
        caller.close()

    stage.provider.act = act
    for _ in range(20):
        reply = await stage.ask(stream=stream)
        assert reply.status == 200
        row, attempts = await stage.row(reply)
        assert (row.status, len(attempts)) == ("ok", 1)


async def test_a_connection_that_dies_under_the_second_request_is_replaced(stage: Stage) -> None:
    """A kept connection that is closed or reset by the next request is tried again once, on a fresh one."""
    for tear in (Caller.close, Caller.reset):
        await stage.ask()
        stage.provider.forget()

        async def act(caller: Caller, tear: object = tear) -> None:
            if len(stage.provider.calls) == 1:
                assert callable(tear)
                tear(caller)
            else:
                await caller.send(answer())

        stage.provider.act = act
        reply = await stage.ask()
        assert (reply.status, len(stage.provider.calls), stage.provider.connections) == (200, 2, 1)
        assert len((await stage.row(reply))[1]) == 1


async def test_an_answer_begun_is_not_asked_for_again(stage: Stage) -> None:
    """A kept connection that dies after the first byte of an answer is a failure: it may be paid for."""
    for begun in (b"HTTP/1.1 200 OK\r\ncont", answer()[:-3]):
        await stage.ask()
        stage.provider.forget()
        stage.provider.act = closing(begun)
        refused(await stage.ask(), 502, "provider_unreachable")
        assert len(stage.provider.calls) == 1


async def test_a_second_answer_to_one_question_is_nobodys(stage: Stage) -> None:
    """What a provider sends unasked reaches neither this caller nor the next."""
    stage.provider.act = answering(answer("mine") + answer("somebody else's"))
    for _ in range(3):
        reply = await stage.ask()
        assert reply.json["choices"][0]["message"]["content"] == "mine"
    stage.provider.act = answering(answer("mine"), b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    for _ in range(3):
        assert (await stage.ask()).json["choices"][0]["message"]["content"] == "mine"


async def test_streams_use_their_connections_again(stage: Stage) -> None:
    """A stream read to its end gives its connection back, wherever its last bytes were cut."""
    pieces = chunked(word("well", "stop"), DONE)

    async def act(caller: Caller) -> None:
        await caller.send(*pieces[:-1])
        await asyncio.sleep(0.005)  # a packet of its own
        await caller.send(pieces[-1])

    stage.provider.act = act
    for _ in range(10):
        assert (await stage.ask(stream=True)).events[-1] == "[DONE]"
    assert stage.provider.connections <= 1  # none where one was kept from before
