"""Streamed answers: CPU per chunk while many speak, memory per stream while many are open."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import uvloop

from benchmarks.dialects.dialect import words
from benchmarks.loads.connection import Answer, Connection, Tally
from benchmarks.systems.processes import Unfit
from benchmarks.systems.servers import System

STREAMS = 16
TEXTS = 200
INTERVAL_MS = 2

OPEN_STREAMS = 500
# Slow enough that memory, not speed, is what is measured; long enough to outlast the measurement.
OPEN_INTERVAL_MS = 1000
OPEN_TEXTS = 120

# All dialects speak the same words, some more of them at a time than others.
_ALL_WORDS = "".join(words(TEXTS, 32))

_WARM_UP_S = 0.6
_OPEN_WITHIN_S = 30.0
_SETTLE_S = 2.5


@dataclass(frozen=True, slots=True)
class Flow:
    """One window of concurrent streams. A chunk is an event with a text, as the system's callers get it."""

    chunks: int
    reads: int
    seconds: float
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per chunk, of the system's whole process tree."""
        return self.cpu_s / self.chunks * 1e6

    @property
    def per_s(self) -> float:
        """Chunks per second."""
        return self.chunks / self.seconds

    @property
    def reads_per_chunk(self) -> float:
        """Near 1: chunks came one by one; well below, the system fell behind and lumped them together."""
        return self.reads / self.chunks


def _require_whole(system: System, answer: Answer, *, usage: bool) -> None:
    """Every text must have come by itself and in order, the usage where it belongs, and the end."""
    if answer.status != 200:
        raise Unfit(f"{system.name} answered {answer.status}: {answer.body[:300].decode(errors='replace')}")
    try:
        said = system.dialect.said(answer.body)
    except (ValueError, KeyError, TypeError) as fault:
        raise Unfit(f"{system.name} streamed something else ({fault!r})") from None
    if len(said.texts) != TEXTS:
        raise Unfit(f"{system.name} delivered {len(said.texts)} texts of {TEXTS}")
    if not _ALL_WORDS.startswith("".join(said.texts)):
        raise Unfit(f"{system.name} streamed other texts: {''.join(said.texts)[:200]!r}")
    if said.usage != (usage or not system.dialect.usage_on_request):
        raise Unfit(f"{system.name}: usage was {'not asked for but came' if said.usage else 'lost'}")
    if not said.ended:
        raise Unfit(f"{system.name} ended a stream without its end mark: {answer.body[-200:]!r}")


def require_whole_streams(system: System) -> None:
    """Raises `Unfit` unless streams arrive complete, with usage where asked for and without where not."""

    async def check() -> None:
        connection = await Connection.open(system.port, Tally(system.dialect.mark))
        try:
            for usage in (False, True):
                answer = await connection.ask(system.request(stream=True, usage=usage))
                _require_whole(system, answer, usage=usage)
        finally:
            connection.close()

    uvloop.run(check())


def flow(system: System, seconds: float) -> Flow:
    """16 concurrent streams, one after another on each connection; every one is checked to be whole."""
    return uvloop.run(_flow(system, seconds))


async def _flow(system: System, seconds: float) -> Flow:
    request = system.request(stream=True)
    tally = Tally(system.dialect.mark)
    connections = [await Connection.open(system.port, tally) for _ in range(STREAMS)]
    measuring = True

    async def listen(connection: Connection) -> None:
        while measuring:
            _require_whole(system, await connection.ask(request), usage=False)

    try:
        async with asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(listen(connection))
            await asyncio.sleep(_WARM_UP_S)
            loop = asyncio.get_running_loop()
            start, cpu_s, chunks, reads = loop.time(), system.process.cpu_s(), tally.chunks, tally.reads
            await asyncio.sleep(seconds)
            result = Flow(
                tally.chunks - chunks,
                tally.reads - reads,
                loop.time() - start,
                system.process.cpu_s() - cpu_s,
            )
            measuring = False
    except* Unfit as faults:
        raise faults.exceptions[0] from None
    except* ConnectionError as faults:
        raise Unfit(f"{system.name} cut a stream: {faults.exceptions[0]}") from None
    finally:
        for connection in connections:
            connection.close()
    if not result.chunks:
        raise Unfit(f"{system.name} delivered no chunk in {seconds:g} s")
    return result


def open_stream_kb(system: System) -> float:
    """Resident memory per open stream with 500 of them open and speaking slowly."""
    return uvloop.run(_open_stream_kb(system))


async def _open_stream_kb(system: System) -> float:
    request = system.request(stream=True)
    tally = Tally(system.dialect.mark)
    connections: list[Connection] = []
    listening: list[asyncio.Task[Answer]] = []

    async def hold(count: int) -> None:
        for _ in range(count):
            connection = await Connection.open(system.port, tally)
            connections.append(connection)
            listening.append(asyncio.create_task(connection.ask(request)))
        await asyncio.gather(*(connection.first_piece.wait() for connection in connections))

    try:
        # One stream first: what is loaded once belongs to no stream.
        await asyncio.wait_for(hold(1), _OPEN_WITHIN_S)
        before = system.process.rss_kb()
        await asyncio.wait_for(hold(OPEN_STREAMS), _OPEN_WITHIN_S)
        await asyncio.sleep(_SETTLE_S)
        after = system.process.rss_kb()
        ended = [task for task in listening if task.done()]
        if ended:
            raise Unfit(f"{system.name}: {len(ended)} of {OPEN_STREAMS} streams ended early")
        return (after - before) / OPEN_STREAMS
    except TimeoutError:
        begun = sum(connection.first_piece.is_set() for connection in connections)
        raise Unfit(
            f"{system.name}: {begun} of {OPEN_STREAMS} streams began in {_OPEN_WITHIN_S:g} s"
        ) from None
    finally:
        for connection in connections:
            connection.close()
        await asyncio.gather(*listening, return_exceptions=True)
