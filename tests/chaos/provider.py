"""A provider that does whatever a test wants to a socket."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any


class Caller:
    """One request, from the provider's side."""

    def __init__(self, head: bytes, body: bytes, visit: "Visit") -> None:
        self.head = head
        self.body = body
        self._visit = visit

    async def send(self, *pieces: bytes) -> None:
        """Send each piece by itself; who has left hears nothing."""
        for piece in pieces:
            if self._visit.writer.transport.is_closing():
                return
            self._visit.writer.write(piece)
            try:
                await self._visit.writer.drain()
            except ConnectionError:
                return

    async def left(self) -> float:
        """Wait until the client has left; the loop's time of it."""
        with suppress(ConnectionError):
            await self._visit.reader.read()
        return asyncio.get_running_loop().time()

    def close(self) -> None:
        """End the connection."""
        self._visit.writer.close()

    def reset(self) -> None:
        """Tear the connection down; what the client sent and nobody read turns this into a reset."""
        self._visit.writer.transport.abort()

    def tear(self) -> None:
        """Reset the connection."""
        link: socket.socket = self._visit.writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._visit.writer.transport.abort()

    @property
    def gone(self) -> bool:
        """Whether the connection is no more."""
        return self._visit.writer.transport.is_closing()


class Visit:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> Caller | None:
        """The next request; None where there is no more."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = 0
            for line in head.split(b"\r\n"):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            return Caller(head, await self.reader.readexactly(length), self)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            return None


Act = Callable[[Caller], Awaitable[None]]


class RawProvider:
    """Serves every request by `act`."""

    def __init__(self) -> None:
        self.url = ""
        self.act: Act = answering(answer())
        self.calls: list[Caller] = []
        self.connections = 0
        self._visits: set[asyncio.Task[None]] = set()

    def forget(self) -> None:
        """Begin anew."""
        self.calls.clear()
        self.connections = 0
        self.act = answering(answer())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._visits.add(task)
        try:
            visit = Visit(reader, writer)
            while (caller := await visit.request()) is not None and not caller.gone:
                self.calls.append(caller)
                await self.act(caller)
        except asyncio.CancelledError:
            pass
        finally:
            self._visits.discard(task)
            writer.transport.abort()

    async def close(self) -> None:
        """End every connection."""
        visits = tuple(self._visits)
        for task in visits:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)


@asynccontextmanager
async def raw_provider() -> AsyncGenerator[RawProvider]:
    """One that listens on a free port."""
    provider = RawProvider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, limit=1 << 26)
    host, port = server.sockets[0].getsockname()
    provider.url = f"http://{host}:{port}/v1"
    try:
        yield provider
    finally:
        server.close()
        await provider.close()
        await server.wait_closed()


def answering(*pieces: bytes) -> Act:
    """Send these pieces, and wait for the next request."""

    async def act(caller: Caller) -> None:
        await caller.send(*pieces)

    return act


def closing(*pieces: bytes) -> Act:
    """Send these pieces, then close the connection."""

    async def act(caller: Caller) -> None:
        await caller.send(*pieces)
        caller.close()

    return act


def whole(body: bytes, status: int = 200, *headers: str, kind: str = "application/json") -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-type: {kind}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def head(*headers: str, kind: str = "text/event-stream", status: int = 200) -> bytes:
    """The head of an answer whose body ends with the connection."""
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", f"content-type: {kind}", *headers, "", ""]).encode()


def chunked(*pieces: bytes, kind: str = "text/event-stream", end: bool = True) -> list[bytes]:
    """A chunked answer, piece by piece."""
    parts = [head("transfer-encoding: chunked", kind=kind)]
    parts += [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    return [*parts, b"0\r\n\r\n"] if end else parts


def answer(text: str = "Well.", usage: Any = None) -> bytes:
    """A proper whole answer."""
    return whole(json.dumps(completion(text, usage)).encode())


def completion(text: str = "Well.", usage: Any = None) -> dict[str, Any]:
    """The body of a proper whole answer."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": usage or {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def word(text: str, finish: str | None = None) -> bytes:
    """One event of a stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return event({"id": "c", "object": "chat.completion.chunk", "model": "gpt-4o-mini", "choices": [choice]})


def event(data: Any) -> bytes:
    """One event that holds any JSON."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
USED = event(
    {
        "id": "c",
        "model": "gpt-4o-mini",
        "choices": [],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
)
