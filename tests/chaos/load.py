"""Callers that ask a Baton in a process of its own, and what the ledger must say of it afterwards."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
from sqlalchemy import Row, select

from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, until

_CALLERS = 4
DRAINING = "draining"
"""The code of whoever comes while a Baton is being stopped."""


@dataclass
class Load:
    """What callers asked, and what they were told."""

    url: str
    asked: int = 0
    answered: list[str] = field(default_factory=list[str])
    """Ids of the answers that came whole, in the order they came."""
    refused: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Status and code of the others."""
    stopping: bool = False

    async def more(self, some: int) -> None:
        """Until so many more have been answered."""
        enough = len(self.answered) + some
        await until(lambda: len(self.answered) >= enough)

    async def lasts(self, seconds: float) -> None:
        """Until it has gone on for so long, with answers all the while."""
        async with asyncio.timeout(seconds + PATIENCE_S):
            ends_s = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < ends_s:
                await self.more(1)

    async def ask(self, session: aiohttp.ClientSession, number: int, **fields: Any) -> int:
        """One request, every second one streamed; its status."""
        stream = number % 2 == 1
        body: dict[str, Any] = {
            "model": "simulated/echo",
            "messages": [{"role": "user", "content": "x" * (1 + number % 200)}],
            "stream": stream,
            **fields,
        }
        self.asked += 1
        async with session.post(f"{self.url}/v1/chat/completions", json=body) as reply:
            said = await reply.read()
            if reply.status == 200 and (not stream or said.endswith(b"data: [DONE]\n\n")):
                self.answered.append(reply.headers["x-request-id"])
            else:
                code = (await reply.json())["error"]["code"]
                if not (self.stopping and code == DRAINING):
                    self.refused.append((reply.status, code))
            return reply.status

    async def go_on(self) -> None:
        """One request after the other, until told to stop or nobody answers any longer."""
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session:
            for number in count():
                if self.stopping:
                    return
                try:
                    await self.ask(session, number)
                except (aiohttp.ClientError, ConnectionError):
                    return


@asynccontextmanager
async def load_on(home: Home) -> AsyncGenerator[Load]:
    """Callers that ask while inside; each has its last answer at the end."""
    load = Load(home.url)
    async with asyncio.TaskGroup() as callers:
        for _ in range(_CALLERS):
            callers.create_task(load.go_on())
        try:
            yield load
        finally:
            load.stopping = True


async def rows_of(settings: StorageSettings) -> list[Row[Any]]:
    """Every row of the ledger in the order of the ids; fails where sums and attempts do not agree."""
    async with Database(settings) as database, database.read() as connection:
        rows = (await connection.execute(select(INTERACTIONS).order_by(INTERACTIONS.c.id))).all()
        attempts = (await connection.execute(select(ATTEMPTS))).all()
    assert {attempt.interaction_id for attempt in attempts} <= {row.id for row in rows}
    assert len(attempts) == sum(row.attempts for row in rows)
    assert sum(attempt.prompt_tokens for attempt in attempts) == sum(row.prompt_tokens for row in rows)
    assert sum(attempt.cost_nanos or 0 for attempt in attempts) == sum(row.cost_nanos for row in rows)
    return list(rows)


async def exactly(settings: StorageSettings, load: Load, crashed: int = 0) -> list[Row[Any]]:
    """The rows; fails unless each answer is one of them, and at most `crashed` are of nobody's answer."""
    rows = await rows_of(settings)
    assert len(set(load.answered)) == len(load.answered)
    status = {row.id: row.status for row in rows}
    assert [id for id in load.answered if status.get(id) != "ok"] == [], "answered without a row"
    answered = set(load.answered)
    others = [word for id, word in status.items() if id not in answered]
    assert len(others) <= crashed
    assert set(others) <= {"crashed", "ok", "cancelled"}
    return rows
