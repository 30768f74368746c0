"""A provider that answers over real HTTP what was recorded, and remembers what it was sent."""

import asyncio
import random
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

RANDOM_CUTS = 20
"""How many pieces a stream is at least cut into at random places (decision 26)."""

_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_NEVER_SENT = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding"})


class Cuts(StrEnum):
    """Where a body is cut into the chunks it travels in."""

    WHOLE = "whole"
    EVENTS = "events"
    RANDOM = "random"
    BYTES = "bytes"


def cut(body: bytes, cuts: Cuts, seed: int = 0) -> Iterator[bytes]:
    """The pieces of a body; none is empty, and together they are the body."""
    match cuts:
        case Cuts.WHOLE:
            places: list[int] = []
        case Cuts.EVENTS:
            places = [match.end() for match in _BOUNDARY.finditer(body)]
        case Cuts.RANDOM:
            rng = random.Random(seed)
            places = sorted(rng.sample(range(1, len(body)), min(RANDOM_CUTS, max(0, len(body) - 1))))
        case Cuts.BYTES:
            places = list(range(1, len(body)))
    start = 0
    for place in (*places, len(body)):
        if place > start:
            yield body[start:place]
        start = place


@dataclass(frozen=True)
class Asked:
    """A request as it reached the provider."""

    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True)
class Played:
    """What is answered next."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    chunked: bool = False
    cuts: Cuts = Cuts.WHOLE
    seed: int = 0


class Replay:
    """Answers every request with what was put on last."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self._playing: Played | None = None

    def play(self, played: Played) -> None:
        """From now on this is the answer."""
        self._playing = played
        self.asked.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        while (asked := await _read(reader)) is not None:
            self.asked.append(asked)
            assert self._playing is not None, "nothing was put on"
            await _write(writer, self._playing)


@asynccontextmanager
async def replaying() -> AsyncGenerator[Replay]:
    """A replaying provider on a free port."""
    replay = Replay("")
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await replay.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side left, or the test is over: this is the connection's last step
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=32 * 1024 * 1024)
    async with server:
        port = server.sockets[0].getsockname()[1]
        replay.url = f"http://127.0.0.1:{port}"
        try:
            yield replay
        finally:
            for task in tuple(connections):
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    request_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = request_line.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)


async def _write(writer: asyncio.StreamWriter, played: Played) -> None:
    lines = [f"HTTP/1.1 {played.status} {HTTPStatus(played.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in played.headers.items() if name not in _NEVER_SENT]
    if not played.chunked:
        lines.append(f"content-length: {len(played.body)}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + played.body)
        await writer.drain()
        return
    lines.append("transfer-encoding: chunked")
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    for piece in cut(played.body, played.cuts, played.seed):
        writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)  # let this piece leave before the next is written
    writer.write(b"0\r\n\r\n")
    await writer.drain()
