"""A counted number of plain requests, the system's memory meanwhile, and whose answers they were."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from uuid import UUID

import uvloop

from benchmarks.loads.connection import Connection, Tally
from benchmarks.systems.processes import Unfit
from benchmarks.systems.servers import System, require_right

CONNECTIONS = 16

_SAMPLE_EVERY_S = 0.1
_FEWEST = 10
"""Samples that a line is laid through."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The system's memory at one moment."""

    answers: int
    """Given so far."""
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of the requests: as many answers with 200, each with an id."""

    answers: int
    ids: int
    """Exclusive or of the 128-bit ids that the answers carried."""
    seconds: float
    samples: list[Sample]

    def growth_mb(self) -> float:
        """Growth of memory over the second half of the answers, along the line that fits it best."""
        late = [one for one in self.samples if one.answers >= self.answers / 2]
        if len(late) < _FEWEST:
            raise Unfit(f"only {len(late)} samples of memory in the second half; ask for more requests")
        line = statistics.linear_regression([one.answers for one in late], [one.rss_mb for one in late])
        return line.slope * self.answers / 2


class Named(Connection):
    """A connection that reads who each answer was."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self.id = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"x-request-id":
            self.id = value


def ask(system: System, requests: int) -> Counted:
    """Asks so often over 16 kept-alive connections; raises `Unfit` if an answer was not right."""
    return uvloop.run(_ask(system, requests))


async def _ask(system: System, requests: int) -> Counted:
    request, tally = system.request(), Tally(system.dialect.mark)
    connections = [await Named.open(system.port, tally) for _ in range(CONNECTIONS)]
    asked = ids = 0
    samples: list[Sample] = []

    async def keep_asking(connection: Named) -> None:
        nonlocal asked, ids
        while asked < requests:
            asked += 1
            answer = await connection.ask(request)
            require_right(system, answer.status, answer.body)
            ids ^= UUID(connection.id.decode()).int

    async def sample() -> None:
        while True:
            samples.append(Sample(tally.answers, system.process.rss_kb() / 1024))
            await asyncio.sleep(_SAMPLE_EVERY_S)

    began_s = time.monotonic()
    sampling = asyncio.create_task(sample())
    try:
        async with asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(keep_asking(connection))
    except* Unfit as faults:
        raise faults.exceptions[0] from None
    except* ConnectionError as faults:
        raise Unfit(f"{system.name} cut an answer: {faults.exceptions[0]}") from None
    finally:
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
        for connection in connections:
            connection.close()
    return Counted(tally.answers, ids, time.monotonic() - began_s, samples)
