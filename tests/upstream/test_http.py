"""Both HTTP clients, kept to the same promises on real sockets: the short one of our own, and aiohttp's."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator, Callable

import pytest

from baton.core.errors import AttemptFailed
from baton.core.failures import Kind
from baton.upstream.direct import DirectTransport
from baton.upstream.http import HttpSettings, HttpTransport, tls_context
from baton.upstream.transport import Deadlines, Transport, UpstreamRequest, UpstreamResponse
from tests.chaos.provider import (
    Act,
    Caller,
    RawProvider,
    answering,
    chunked,
    closing,
    head,
    raw_provider,
    whole,
)

PATIENT = Deadlines(connect_s=5, first_byte_s=5, idle_s=5, total_s=10)
LIMIT = 1 << 20


@pytest.fixture
async def provider() -> AsyncGenerator[RawProvider]:
    async with raw_provider() as provider:
        yield provider


@pytest.fixture(params=["direct", "aiohttp"])
async def transport(request: pytest.FixtureRequest) -> AsyncGenerator[Transport]:
    settings = HttpSettings()
    tls = tls_context(settings)
    client = DirectTransport(tls) if request.param == "direct" else HttpTransport(settings, tls)
    async with client:
        yield client


@pytest.fixture
def ask(transport: Transport, provider: RawProvider) -> Callable[..., "asyncio.Future[bytes]"]:
    """Send a body, and read the whole answer."""

    async def send(
        act: Act, deadlines: Deadlines = PATIENT, body: bytes = b"{}", limit: int = LIMIT
    ) -> bytes:
        provider.act = act
        response = await _send(transport, provider, deadlines, body)
        try:
            return await response.read(limit)
        finally:
            await response.close()

    return send  # type: ignore[return-value]


async def _send(
    transport: Transport, provider: RawProvider, deadlines: Deadlines = PATIENT, body: bytes = b"{}"
) -> UpstreamResponse:
    headers = {"content-type": "application/json", "authorization": "Bearer k"}
    return await transport.send(UpstreamRequest(url=provider.url, headers=headers, body=body), deadlines)


async def test_a_request_arrives_as_it_was_sent(ask: Callable, provider: RawProvider) -> None:
    """Method, address, headers and body, and no header of the client's own but host and length."""
    assert await ask(answering(whole(b"yes")), body=b'{"a": 1}') == b"yes"
    (call,) = provider.calls
    lines = call.head.decode().rstrip().split("\r\n")
    assert lines[0] == "POST /v1 HTTP/1.1"
    names = {line.split(":")[0].lower() for line in lines[1:]}
    assert names == {"host", "content-type", "authorization", "content-length"}
    assert call.body == b'{"a": 1}'


@pytest.mark.parametrize("size", [0, 1, 70_000, 5_000_000])
async def test_a_body_of_any_length_arrives(ask: Callable, provider: RawProvider, size: int) -> None:
    """Nothing at all, and what no buffer holds at once."""
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert await ask(answering(whole(body)), body=body, limit=size + 1) == body
    assert provider.calls[0].body == body


FRAMINGS: dict[str, Callable[[bytes], Act]] = {
    "a length": lambda body: answering(whole(body)),
    "chunks": lambda body: answering(*chunked(*(body[at : at + 1] for at in range(len(body))))),
    "its end": lambda body: closing(head(), body),
    "gzip": lambda body: answering(whole(gzip.compress(body), 200, "content-encoding: gzip")),
    "gzip in chunks": lambda body: answering(
        head("content-encoding: gzip", "transfer-encoding: chunked"), *chunked(gzip.compress(body))[1:]
    ),
    "a provisional answer first": lambda body: answering(b"HTTP/1.1 103 Hints\r\nx: y\r\n\r\n", whole(body)),
}


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_an_answer_in_any_framing_is_read(ask: Callable, framing: str) -> None:
    """The body is the same, however its end is told."""
    body = json.dumps({"said": "something " * 20}).encode()
    assert await ask(FRAMINGS[framing](body)) == body


async def test_pieces_come_as_they_are_sent(transport: Transport, provider: RawProvider) -> None:
    """The first is handed on while the second has not been sent."""
    go_on = asyncio.Event()

    async def act(caller: Caller) -> None:
        begin, one, two, end = chunked(b"one", b"two")
        await caller.send(begin + one)
        await go_on.wait()
        await caller.send(two + end)

    provider.act = act
    response = await _send(transport, provider)
    pieces = response.chunks(LIMIT)
    assert await anext(pieces) == b"one"
    go_on.set()
    assert [piece async for piece in pieces] == [b"two"]
    await response.close()


async def test_a_connection_is_used_again(ask: Callable, provider: RawProvider) -> None:
    """One after another, ten requests take one connection."""
    for _ in range(10):
        await ask(answering(whole(b"yes")))
    assert provider.connections == 1


async def test_an_answer_not_read_to_its_end_costs_its_connection(
    transport: Transport, provider: RawProvider
) -> None:
    """The rest of it is not taken for the next answer."""
    left = asyncio.Event()

    async def act(caller: Caller) -> None:
        await caller.send(head("content-length: 1000"), b"half")
        await caller.left()
        left.set()

    provider.act = act
    response = await _send(transport, provider)
    await response.close()
    async with asyncio.timeout(1):
        await left.wait()
    provider.act = answering(whole(b"yes"))
    response = await _send(transport, provider)
    assert await response.read(LIMIT) == b"yes"
    await response.close()


