"""A disk that takes no more, under a Baton that serves."""

import asyncio
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from baton.ledger.tables import INTERACTIONS
from baton.storage.database import Database
from tests.chaos.load import Load, exactly
from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, living, ready
from tests.databases import Place, SqliteFile

BODY: dict[str, Any] = {"model": "simulated/echo", "messages": [{"role": "user", "content": "x" * 2000}]}
NO_MORE = 4096
"""Nothing is written behind so many bytes of a file, as where the disk is full."""


async def test_a_full_disk_refuses_what_it_could_not_record(tmp_path: Path) -> None:
    """503 `ledger_full` before a provider is asked, never an answer without a row, and a probe that says so;
    once there is room it serves again, and every answer that was given is one row."""
    place = SqliteFile(tmp_path)
    home = Home.of(tmp_path / "home", place.settings.url)
    answered: list[str] = []
    async with living(home) as process, aiohttp.ClientSession(home.url, headers=bearer(KEY)) as session:

        async def ask() -> tuple[int, Any]:
            async with session.post("/v1/chat/completions", json=BODY) as reply:
                if reply.status == 200:
                    answered.append(reply.headers["x-request-id"])
                return reply.status, await reply.json()

        async def ask_until(status: int) -> Any:
            async with asyncio.timeout(PATIENCE_S):
                while (told := await ask())[0] != status:
                    assert told[0] in (200, 503), told
            return told[1]

        await ask_until(200)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (NO_MORE, resource.RLIM_INFINITY))
        refused = await ask_until(503)
        assert refused["error"]["code"] == "ledger_full"
        assert str(tmp_path) not in refused["error"]["message"]
        async with session.get("/readyz") as reply:
            assert reply.status == 503
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        async with asyncio.timeout(PATIENCE_S):
            while not await ready(session, home.url):
                pass
        await ask_until(200)
        process.terminate()
        assert await process.wait() == 0
    async with Database(place.settings) as database, database.read() as connection:
        rows = (await connection.execute(select(INTERACTIONS.c.id, INTERACTIONS.c.status))).all()
    assert sorted(row.id for row in rows if row.status == "ok") == sorted(answered)
    assert len({row.id for row in rows}) == len(rows)


async def test_a_full_disk_may_be_served_on(place: Place, tmp_path: Path) -> None:
    """With `BATON_LEDGER_FULL=serve` nothing is refused and probes are told `degraded`, not 503; once there
    is room every answer is one row."""
    home = Home.of(tmp_path / "home", place.settings.url)
    home = replace(home, environment=home.environment | {"BATON_LEDGER_FULL": "serve"})
    load = Load(home.url)
    async with living(home) as process, aiohttp.ClientSession(headers=bearer(KEY)) as session:
        assert await load.ask(session, 0) == 200
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (NO_MORE, resource.RLIM_INFINITY))
        async with asyncio.timeout(PATIENCE_S):
            while await status(session, home) != "degraded":
                assert await load.ask(session, 0) == 200
        for number in range(100):
            assert await load.ask(session, number) == 200
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        async with asyncio.timeout(PATIENCE_S):
            while await status(session, home) != "ok":
                pass
        assert await load.ask(session, 0) == 200
        async with session.get(f"{home.url}/metrics") as reply:
            assert "baton_ledger_lost_rows_total 0.0" in await reply.text()
        process.terminate()
        assert await process.wait() == 0
    rows = await exactly(place.settings, load)
    assert len(rows) == len(load.answered) == load.asked


async def status(session: aiohttp.ClientSession, home: Home) -> str:
    """What `/readyz` says, in a word; it never says 503."""
    async with session.get(f"{home.url}/readyz") as reply:
        assert reply.status == 200
        return (await reply.json())["status"]
