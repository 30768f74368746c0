"""The database goes away under a Baton that serves: nobody who asks may notice, and no row may be missing."""

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.load import exactly, load_on
from tests.crash.serving import PATIENCE_S, Home, living, ready, until
from tests.databases import Place

AT_ONCE = 4
"""Requests under way at a time, so at most so many have no answer when the process dies."""


async def waiting(session: aiohttp.ClientSession, home: Home) -> float:
    """How many rows are on their way to the database, as the metrics say."""
    async with session.get(f"{home.url}/metrics") as reply:
        said = await reply.text()
    [line] = [line for line in said.splitlines() if line.startswith("baton_ledger_waiting_rows ")]
    return float(line.split()[1])


async def outlast(place: Place, folder: Path, seconds: float) -> None:
    """Have the database away for so long under load, and look at the rows."""
    home = Home.of(folder, place.settings.url)
    async with living(home) as process, aiohttp.ClientSession() as session:
        async with load_on(home) as load:
            await load.more(20)
            with place.away():
                during = len(load.answered)
                await load.more(20)
                await load.lasts(seconds)
                assert await waiting(session, home) >= len(load.answered) - during - AT_ONCE
            await load.more(20)
        assert load.refused == []
        async with asyncio.timeout(PATIENCE_S):
            while not await ready(session, home.url):
                pass
        process.terminate()
        assert await process.wait() == 0
    assert await exactly(place.settings, load)


async def test_a_database_that_stops_for_a_while_costs_nothing(place: Place, tmp_path: Path) -> None:
    """Every request is answered all the while, and is one row when it is back."""
    await outlast(place, tmp_path, 3.0)


@pytest.mark.soak
async def test_a_database_that_stops_for_a_minute_costs_nothing(place: Place, tmp_path: Path) -> None:
    """A database that stops for 60 s under load costs no request and no row."""
    await outlast(place, tmp_path, 60.0)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_database_that_stays_away_to_the_end_costs_nothing(
    place: Place, tmp_path: Path, end: signal.Signals
) -> None:
    """Told to stop, or killed, while it is away: the next start brings in every row, each once."""
    home = Home.of(tmp_path, place.settings.url)
    async with living(home) as process:
        async with load_on(home) as load:
            await load.more(20)
            with place.away():
                await load.more(200)
                load.stopping = end is signal.SIGTERM
                process.send_signal(end)
                assert await process.wait() == (0 if end is signal.SIGTERM else -signal.SIGKILL)
        assert load.refused == []
    async with living(home) as process:
        journals = tmp_path / "journal"
        await until(lambda: len([path for path in journals.iterdir() if path.name[0] != "."]) == 1)
        process.terminate()
        assert await process.wait() == 0
    await exactly(place.settings, load, crashed=AT_ONCE)
    assert not any((tmp_path / "journal").iterdir())
