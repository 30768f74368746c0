"""One HTTP/1.1 connection of the simulated server, able to misbehave in every way a socket can."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast
from urllib.parse import unquote

import httptools
from msgspec import Struct

from baton.upstream.providers.simulated.simulation import Incoming, Performance
from baton.upstream.providers.simulated.steps import Cut, HalfHead, Head, Pause, Reset, Send, Silence

Sleep = Callable[[float], Awaitable[None]]
Answer = Callable[[Incoming, str], Performance]
"""Given a request and its query string."""

_MOST_BODY_BYTES = 64 * 1024 * 1024
_MOST_HEADER_BYTES = 256 * 1024
_MOST_WAITING = 16  # requests sent ahead on one connection
_NO_LINGER = struct.pack("ii", 1, 0)  # SO_LINGER on, for 0 s: closing sends a reset


class _Question(Struct, frozen=True):
    """A request read to its end."""

    incoming: Incoming
    query: str
    keeps_alive: bool


class Connection(asyncio.Protocol):
    """Reads requests, and plays the steps of their answers, one write to the socket for each piece."""

    def __init__(self, answer: Answer, sleep: Sleep, connections: "set[Connection]") -> None:
        """`connections`: where it keeps itself while it is open, so that its server can close it."""
        self._answer = answer
        self._sleep = sleep
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[_Question] = deque()
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._chunked = False
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve it."""
        self._transport = cast("asyncio.Transport", transport)
        self._writable.set()
        self._connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side left, or we closed: nobody listens to an answer any longer."""
        del exc  # how it ended is the other side's business
        self._connections.discard(self)
        self._task.cancel()

    def pause_writing(self) -> None:
        """The other side reads too slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Read on; what is no HTTP ends the connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._transport.close()
        except httptools.HttpParserError:
            self._transport.write(
                b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            self._transport.close()

    async def close(self) -> None:
        """End it at once, and wait until its answer has noticed."""
        self._transport.abort()
        self._task.cancel()
        await asyncio.wait([self._task])

    def on_message_begin(self) -> None:
        """Called by the parser."""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._header_bytes = 0
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        """Called by the parser; in pieces."""
        self._url += url
        self._bound(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        self._bound(len(name) + len(value))

    def on_body(self, body: bytes) -> None:
        """Called by the parser; in pieces."""
        self._body += body
        if len(self._body) > _MOST_BODY_BYTES:
            self._transport.abort()

    def on_message_complete(self) -> None:
        """Called by the parser: a request waits for its turn."""
        url = httptools.parse_url(self._url)
        incoming = Incoming(
            method=self._parser.get_method().decode("latin-1"),
            path=unquote((url.path or b"/").decode("latin-1")),
            headers=self._headers,
            body=bytes(self._body),
        )
        query = (url.query or b"").decode("latin-1")
        self._waiting.append(_Question(incoming, query, self._parser.should_keep_alive()))
        self._arrived.set()
        if len(self._waiting) > _MOST_WAITING:
            self._transport.abort()

    def _bound(self, header_bytes: int) -> None:
        self._header_bytes += header_bytes
        if self._header_bytes > _MOST_HEADER_BYTES:
            self._transport.abort()

    async def _serve(self) -> None:
        """Answer request after request."""
        try:
            keeps_alive = True
            while keeps_alive and not self._transport.is_closing():
                while not self._waiting:
                    self._arrived.clear()
                    await self._arrived.wait()
                question = self._waiting.popleft()
                keeps_alive = question.keeps_alive
                performance = self._answer(question.incoming, question.query)
                ended = False
                try:
                    await self._play(performance, keeps_alive)
                    ended = True
                finally:
                    performance.ended(gone=not ended)
        finally:
            self._transport.close()

    async def _play(self, performance: Performance, keeps_alive: bool) -> None:
        """Play an answer to its own end, be it a bad one."""
        for step in performance:
            match step:
                case Head():
                    self._write_head(step, keeps_alive)
                case Send():
                    await self._write(step.data)
                case Pause():
                    await self._sleep(step.seconds)
                case HalfHead():
                    self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: appl")
                    await self._listen()
                case Silence():
                    await self._listen()
                case Cut():
                    self._transport.close()
                    return
                case Reset():
                    self._reset()
                    return
        if self._chunked:
            self._transport.write(b"0\r\n\r\n")

    def _write_head(self, head: Head, keeps_alive: bool) -> None:
        self._chunked = head.length is None
        length = "transfer-encoding: chunked" if head.length is None else f"content-length: {head.length}"
        lines = [f"HTTP/1.1 {head.status} {_reason(head.status)}", length]
        lines.extend(f"{name}: {value}" for name, value in head.headers)
        if not keeps_alive:
            lines.append("connection: close")
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def _write(self, data: bytes) -> None:
        """Write, no faster than the other side reads; others run between two pieces."""
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        await asyncio.sleep(0)
        await self._writable.wait()

    async def _listen(self) -> None:
        """Until the other side leaves, which cancels this."""
        await asyncio.get_running_loop().create_future()

    def _reset(self) -> None:
        connected: socket.socket = self._transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Simulated"
