"""A Baton whose journal is the database, in a process of its own."""

import asyncio
from dataclasses import replace
from pathlib import Path

import aiohttp

from baton.core.ids import UuidV7
from baton.ledger.ledger import open_ledger_without_files
from baton.ledger.settings import LedgerSettings
from baton.storage.database import Database
from tests.chaos.load import Load, exactly, load_on
from tests.crash.serving import PATIENCE_S, Home, living, ready, until
from tests.databases import Place
from tests.ledger.test_register import nothing_begun

AT_ONCE = 4


def home_of(folder: Path, place: Place) -> Home:
    home = Home.of(folder, place.settings.url)
    return replace(home, environment=home.environment | {"BATON_JOURNAL": "database"})


async def test_a_database_that_is_away_refuses_requests_and_loses_none(place: Place, tmp_path: Path) -> None:
    """503 `ledger_unavailable` before a provider is asked; answers under way leave, and are rows when it is
    back; no journal is made in a folder."""
    home = home_of(tmp_path, place)
    async with living(home) as process, aiohttp.ClientSession() as session:
        async with load_on(home) as load:
            await load.more(50)
            with place.away():
                await until(lambda: len(load.refused) >= AT_ONCE)
            await load.more(50)
        assert set(load.refused) == {(503, "ledger_unavailable")}
        async with asyncio.timeout(PATIENCE_S):
            while not await ready(session, home.url):
                pass
        process.terminate()
        assert await process.wait() == 0
    rows = await exactly(place.settings, load)
    assert len(rows) == len(load.answered)
    assert not (tmp_path / "journal").exists()


async def test_what_reached_a_client_is_one_row_over_three_kills(place: Place, tmp_path: Path) -> None:
    """`kill -9` under load; what was under way is `crashed`, by whoever comes next."""
    home = home_of(tmp_path, place)
    load = Load(home.url)
    for _ in range(3):
        async with living(home) as process, load_on(home) as life:
            await life.more(60)
            process.kill()
        load.answered += life.answered
        load.asked += life.asked
    quick = LedgerSettings(beat_every_s=0.05)
    async with (
        Database(place.settings) as database,
        open_ledger_without_files(tmp_path / "journal", database, UuidV7(), quick),
    ):
        await nothing_begun(database)
    rows = await exactly(place.settings, load, crashed=3 * AT_ONCE)
    assert len(rows) <= load.asked
