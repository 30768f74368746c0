"""A server that leaves while others take its place: its clients are answered, and told to go elsewhere."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from baton.api.closing import Closing, leave
from baton.api.server import begin, make_server
from baton.cli.listener import listen, url_of
from tests.chaos.conftest import soon
from tests.chaos.wire import Line, line_to

GRACE_S = 30.0
"""Nothing here waits for it."""


@dataclass
class Leaver:
    """A server whose answers a test gives."""

    listening: socket.socket
    url: str
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    closing: Closing = field(default_factory=Closing)
    asked: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    answers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"2")]
        early = scope["path"] == "/early"
        if early:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        self.asked.release()
        await self.answers.acquire()
        if not early:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    def begin_leaving(self, grace_s: float = GRACE_S) -> asyncio.Task[int]:
        return asyncio.create_task(leave(self.server, self.listening, self.closing, grace_s, self.ending))

    def __post_init__(self) -> None:
        self.server = make_server(self, "127.0.0.1", 0)


@asynccontextmanager
async def leaver() -> AsyncGenerator[Leaver]:
    with listen("127.0.0.1", 0) as listening:
        one = Leaver(listening.dup(), url_of(listening))
        await begin(one.server, one.listening)
        yield one


async def ask(line: Line, path: str = "/") -> None:
    await line.send(f"GET {path} HTTP/1.1\r\nHost: baton\r\n\r\n".encode())


async def answered(line: Line, one: Leaver) -> str | None:
    """What the next answer says of the connection."""
    one.answers.release()
    reply = await line.reply()
    assert (reply.status, reply.body) == (200, b"ok")
    return reply.headers.get("connection")


async def test_a_connection_at_rest_is_answered_once_more() -> None:
    """It is not closed, since its client may just be sending; the answer it gets is the last."""
    async with leaver() as one, line_to(one.url) as line:
        await ask(line)
        assert await answered(line, one) is None
        leaving = one.begin_leaving()
        await ask(line)
        assert await answered(line, one) == "close"
        assert await line.ended() == b""
        assert await leaving == 0


async def test_an_answer_in_hand_says_that_it_is_the_last() -> None:
    """Also on a connection that has not asked anything before."""
    async with leaver() as one, line_to(one.url) as line, line_to(one.url) as fresh:
        await ask(line)
        await one.asked.acquire()
        leaving = one.begin_leaving()
        assert await answered(line, one) == "close"
        await ask(fresh)
        assert await answered(fresh, one) == "close"
        assert await leaving == 0


async def test_an_answer_that_has_begun_is_finished_and_one_more_given() -> None:
    """Its head has said nothing of an end, so its client may ask again on the same connection."""
    async with leaver() as one, line_to(one.url) as line:
        await ask(line, "/early")
        await one.asked.acquire()
        leaving = one.begin_leaving()
        assert await answered(line, one) is None
        await ask(line)
        assert await answered(line, one) == "close"
        assert await leaving == 0


async def test_requests_sent_ahead_are_all_answered() -> None:
    """The last of them is told of the end, be it sent before or after the leaving began."""
    async with leaver() as one, line_to(one.url) as line:
        await ask(line)
        await ask(line)
        await one.asked.acquire()
        leaving = one.begin_leaving()
        await asyncio.sleep(0)
        await ask(line)
        connection: Any = next(iter(one.server.server_state.connections))
        await soon(lambda: len(connection.pipeline) == 2)
        assert await answered(line, one) is None
        assert await answered(line, one) is None
        assert await answered(line, one) == "close"
        assert await leaving == 0


async def test_the_socket_is_left_to_the_others_at_once() -> None:
    """Who connects meanwhile is accepted by somebody else."""
    async with leaver() as one, line_to(one.url) as line:
        await ask(line)
        await one.asked.acquire()
        leaving = one.begin_leaving()
        await asyncio.sleep(0)
        async with line_to(one.url) as other:  # the system takes it for whoever accepts next
            await ask(other)
            assert await answered(line, one) == "close"
            assert await leaving == 0
            assert one.asked.locked()


async def test_who_rests_until_the_end_is_closed_without_a_word() -> None:
    """After the grace; nothing was cut off."""
    async with leaver() as one, line_to(one.url) as line:
        await ask(line)
        await answered(line, one)
        assert await one.begin_leaving(0.01) == 0
        assert await line.ended() == b""


async def test_where_all_end_it_refuses_like_all() -> None:
    """The rest of its grace is as if the whole service had been told to end in the first place."""
    async with leaver() as one, line_to(one.url) as line, line_to(one.url) as resting:
        await ask(resting)
        await answered(resting, one)
        await ask(line)
        await one.asked.acquire()
        leaving = one.begin_leaving()
        await asyncio.sleep(0)
        assert not one.closing.begun
        one.ending.set()
        assert await answered(line, one) == "close"
        assert await leaving == 0
        assert one.closing.begun
        assert await resting.ended() == b""
