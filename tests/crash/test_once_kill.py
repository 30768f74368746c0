"""kill -9 in the middle of what is to be done once."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Row, select

from baton.access.idempotency.tables import CLAIMS
from baton.ledger.tables import INTERACTIONS
from baton.storage.database import Database
from tests.crash.serving import KEY, PATIENCE_S, Home, living
from tests.databases import Place

CHAT = "/v1/chat/completions"
BATCH = "/api/ai/v2/chat/batch"
LAPSE = "UPDATE idempotency_claims SET lease_until_ms = 0 WHERE ended_at_ms IS NULL"
"""Half a minute passes."""


def body(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}], **more}


@asynccontextmanager
async def client(home: Home, key: str) -> AsyncGenerator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": key}
    async with aiohttp.ClientSession(home.url, headers=headers) as session:
        yield session


async def ask(home: Home, path: str, body: Any, key: str) -> tuple[int, Mapping[str, str], bytes]:
    async with client(home, key) as session, session.post(path, json=body) as reply:
        return reply.status, reply.headers, await reply.read()


async def claims(place: Place, hold: Callable[[Sequence[Row[Any]]], bool]) -> None:
    """Return once this holds of the claims that are there."""
    async with asyncio.timeout(PATIENCE_S), Database(place.settings) as database:
        while True:
            async with database.read() as connection:
                if hold((await connection.execute(select(CLAIMS))).all()):
                    return
            await asyncio.sleep(0.01)


def in_the_third(rows: Sequence[Row[Any]]) -> bool:
    """Two requests of a batch have ended; the third, and so the batch, is in living hands."""
    open_ones = [row for row in rows if row.ended_at_ms is None and row.lease_until_ms]
    return (len(rows), len(open_ones)) == (4, 2)


async def test_an_answer_outlives_its_process(place: Place, tmp_path: Path) -> None:
    """Killed as soon as its client has the answer, whole or streamed: the next process gives the same one."""
    home = Home.of(tmp_path, place.settings.url)
    for stream in (False, True):
        async with living(home) as process:
            first = await ask(home, CHAT, body("simulated/echo", stream=stream), f"k{stream}")
            process.kill()
            await process.wait()
        async with living(home):
            again = await ask(home, CHAT, body("simulated/echo", stream=stream), f"k{stream}")
        assert (first[0], again[0], again[2]) == (200, 200, first[2])
        assert (again[1]["X-Baton-Interaction"], again[1]["idempotent-replayed"]) == (
            first[1]["X-Baton-Interaction"],
            "true",
        )


async def test_a_dead_process_blocks_nobody(place: Place, tmp_path: Path) -> None:
    """Killed in the middle: under way for half a minute, then carried out by whoever asks; of a batch only
    what had not ended. The ledger has each call that was made, the dead one's as crashed."""
    home = Home.of(tmp_path, place.settings.url)
    slow = body("simulated/echo;latency=600000")
    batch = {"requests": [body("simulated/echo"), body("simulated/lorem"), slow], "concurrency": 1}
    async with living(home) as process:
        dying = asyncio.create_task(ask(home, BATCH, batch, "b"))
        await claims(place, in_the_third)
        process.kill()
        await process.wait()
        (error,) = await asyncio.gather(dying, return_exceptions=True)
        assert isinstance(error, aiohttp.ClientError)
    async with living(home):
        status, headers, said = await ask(home, BATCH, batch, "b")
        assert (status, headers["retry-after"]) == (409, "1"), said
        place.execute(LAPSE)
        again = asyncio.create_task(ask(home, BATCH, batch, "b"))
        await claims(place, in_the_third)
        again.cancel()
        await asyncio.wait([again])
    async with living(home) as process:
        process.terminate()
        await process.wait()
    async with Database(place.settings) as database, database.read() as connection:
        rows = (await connection.execute(select(INTERACTIONS))).all()
    answered = [row.model for row in rows if row.status == "ok"]
    assert sorted(answered) == ["echo", "lorem"], "what had ended was carried out again"
    assert "crashed" in {row.status for row in rows}
