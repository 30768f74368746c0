"""Clients that misuse the connection itself: too slow, too much, too early, out of order."""

import asyncio
import uuid

import pytest

from baton.api import server
from tests.chaos.conftest import MODEL, Stage, refused, soon
from tests.chaos.provider import DONE, answer, answering, chunked, whole, word
from tests.chaos.wire import Line, chat, line_to, post

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_S = 0.05


async def test_headers_of_a_megabyte_are_a_431_that_can_be_read(stage: Stage) -> None:
    """One header without an end is refused at 64 KB, and the client gets to read that."""
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, chat(MODEL), "x-much: " + "x" * (1 << 20)))
        refused(await line.reply(), 431, "headers_too_large")


async def test_ten_thousand_headers_are_a_431_that_can_be_read(stage: Stage) -> None:
    """So are very many small ones."""
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, chat(MODEL), *(f"x-header-{at}: x" for at in range(10_000))))
        refused(await line.reply(), 431, "headers_too_large")


async def test_an_address_of_a_megabyte_is_a_431(stage: Stage) -> None:
    """So is a request line without an end."""
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, chat(MODEL), path="/v1/" + "x" * (1 << 20)))
        refused(await line.reply(), 431, "headers_too_large")


async def test_trailers_without_end_are_refused(stage: Stage) -> None:
    """What may follow a chunked body is bounded like what comes before it."""
    async with line_to(stage.baton.url) as line:
        head = post(stage.baton.key, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        await line.send(head + b"2\r\n{}\r\n0\r\n")
        for at in range(2000):
            await line.send(b"x-trailer-%d: " % at + b"x" * 100 + b"\r\n")
        refused(await line.reply(), 431, "headers_too_large")


async def test_fifty_kilobytes_of_headers_pass_in_any_pieces(stage: Stage) -> None:
    """What is within the bound is served, however it is cut."""
    request = post(stage.baton.key, chat(MODEL), *(f"x-header-{at}: {'x' * 4000}" for at in range(12)))
    async with line_to(stage.baton.url) as line:
        for at in range(0, len(request), 5000):
            await line.send(request[at : at + 5000])
            await asyncio.sleep(0)
        assert (await line.reply()).status == 200


async def test_a_connection_at_rest_ends_and_one_in_use_does_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long ago it began: what counts is when it last had anything to do."""
    monkeypatch.setattr(server, "KEEP_ALIVE_S", 0.3)
    loop = asyncio.get_running_loop()
    async with line_to(stage.baton.url) as line:
        began_s = loop.time()
        while loop.time() - began_s < 1.0:
            await line.send(post(stage.baton.key, chat(MODEL)))
            assert (await line.reply()).status == 200
            await asyncio.sleep(0.05)
        rested_s = loop.time()
        assert await line.ended() == b""
        assert loop.time() - rested_s < 5.0


HALVES = {
    "nothing": 0,
    "half a request line": 12,
    "half a header": 60,
    "all headers but the end": -1,
}


@pytest.mark.parametrize("what", HALVES)
async def test_half_a_head_is_a_408(stage: Stage, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Whoever begins a request and does not go on is told so, and the connection ends."""
    monkeypatch.setattr(server, "HEADER_TIMEOUT_S", SOON_S)
    monkeypatch.setattr(server, "LINGER_S", SOON_S)
    request = post(stage.baton.key, b"")
    at = HALVES[what]
    async with line_to(stage.baton.url) as line:
        await line.send(request[: at if at >= 0 else request.index(b"\r\n\r\n") + 2])
        refused(await line.reply(), 408, "request_timeout")
        assert await line.ended() == b""


async def test_a_drip_of_headers_is_a_408(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not keep a half-sent head alive."""
    monkeypatch.setattr(server, "HEADER_TIMEOUT_S", SOON_S)
    async with line_to(stage.baton.url) as line:
        drip = asyncio.create_task(_drip(line, post(stage.baton.key, b"", "x-drip: " + "x" * 10_000)))
        refused(await line.reply(), 408, "request_timeout")
        drip.cancel()
        await asyncio.wait([drip])


async def test_empty_lines_between_requests_do_not_hold_a_connection(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither does a byte that begins no request at all."""
    async with line_to(stage.baton.url) as line:
        await stage.asking(line)
        assert (await line.reply()).status == 200
        monkeypatch.setattr(server, "HEADER_TIMEOUT_S", SOON_S)
        await line.send(b"\r\n")
        refused(await line.reply(), 408, "request_timeout")


async def test_half_a_body_is_a_408(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that stops coming is given up, without a row."""
    monkeypatch.setattr(server, "BODY_IDLE_S", SOON_S)
    before = await stage.count()
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, chat(MODEL))[:-5])
        refused(await line.reply(), 408, "request_timeout")
    assert await stage.count() == before
    assert stage.provider.calls == []


async def test_a_drip_of_a_body_is_a_408(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then does not keep a half-sent body alive either."""
    monkeypatch.setattr(server, "BODY_TOTAL_S", SOON_S)
    async with line_to(stage.baton.url) as line:
        drip = asyncio.create_task(_drip(line, post(stage.baton.key, chat(MODEL, "x" * 100_000))))
        refused(await line.reply(), 408, "request_timeout")
        drip.cancel()
        await asyncio.wait([drip])


async def test_half_a_body_behind_a_wrong_key_does_not_hold_the_connection(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was refused before the body was read cannot go on sending it for ever."""
    monkeypatch.setattr(server, "BODY_IDLE_S", SOON_S)
    async with line_to(stage.baton.url) as line:
        await line.send(post("wrong", chat(MODEL))[:-5])
        refused(await line.reply(), 401)
        assert await line.ended() == b""


NONSENSE = {
    "no HTTP": b"hello there, how are you\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an address that is none": b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without a colon": b"GET /v1/x HTTP/1.1\r\nHost x\r\n\r\n",
    "a length that is none": b"POST /v1/x HTTP/1.1\r\nContent-Length: many\r\n\r\n",
    "a negative length": b"POST /v1/x HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"POST /v1/x HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "a length and chunks": b"POST /v1/x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "an encoding nobody knows": b"POST /v1/x HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "a method nobody knows": b"BREW /v1/x HTTP/1.1\r\n\r\n",
    "zeros": bytes(500),
}


@pytest.mark.parametrize("what", NONSENSE)
async def test_what_is_no_http_is_a_400(stage: Stage, what: str) -> None:
    """Even that gets an answer in OpenAI's shape."""
    async with line_to(stage.baton.url) as line:
        await line.send(NONSENSE[what])
        refused(await line.reply(), 400, "invalid_http")


async def test_a_chunk_that_is_none_is_a_400(stage: Stage) -> None:
    """A body whose framing breaks is refused, and its handler lets go of it."""
    async with line_to(stage.baton.url) as line:
        head = post(stage.baton.key, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        await line.send(head + b'5\r\n{"mod\r\nzzz\r\n')
        refused(await line.reply(), 400, "invalid_http")


async def test_an_upgrade_is_not_followed(stage: Stage) -> None:
    """A request that offers another protocol is answered in this one."""
    async with line_to(stage.baton.url) as line:
        await stage.asking(line, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
        assert (await line.reply()).status == 200


async def test_pipelined_requests_are_answered_in_their_order(stage: Stage) -> None:
    """Five requests sent at once get five answers, none of them in another."""

    async def act(caller: object) -> None:
        text = stage.provider.calls[-1].body.decode()
        await stage.provider.calls[-1].send(answer(text.split('"content": "')[1].split('"')[0]))

    stage.provider.act = act
    async with line_to(stage.baton.url) as line:
        await line.send(b"".join(post(stage.baton.key, chat(MODEL, f"number {at}")) for at in range(5)))
        said = [(await line.reply()).json["choices"][0]["message"]["content"] for _ in range(5)]
    assert said == [f"number {at}" for at in range(5)]


async def test_a_client_that_leaves_ends_all_it_pipelined(stage: Stage) -> None:
    """The first is cancelled, and those behind it are never begun."""

    async def act(caller: object) -> None:
        await stage.provider.calls[-1].left()

    stage.provider.act = act
    before = await stage.count()
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, chat(MODEL)) * 3)
        await soon(lambda: len(stage.provider.calls) == 1)
        line.hang_up()
        row, _ = await stage.newest()
    assert (row.status, await stage.count()) == ("cancelled", before + 1)
    assert len(stage.provider.calls) == 1


async def test_a_late_second_request_leaves_the_first_answer_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a long answer is under way, half of a next request may wait; nothing gets into the answer."""
    go_on = asyncio.Event()

    async def act(caller: object) -> None:
        first, *rest = chunked(word("one "), word("two", "stop"), DONE)
        await stage.provider.calls[-1].send(first, rest[0])
        await go_on.wait()
        await stage.provider.calls[-1].send(*rest[1:])

    stage.provider.act = act
    monkeypatch.setattr(server, "HEADER_TIMEOUT_S", 0.01)
    monkeypatch.setattr(server, "BODY_IDLE_S", 0.01)
    for half in (b"POST /v1/chat", post(stage.baton.key, chat(MODEL))[:-5]):
        go_on.clear()
        async with line_to(stage.baton.url) as line:
            await stage.asking(line, stream=True)
            assert (await line.head())[0] == 200
            await line.send(half)
            await asyncio.sleep(0.05)  # several of the timeouts above
            go_on.set()
            body = b"".join([chunk async for chunk in line.chunks()])
        assert body.endswith(DONE)
        assert b"408" not in body
        assert b"timeout" not in body


CHUNKS = b"POST /v1/x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "nonsense", [b"\x00\x01\x02nonsense\r\n\r\n", CHUNKS + b"zzz\r\n"], ids=["head", "body"]
)
async def test_nonsense_behind_a_request_ends_the_connection(stage: Stage, nonsense: bytes) -> None:
    """It is not answered into the middle of the answer under way; the request before it is cancelled."""

    async def act(caller: object) -> None:
        await stage.provider.calls[-1].left()

    stage.provider.act = act
    async with line_to(stage.baton.url) as line:
        await stage.asking(line)
        await soon(lambda: len(stage.provider.calls) == 1)
        await line.send(nonsense)
        assert await line.ended() == b""
    row, _ = await stage.newest()
    assert row.status == "cancelled"


async def test_an_http_1_0_client_is_served_and_let_go(stage: Stage) -> None:
    """It gets a whole answer, and the end of the connection as the end of it."""
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, chat(MODEL)).replace(b"HTTP/1.1", b"HTTP/1.0"))
        reply = await line.reply()
        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert await line.ended() == b""


async def test_a_reader_that_stops_reading_is_cut_off(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream nobody reads does not grow in memory: the provider is held back, then both are let go."""
    monkeypatch.setattr(server, "STUCK_WRITE_S", 0.1)
    sent = 0
    event = word("x" * 50_000)

    async def act(caller: object) -> None:
        nonlocal sent
        caller = stage.provider.calls[-1]
        await caller.send(chunked()[0])
        while not caller.gone and sent < 2000:
            await caller.send(b"%x\r\n%b\r\n" % (len(event), event))
            sent += 1

    stage.provider.act = act
    async with line_to(stage.baton.url) as line:
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await stage.asking(line, stream=True)
        await soon(lambda: len(stage.provider.calls) == 1)
        row, _ = await stage.newest()
    assert row.status == "cancelled"
    assert row.usage_estimated
    assert sent < 1500


async def test_a_whole_answer_nobody_reads_is_cut_off(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does a long whole one hold its connection for ever; it was answered, so it is paid for."""
    monkeypatch.setattr(server, "STUCK_WRITE_S", 0.0)
    stage.provider.act = answering(answer("x" * (30 << 20)))
    async with line_to(stage.baton.url) as line:
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await stage.asking(line)
        await soon(lambda: len(stage.provider.calls) == 1)
        row, _ = await stage.newest()
        assert row.status == "ok"
        line.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await line.ended()) < 30 << 20


async def _drip(line: Line, data: bytes) -> None:
    for at in range(len(data)):
        await line.send(data[at : at + 1])
        await asyncio.sleep(0.002)


async def test_a_provider_error_of_a_megabyte_still_says_what_it_was(stage: Stage) -> None:
    """The status counts although nobody reads that much of an error."""
    stage.provider.act = answering(whole(b"<html>" + b"x" * (2 << 20), 403, kind="text/html"))
    refused(await stage.ask(), 403)


async def test_a_refused_connection_is_told_its_id(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is answered before there is a request has an id of its own, for whoever asks about it."""
    begun = post(stage.baton.key, b"")[:12]
    seen: set[str] = set()
    for sent, status, limit_s in (
        (b"NO HTTP AT ALL\r\n\r\n", 400, server.HEADER_TIMEOUT_S),
        (post(stage.baton.key, b"", "x-long: " + "x" * 1_000_000), 431, server.HEADER_TIMEOUT_S),
        (begun, 408, SOON_S),
    ):
        monkeypatch.setattr(server, "HEADER_TIMEOUT_S", limit_s)
        async with line_to(stage.baton.url) as line:
            await line.send(sent)
            reply = await line.reply()
        refused(reply, status)
        assert reply.json["request_id"] == reply.headers["x-request-id"]
        seen.add(str(uuid.UUID(reply.headers["x-request-id"])))
    assert len(seen) == 3
