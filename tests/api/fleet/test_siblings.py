"""Several processes' figures, whichever of them is asked."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge

from baton.api.fleet import siblings
from baton.api.fleet.folder import FleetFolder
from baton.api.fleet.siblings import Siblings


class Member:
    """One process, as far as it counts."""

    def __init__(self, folder: FleetFolder, number: int) -> None:
        own = CollectorRegistry()
        self.count = Counter("baton_requests", "Text.", registry=own)
        self.level = Gauge("baton_queue_depth", "Text.", registry=own)
        self.siblings = Siblings(folder, number, own)

    async def told(self) -> dict[str, float]:
        registry = await self.siblings.scrape()
        return {each.name: each.value for family in registry.collect() for each in family.samples}


@asynccontextmanager
async def member(folder: FleetFolder, number: int) -> AsyncGenerator[Member]:
    one = Member(folder, number)
    async with one.siblings:
        yield one


async def test_everybody_tells_the_same_sum(tmp_path: Path) -> None:
    """Counters and gauges of all that live, from each of them."""
    folder = FleetFolder(tmp_path)
    async with member(folder, 1) as one, member(folder, 2) as two:
        one.count.inc(3)
        two.count.inc(4)
        two.level.set(2)
        for each in (one, two):
            told = await each.told()
            assert (told["baton_requests_total"], told["baton_queue_depth"]) == (7, 2)
            assert (told["baton_workers"], told["baton_workers_silent"]) == (2, 0)


async def test_what_was_counted_outlives_who_counted_it(tmp_path: Path) -> None:
    """To the last request of one that leaves; before it is buried, and afterwards."""
    folder = FleetFolder(tmp_path)
    async with member(folder, 1) as one:
        async with member(folder, 2) as two:
            two.count.inc(4)
            await one.told()
            two.count.inc()
            two.level.set(9)
        told = await one.told()
        assert (told["baton_requests_total"], told["baton_queue_depth"]) == (5, 0)
        folder.bury(2)
        told = await one.told()
        assert (told["baton_requests_total"], told["baton_queue_depth"]) == (5, 0)
        assert (told["baton_workers"], told["baton_workers_silent"]) == (1, 0)


async def test_who_does_not_answer_holds_nobody_up(tmp_path: Path) -> None:
    """Its counters are those that it told last; that it is silent is told as well."""
    folder = FleetFolder(tmp_path)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with member(folder, 1) as one:
        async with member(folder, 2) as two:
            two.count.inc(4)
            await one.told()
        async with await asyncio.start_unix_server(silent, folder.door(2)):
            async with asyncio.timeout(siblings.ANSWER_S + 5):
                told = await one.told()
        assert told["baton_requests_total"] == 4
        assert (told["baton_workers"], told["baton_workers_silent"]) == (1, 1)
