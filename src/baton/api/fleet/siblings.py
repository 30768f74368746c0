"""`/metrics` of several processes is their sum, whichever of them is asked."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from baton.api.fleet.exposition import Family, families_of
from baton.api.fleet.folder import FleetFolder, decode, encode
from baton.api.fleet.sums import summed

ANSWER_S = 0.5
"""How long a process may take to say what it has counted; what it has told before stands for it then."""

_log = structlog.stdlib.get_logger(__name__)


class Siblings:
    """Tells the others what this process has counted, and asks them; `async with` opens its door."""

    def __init__(self, folder: FleetFolder, number: int, own: CollectorRegistry) -> None:
        """`number`: of this process, never used before in that folder; `own`: what it has to tell."""
        self._folder = folder
        self._number = number
        self._own = own
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._asked, self._folder.door(self._number))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave behind what was counted."""
        try:
            await self._told()
        except OSError as refused:  # the supervisor was killed, and another has tidied up
            _log.warning("metrics_not_left", error=str(refused))
        self._server.close()
        await self._server.wait_closed()

    async def scrape(self) -> CollectorRegistry:
        """Everything that all processes have to tell, those among them that are gone."""
        numbers = await asyncio.to_thread(self._folder.numbers) - {self._number}
        others = await asyncio.gather(*(self._ask(number) for number in numbers))
        own = await self._told()
        heard = dict(zip(numbers, others, strict=True))
        told = {number: families for number, families in heard.items() if families is not None}
        silent = heard.keys() - told.keys()
        told |= {number: await asyncio.to_thread(self._folder.shown, number) for number in silent}
        # Read last: who is in it is in it wholly, whether it was still heard above or not.
        departed = await asyncio.to_thread(self._folder.departed)
        present = {number: families for number, families in told.items() if number not in departed.numbers}
        families = summed([own, *present.values(), departed.families])
        silent &= present.keys()
        registry = CollectorRegistry()
        registry.register(_Told(families, answered=1 + len(present) - len(silent), silent=len(silent)))
        return registry

    async def _told(self) -> tuple[Family, ...]:
        """What this process has to tell, kept before it is told."""
        async with self._one_at_a_time:
            families = families_of(self._own.collect())
            await asyncio.to_thread(self._folder.show, self._number, families)
            return families

    async def _asked(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(encode(await self._told()))
            await writer.drain()
        except OSError as error:
            _log.warning("metrics_not_told", error=str(error))
        finally:
            writer.close()

    async def _ask(self, number: int) -> tuple[Family, ...] | None:
        """What another process has to tell; None: it does not say."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return decode(await _read(self._folder.door(number)))
        except (OSError, TimeoutError, msgspec.MsgspecError):
            return None


async def _read(door: Path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(door)
    try:
        return await reader.read()
    finally:
        writer.close()


class _Told(Collector):
    """Sums, as Prometheus' client writes them."""

    def __init__(self, families: Iterable[Family], *, answered: int, silent: int) -> None:
        self._families = families
        self._answered = answered
        self._silent = silent

    def collect(self) -> Iterable[Metric]:
        """All of it."""
        for family in self._families:
            metric = Metric(family.name, family.text, family.kind)
            for sample in family.samples:
                metric.add_sample(sample.name, dict(sample.labels), float(sample.value))
            yield metric
        yield GaugeMetricFamily(
            "baton_workers", "Processes whose figures are in this scrape.", self._answered
        )
        yield GaugeMetricFamily(
            "baton_workers_silent",
            "Processes that did not answer: their counters are as last told, their gauges left out.",
            self._silent,
        )
