"""A provider that streams in every dialect at a steady pace, cheaply: one network write per event."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from typing import cast

import uvloop

from benchmarks.dialects.dialect import Dialect
from benchmarks.dialects.registry import DIALECTS

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)

_BEAT_S = 0.001


def _framed(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


class Script:
    """What is said to every caller in one dialect, ready for the wire."""

    def __init__(self, dialect: Dialect, texts: int) -> None:
        self.stem = dialect.stem
        self.without_usage = self._writes(dialect.events(texts, usage=False))
        self.with_usage = self._writes(dialect.events(texts, usage=True))
        body = dialect.answer
        self.plain = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            + body
        )

    @staticmethod
    def _writes(events: list[bytes]) -> list[bytes]:
        writes = [_framed(event) for event in events]
        writes[-1] += b"0\r\n\r\n"
        return writes


class Metronome:
    """Lets every speaker speak once per interval, the speakers spread evenly over its milliseconds.

    With a timer for each stream, chance decides whether their chunks fall together or apart, and with it how
    many a system reads in one turn of its loop: the same program then measures 20 % dearer in one run than
    in the next.
    """

    def __init__(self, interval_ms: int) -> None:
        self._turns: list[set[Speaker]] = [set() for _ in range(interval_ms)]
        self._speaking = 0
        self._turn = 0
        self._due_s = 0.0

    def join(self, speaker: Speaker) -> set[Speaker]:
        """Gives `speaker` a turn, the least taken one, to be handed back to `leave`."""
        turn = min(self._turns, key=len)
        turn.add(speaker)
        self._speaking += 1
        if self._speaking == 1:
            self._due_s = time.monotonic()
            self._schedule()
        return turn

    def leave(self, speaker: Speaker, turn: set[Speaker]) -> None:
        """Takes its turn from a speaker who has ended."""
        turn.remove(speaker)
        self._speaking -= 1

    def _schedule(self) -> None:
        # uvloop counts from the start of its turn and in whole milliseconds, so left to itself it hurries.
        # Who is late does not catch up: two chunks at once would be read as one.
        now_s = time.monotonic()
        self._due_s = max(self._due_s + _BEAT_S, now_s + _BEAT_S / 2)
        asyncio.get_running_loop().call_later(self._due_s - now_s, self._beat)

    def _beat(self) -> None:
        self._turn = (self._turn + 1) % len(self._turns)
        for speaker in tuple(self._turns[self._turn]):
            speaker.speak()
        if self._speaking:
            self._schedule()


class Speaker(asyncio.Protocol):
    """One connection: waits for a whole request, then speaks it out event by event."""

    def __init__(self, scripts: list[Script], metronome: Metronome) -> None:
        self._scripts = scripts
        self._metronome = metronome
        self._received = b""
        self._rest: Iterator[bytes] = iter(())
        self._turn: set[Speaker] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but its bases.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        self._received = b""
        path = head.split(b" ", 2)[1]
        script = next(script for script in self._scripts if script.stem in path)
        # Written with or without spaces, it means the same.
        asked = body.replace(b" ", b"")
        if b'"stream":true' not in asked and b":stream" not in path:
            self._transport.write(script.plain)
            return
        usage = b'"include_usage":true' in asked
        self._rest = iter(script.with_usage if usage else script.without_usage)
        self._transport.write(_STREAM_HEAD)
        if self._turn is None:
            self._turn = self._metronome.join(self)

    def speak(self) -> None:
        """Says the next chunk."""
        chunk = next(self._rest, None)
        if chunk is None:
            self._end()
        else:
            self._transport.write(chunk)

    def _end(self) -> None:
        if self._turn is not None:
            self._metronome.leave(self, self._turn)
            self._turn = None


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def _serve(port: int, scripts: list[Script], metronome: Metronome) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Speaker(scripts, metronome), "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serves until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--texts", type=int, required=True)
    parser.add_argument("--interval-ms", type=int, required=True)
    arguments = parser.parse_args()
    scripts = [Script(dialect, arguments.texts) for dialect in DIALECTS]
    uvloop.run(_serve(arguments.port, scripts, Metronome(arguments.interval_ms)))


if __name__ == "__main__":
    main()
