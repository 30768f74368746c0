"""kill -9 of a whole Baton under load: every answer that reached a client is one row."""

import asyncio
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.conftest import bearer
from tests.crash.serving import KEY, Home, living, until
from tests.databases import Place

CALLERS = 8


@dataclass
class Clients:
    """What the clients of all of its lives have seen."""

    url: str
    asked: int = 0
    answered: list[str] = field(default_factory=list[str])
    """Ids of the answers that came whole."""

    async def ask(self, rng: random.Random) -> None:
        """One question after the other, until nobody answers any longer."""
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session:
            while True:
                stream = rng.random() < 0.5
                body: dict[str, Any] = {
                    "model": "simulated/echo",
                    "messages": [{"role": "user", "content": "x" * rng.randrange(1, 400)}],
                    "stream": stream,
                }
                self.asked += 1
                try:
                    async with session.post(f"{self.url}/v1/chat/completions", json=body) as reply:
                        said = await reply.read()
                except (aiohttp.ClientError, ConnectionError):
                    return
                assert reply.status == 200, said
                if stream and not said.endswith(b"data: [DONE]\n\n"):
                    return
                self.answered.append(reply.headers["x-request-id"])


async def prove(place: Place, folder: Path, seeds: range) -> None:
    """Kill as many lives of one Baton as there are seeds, let a last one recover, and look at the rows."""
    home = Home.of(folder, place.settings.url)
    clients = Clients(home.url)
    for seed in seeds:
        rng = random.Random(seed)
        async with living(home) as process:
            before = len(clients.answered)
            async with asyncio.TaskGroup() as group:
                for _ in range(CALLERS):
                    group.create_task(clients.ask(random.Random(rng.random())))
                enough = before + rng.randrange(1, 300)
                await until(lambda enough=enough: len(clients.answered) >= enough)
                process.kill()
    async with living(home) as process:
        journal = folder / "journal"
        await until(lambda: len([path for path in journal.iterdir() if path.name[0] != "."]) == 1)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    await check(place.settings, clients, len(seeds))


async def check(settings: StorageSettings, clients: Clients, kills: int) -> None:
    """One row for each answer, none that nobody asked for, sums that are those of the attempts."""
    async with Database(settings) as database, database.read() as connection:
        rows = (await connection.execute(select(INTERACTIONS))).all()
        attempts = (await connection.execute(select(ATTEMPTS))).all()
    status = {row.id: row.status for row in rows}
    assert len(status) == len(rows)
    assert len(set(clients.answered)) == len(clients.answered)
    assert [id for id in clients.answered if status.get(id) != "ok"] == []
    assert len(rows) <= clients.asked, "rows that nobody asked for"
    assert set(status.values()) <= {"ok", "crashed", "cancelled"}
    unseen = [id for id in status if id not in set(clients.answered)]
    assert len(unseen) <= kills * CALLERS
    assert {attempt.interaction_id for attempt in attempts} <= status.keys()
    assert len(attempts) == sum(row.attempts for row in rows)
    assert sum(attempt.prompt_tokens for attempt in attempts) == sum(row.prompt_tokens for row in rows)


async def test_what_reached_a_client_is_one_row_over_ten_kills(place: Place, tmp_path: Path) -> None:
    """Whole answers and streams, at ten random moments, on both databases."""
    await prove(place, tmp_path, range(10))


@pytest.mark.soak
async def test_what_reached_a_client_is_one_row_over_two_hundred_kills(place: Place, tmp_path: Path) -> None:
    """The same at length."""
    await prove(place, tmp_path, range(1000, 1200))
