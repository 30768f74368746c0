"""The simulated provider behind the transport's interface: answers in process, without a socket.

What only a socket can do is told as the pooled client would tell it: a reset is CONNECT, silence is TIMEOUT.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Protocol
from urllib.parse import unquote, urlsplit

from baton.core.clock import Clock
from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.upstream.providers.simulated.simulation import Incoming, Performance, Simulation
from baton.upstream.providers.simulated.steps import HalfHead, Head, Pause, Send, Silence, Step
from baton.upstream.transport import Deadlines, UpstreamRequest

Sleep = Callable[[float], Awaitable[None]]
_INFLATED_PIECE = 65_536


class _Inflater(Protocol):
    """A zlib decompressor."""

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


class _Stage:
    """How long nothing may happen, in one stage of a call."""

    def __init__(self, deadlines: Deadlines, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._limit_s = deadlines.first_byte_s
        self._idle_s = deadlines.idle_s
        self._waited_s = 0.0
        self._ends = clock.monotonic() + deadlines.total_s if deadlines.total_s is not None else None

    def heard(self) -> None:
        """Something came: the limit between two chunks counts from here."""
        self._limit_s = self._idle_s
        self._waited_s = 0.0

    async def wait(self, seconds: float | None) -> None:
        """Wait; None: for ever.

        Raises:
            AttemptFailed: TIMEOUT, once a limit is reached.
        """
        left = self._left()
        if seconds is not None and (left is None or seconds <= left):
            self._waited_s += seconds
            await self._sleep(seconds)
        elif left is not None:
            await self._sleep(left)
            raise _failed(Kind.TIMEOUT, "The provider did not answer in time.")
        else:
            await asyncio.get_running_loop().create_future()

    def _left(self) -> float | None:
        limits: list[float] = []
        if self._limit_s is not None:
            limits.append(self._limit_s - self._waited_s)
        if self._ends is not None:
            limits.append(self._ends - self._clock.monotonic())
        return max(min(limits), 0.0) if limits else None


class _Headers(Mapping[str, str]):
    """Headers, looked up without regard to case."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._pairs = {name.lower(): value for name, value in pairs}

    def __getitem__(self, name: str) -> str:
        return self._pairs[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._pairs

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)


class SimulatedResponse:
    """One answer; an `UpstreamResponse`."""

    def __init__(self, performance: Performance, steps: Iterator[Step], head: Head, stage: _Stage) -> None:
        length = () if head.length is None else (("content-length", str(head.length)),)
        self.status = head.status
        self.headers: Mapping[str, str] = _Headers((*head.headers, *length))
        self._performance = performance
        self._steps = steps
        self._stage = stage
        self._announced = head.length
        self._ended = False

    async def read(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            AttemptFailed: TIMEOUT, CONNECT where it is cut off, MALFORMED where it is too long.
        """
        if self._announced is not None and self._announced > limit:
            raise _too_long(limit)
        body = bytearray()
        async for chunk in self.chunks(limit):
            body += chunk
        return bytes(body)

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """The body as it arrives, `limit` bytes at most.

        Raises:
            AttemptFailed: as `read`.
        """
        left = limit
        zipped = self.headers.get("content-encoding") == "gzip"
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16) if zipped else None
        for step in self._steps:
            match step:
                case Send():
                    self._stage.heard()
                    # A socket lets others run between two pieces; so does this.
                    await asyncio.sleep(0)
                    pieces = (step.data,) if inflater is None else _inflate(inflater, step.data)
                    for piece in pieces:
                        left -= len(piece)
                        if left < 0:
                            raise _too_long(limit)
                        yield piece
                case Pause():
                    await self._stage.wait(step.seconds)
                case Silence():
                    await self._stage.wait(None)
                case _:
                    self._end(gone=False)
                    raise _failed(Kind.CONNECT, "The provider closed the connection before its end.")
        self._end(gone=False)

    async def close(self) -> None:
        """End the answer; before its end, that is a client that left."""
        self._end(gone=True)

    def _end(self, *, gone: bool) -> None:
        if not self._ended:
            self._ended = True
            self._performance.ended(gone=gone)


def _inflate(inflater: _Inflater, data: bytes) -> Iterator[bytes]:
    """The plain bytes, in pieces of bounded size."""
    while data:
        if piece := inflater.decompress(data, _INFLATED_PIECE):
            yield piece
        data = inflater.unconsumed_tail


class SimulatedTransport:
    """Sends requests to a simulation in this process; a `Transport`."""

    def __init__(self, simulation: Simulation, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        """`sleep`: how pauses are waited for; the clock should move with it."""
        self.simulation = simulation
        self._clock = clock
        self._sleep = sleep

    async def send(self, request: UpstreamRequest, deadlines: Deadlines) -> SimulatedResponse:
        """Ask, and wait for status and headers.

        Raises:
            AttemptFailed: CONNECT or TIMEOUT.
        """
        headers = {name.lower(): value for name, value in request.headers.items()}
        incoming = Incoming(
            method=request.method,
            path=unquote(urlsplit(request.url).path),
            headers=headers,
            body=request.body,
        )
        performance = self.simulation.receive(incoming)
        steps = iter(performance)
        stage = _Stage(deadlines, self._clock, self._sleep)
        gone = True
        try:
            for step in steps:
                match step:
                    case Head():
                        stage.heard()
                        gone = False
                        return SimulatedResponse(performance, steps, step, stage)
                    case Pause():
                        await stage.wait(step.seconds)
                    case Silence() | HalfHead():
                        await stage.wait(None)
                    case _:
                        break
            performance.ended(gone=False)
            raise _failed(Kind.CONNECT, "The provider closed the connection before its answer.")
        finally:
            if gone:
                performance.ended(gone=True)

    async def close(self) -> None:
        """Nothing is open."""


def _failed(kind: Kind, message: str) -> AttemptFailed:
    return AttemptFailed(Failure(kind=kind, message=message))


def _too_long(limit: int) -> AttemptFailed:
    return _failed(Kind.MALFORMED, f"The provider's answer is longer than {limit} bytes.")
