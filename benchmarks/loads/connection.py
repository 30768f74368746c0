"""A client connection cheap enough to load a gateway from one core."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Self, cast

import httptools


@dataclass(slots=True)
class Tally:
    """What all connections of a load have seen so far; `mark` is what is counted as a chunk."""

    mark: bytes
    chunks: int = 0
    reads: int = 0
    answers: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer, as it came."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection; one request at a time."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._answer: asyncio.Future[Answer] | None = None
        self.first_piece = asyncio.Event()

    @classmethod
    async def open(cls, port: int, tally: Tally) -> Self:
        """Connects to a port of the loopback interface."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(tally), "127.0.0.1", port)
        return connection

    async def ask(self, request: bytes) -> Answer:
        """Sends a whole request and returns the whole answer; raises `ConnectionError` if it is cut off."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Leaves at once, whatever is still to come."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but its bases.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._tally.reads += 1
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)
        chunks = body.count(self._tally.mark)
        if chunks:
            self._tally.chunks += chunks
            self.first_piece.set()

    def on_message_complete(self) -> None:
        answer = Answer(self._parser.get_status_code(), b"".join(self._pieces))
        self._pieces.clear()
        self._tally.answers += 1
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)