async def test_an_answer_closed_twice_gives_its_connection_back_once(
    transport: Transport, provider: RawProvider
) -> None:
    """Whoever got the connection next keeps it to themselves, whatever the last one closes again."""
    first = await _send(transport, provider)
    await first.read(LIMIT)
    await first.close()

    go_on = asyncio.Event()
    asked: asyncio.Queue[int] = asyncio.Queue()

    async def act(caller: Caller) -> None:
        number = len(provider.calls)
        asked.put_nowait(number)
        await go_on.wait()
        await caller.send(whole(b"answer %d" % number))

    provider.act = act
    second = asyncio.create_task(_answered(transport, provider))
    assert await asked.get() == 2
    await first.close()
    third = asyncio.create_task(_answered(transport, provider))
    assert await asked.get() == 3
    assert provider.connections == 2
    go_on.set()
    assert await asyncio.gather(second, third) == [b"answer 2", b"answer 3"]


async def _answered(transport: Transport, provider: RawProvider) -> bytes:
    response = await _send(transport, provider)
    try:
        return await response.read(LIMIT)
    finally:
        await response.close()


@pytest.mark.parametrize("when", ["before the headers", "in the body"])
async def test_cancelling_closes_the_socket(transport: Transport, provider: RawProvider, when: str) -> None:
    """The provider sees within a tenth of a second that nobody waits any longer."""
    begun = asyncio.Event()
    left: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def act(caller: Caller) -> None:
        if when == "in the body":
            await caller.send(head("content-length: 1000"), b"half")
        begun.set()
        left.set_result(await caller.left())

    async def call() -> None:
        response = await _send(transport, provider)
        try:
            await response.read(LIMIT)
        finally:
            await response.close()

    provider.act = act
    task = asyncio.create_task(call())
    await begun.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    cancelled_s = asyncio.get_running_loop().time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(1):
        assert await left - cancelled_s < 0.1


async def _silent(caller: Caller) -> None:
    await caller.left()


async def _half(caller: Caller) -> None:
    await caller.send(head("content-length: 1000"), b"half")
    await caller.left()


async def _drip(caller: Caller) -> None:
    await caller.send(b"HTTP/1.1 200 OK\r\n")
    while not caller.gone:
        await caller.send(b"x: y\r\n")
        await asyncio.sleep(0.005)


LATE: dict[str, tuple[Act, Deadlines]] = {
    "the first byte": (_silent, Deadlines(first_byte_s=0.05, idle_s=5, total_s=5)),
    "the first byte, in drips": (_drip, Deadlines(connect_s=0.05, first_byte_s=0.05, idle_s=5, total_s=5)),
    "the next byte": (_half, Deadlines(first_byte_s=5, idle_s=0.05, total_s=5)),
    "the whole, before the first byte": (_silent, Deadlines(first_byte_s=5, idle_s=5, total_s=0.05)),
    "the whole, in the body": (_half, Deadlines(first_byte_s=5, idle_s=5, total_s=0.05)),
}


@pytest.mark.parametrize("what", LATE)
async def test_each_limit_holds_by_itself(ask: Callable, what: str) -> None:
    """Silence is told by its kind, and in time."""
    act, deadlines = LATE[what]
    async with asyncio.timeout(1):
        with pytest.raises(AttemptFailed) as caught:
            await ask(act, deadlines)
    assert caught.value.failure.kind is Kind.TIMEOUT


async def test_a_body_is_read_up_to_the_limit_and_no_further(ask: Callable) -> None:
    """A thousand bytes within a thousand, announced or not; one more is too many."""
    for act in (FRAMINGS["a length"], FRAMINGS["its end"], FRAMINGS["gzip"]):
        assert len(await ask(act(b"x" * 1000), limit=1000)) == 1000
        with pytest.raises(AttemptFailed) as caught:
            await ask(act(b"x" * 1001), limit=1000)
        assert caught.value.failure.kind is Kind.MALFORMED


async def test_a_header_with_a_line_end_is_not_sent(transport: Transport, provider: RawProvider) -> None:
    """Nothing that a caller or a setting brings in can begin a header of its own."""
    for headers in ({"x": "a\r\ny: b"}, {"x\r\ny": "b"}, {"x": "a\nb"}):
        request = UpstreamRequest(url=provider.url, headers=headers, body=b"{}")
        with pytest.raises(AttemptFailed):
            await transport.send(request, PATIENT)
    assert provider.calls == []


async def test_closing_closes_every_connection(provider: RawProvider) -> None:
    """Kept ones and busy ones."""
    settings = HttpSettings()
    tls = tls_context(settings)
    for client in (DirectTransport(tls), HttpTransport(settings, tls)):
        provider.act = answering(whole(b"yes"))
        left = asyncio.Event()

        async def act(caller: Caller, left: asyncio.Event = left) -> None:
            await caller.send(head("content-length: 1000"), b"half")
            await caller.left()
            left.set()

        async with client:
            response = await _send(client, provider)
            await response.read(LIMIT)
            await response.close()
            provider.act = act
            busy = await _send(client, provider)
        async with asyncio.timeout(1):
            await left.wait()
        await busy.close()
