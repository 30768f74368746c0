"""A provider that streams chat completions at a steady pace, cheaply: one network write per chunk."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from typing import cast

import uvloop

from benchmarks.exchange import answer_body, stream_events

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)


def _framed(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


class Script:
    """What is said to every caller, ready for the wire."""

    def __init__(self, chunks: int, interval_s: float) -> None:
        self.interval_s = interval_s
        self.without_usage = self._writes(stream_events(chunks, usage=False))
        self.with_usage = self._writes(stream_events(chunks, usage=True))
        body = answer_body()
        self.plain = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            + body
        )

    @staticmethod
    def _writes(events: list[bytes]) -> list[bytes]:
        writes = [_framed(event) for event in events]
        writes[-1] += b"0\r\n\r\n"
        return writes


class Speaker(asyncio.Protocol):
    """One connection: waits for a whole request, then speaks it out chunk by chunk."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._rest: Iterator[bytes] = iter(())
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but its bases.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        self._received = b""
        # Baton may write JSON with or without spaces.
        asked = body.replace(b" ", b"")
        if b'"stream":true' not in asked:
            self._transport.write(self._script.plain)
            return
        usage = b'"include_usage":true' in asked
        self._rest = iter(self._script.with_usage if usage else self._script.without_usage)
        self._transport.write(_STREAM_HEAD)
        self._due_s = time.monotonic()
        self._speak()

    def _speak(self) -> None:
        chunk = next(self._rest, None)
        if chunk is None:
            self._timer = None
            return
        self._transport.write(chunk)
        # uvloop counts from the start of its turn and in whole milliseconds, so left to itself it hurries.
        # Whoever is late does not catch up: two chunks at once would be read as one.
        now_s = time.monotonic()
        interval_s = self._script.interval_s
        self._due_s = max(self._due_s + interval_s, now_s + interval_s / 2)
        self._timer = self._loop.call_later(self._due_s - now_s, self._speak)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def _serve(port: int, script: Script) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Speaker(script), "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serves until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--chunks", type=int, required=True)
    parser.add_argument("--interval-ms", type=float, required=True)
    arguments = parser.parse_args()
    uvloop.run(_serve(arguments.port, Script(arguments.chunks, arguments.interval_ms / 1000)))


if __name__ == "__main__":
    main()
