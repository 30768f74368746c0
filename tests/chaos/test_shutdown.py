"""A Baton that is told to stop: what has begun is finished, what is new refused, nothing cut looks whole."""

import asyncio
import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from baton.core.dialect import Dialect
from baton.ledger.tables import INTERACTIONS
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.chaos.wire import line_to, post
from tests.conftest import bearer
from tests.contracts.callers import DIALECTS, Ask, short
from tests.crash.asking import ENDS
from tests.crash.serving import KEY, PATIENCE_S, Home, living
from tests.proofs import FOUND
from tests.shapes import error_in

STREAMS = 50
SOON = "simulated/lorem;words=300;latency=5;tps=25"
"""Some fifteen seconds of words: a busy machine needs a while to show what happens meanwhile."""

QUICK = "simulated/lorem;words=20;latency=5"
NEVER = "simulated/lorem;words=4000;latency=5;tps=25"
SILENT = "simulated/echo;latency=600000"
"""Says nothing for ten minutes."""

TOLD = b"Baton was stopped before the answer was complete."


def native(model: str) -> Ask:
    """A stream in Baton's own shape."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hello there"}], "stream": True}
    return Ask("/api/ai/v2/chat", json.dumps(body).encode())


def ask_of(number: int, model: str) -> tuple[Ask, bytes]:
    """A stream, each in another dialect than the one before it, and what only its end says."""
    at = number % (len(DIALECTS) + 1)
    if at == len(DIALECTS):
        return native(model), b'"isComplete":true'
    dialect = DIALECTS[at]
    return short(dialect, model, stream=True), ENDS[dialect]


class Readers:
    """Clients that read streams to their end."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._begun = asyncio.Semaphore(0)

    async def read(self, ask: Ask) -> tuple[int, bytes]:
        """Status and body, once the stream has ended properly; fails where the connection only breaks."""
        headers = {**ask.headers, "content-type": "application/json"}
        async with self._session.post(self._url + ask.path, data=ask.body, headers=headers) as reply:
            said = b""
            async for piece in reply.content.iter_any():
                if not said:
                    self._begun.release()
                said += piece
            return reply.status, said

    async def begun(self, many: int) -> None:
        """Return once so many more have heard something."""
        for _ in range(many):
            await self._begun.acquire()


async def status_of(session: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    async with session.get(url) as reply:
        return reply.status, await reply.json()


async def drains(session: aiohttp.ClientSession, home: Home) -> None:
    """Return once it refuses what is new."""
    while (await status_of(session, f"{home.url}/readyz"))[0] == 200:
        pass


async def statuses(settings: StorageSettings) -> list[str]:
    """Of every row."""
    async with Database(settings) as database, database.read() as connection:
        return list((await connection.execute(select(INTERACTIONS.c.status))).scalars())


async def refused_everywhere(session: aiohttp.ClientSession, home: Home) -> None:
    """New requests get 503 in their caller's own shape, and are told to come again."""
    for dialect in DIALECTS:
        ask = short(dialect, SOON, stream=True)
        async with session.post(home.url + ask.path, data=ask.body) as reply:
            assert (reply.status, reply.headers["connection"]) == (503, "close"), dialect
            assert int(reply.headers["retry-after"]) >= 1
            assert "x-should-retry" not in reply.headers
            error_in(dialect, await reply.json())
    async with session.get(f"{home.url}/v1/models", headers={"anthropic-version": "2023-06-01"}) as reply:
        error_in(Dialect.ANTHROPIC, await reply.json())
    async with session.post(f"{home.url}/api/ai/v2/chat", data=native(SOON).body) as reply:
        problem = await reply.json(content_type="application/problem+json")
        assert (reply.status, problem["code"]) == (503, "draining")
    async with session.head(f"{home.url}/v1/models") as reply:
        assert (reply.status, await reply.read()) == (503, b"")


async def test_fifty_streams_are_finished_and_new_requests_refused(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """SIGTERM in the middle of 50 streams in five dialects: all of them end whole, and the exit code is 0.

    So does a request whose body was on its way. Meanwhile new requests get 503 and `retry-after` in their
    dialect, on new connections and on old ones, which then close.
    """
    place = StorageSettings(url=f"sqlite:///{tmp_path}/baton.db")
    home = Home.of(tmp_path, place.url)
    async with living(home) as process, line_to(home.url) as old, line_to(home.url) as slow:
        await old.send(b"GET /livez HTTP/1.1\r\nHost: baton\r\n\r\n")
        assert (await old.reply()).status == 200
        ask = short(Dialect.OPENAI, QUICK, stream=False)
        whole = post(KEY, ask.body, path=ask.path)
        await slow.send(whole[:-5])
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session, asyncio.timeout(PATIENCE_S):
            readers = Readers(session, home.url)
            asked = [ask_of(number, SOON) for number in range(STREAMS)]
            async with asyncio.TaskGroup() as group:
                reading = [group.create_task(readers.read(ask)) for ask, _ in asked]
                await readers.begun(STREAMS)
                process.send_signal(signal.SIGTERM)
                await drains(session, home)
                _, problem = await status_of(session, f"{home.url}/readyz")
                assert problem["code"] == "draining"
                assert (await status_of(session, f"{home.url}/livez"))[0] == 200
                await refused_everywhere(session, home)
                await old.send(whole)
                refused = await old.reply()
                assert (refused.status, refused.headers["connection"]) == (503, "close")
                assert await old.ended() == b""
                await slow.send(whole[-5:])
                assert (await slow.reply()).status == 200
                assert not any(task.done() for task in reading), "they were over before anything was shown"
            for task, (_, end) in zip(reading, asked, strict=True):
                status, said = task.result()
                assert (status, end in said, TOLD in said) == (200, True, False), said
            assert await process.wait() == 0
    assert await statuses(place) == ["ok"] * (STREAMS + 1)
    record_property(FOUND, f"{STREAMS} streams in 5 dialects, all whole")


@pytest.mark.parametrize("how", ["the grace is over", "a second signal"])
async def test_what_will_not_end_is_cut_off_and_told_so(tmp_path: Path, how: str) -> None:
    """Streams end with their dialect's error event and no mark of an end; what has not begun gets 503.

    Each has a row `cancelled`; the exit code is not 0, and a line says why.
    """
    place = StorageSettings(url=f"sqlite:///{tmp_path}/baton.db")
    twice = how == "a second signal"
    home = Home.of(tmp_path, place.url, {"BATON_GRACE": "600" if twice else "0.3"})
    async with (
        living(home, asyncio.subprocess.PIPE) as process,
        aiohttp.ClientSession(headers=bearer(KEY)) as session,
    ):
        async with asyncio.timeout(PATIENCE_S):
            readers = Readers(session, home.url)
            streams = [ask_of(number, NEVER) for number in range(10)]
            wholes = [short(dialect, SILENT, stream=False) for dialect in DIALECTS]
            async with asyncio.TaskGroup() as group:
                reading = [group.create_task(readers.read(ask)) for ask, _ in streams]
                waiting = [group.create_task(readers.read(ask)) for ask in wholes]
                await readers.begun(len(streams))
                await _under_way(session, home, len(streams) + len(wholes))
                process.send_signal(signal.SIGTERM)
                if twice:
                    await drains(session, home)
                    process.send_signal(signal.SIGTERM)
            for task, (_, end) in zip(reading, streams, strict=True):
                status, said = task.result()
                assert status == 200
                last = said.replace(b"\r\n", b"\n").strip().split(b"\n\n")[-1]
                assert TOLD in last, said
                assert b"error" in last
                assert end not in said or end == b'"isComplete":true', said
            for task, dialect in zip(waiting, DIALECTS, strict=True):
                status, said = task.result()
                assert (status, error_in(dialect, json.loads(said))[1].encode()) == (503, TOLD)
            assert process.stderr is not None
            said_last = (await process.stderr.read()).decode().splitlines()
            assert await process.wait() == (130 if twice else 1)
    if twice:
        assert said_last[-1] == "baton: ended before all answers were complete."
    else:
        assert said_last[-1] == "baton: 14 answers not complete after 0.3 s, cut off."
    assert not any("Traceback" in line for line in said_last)
    assert await statuses(place) == ["cancelled"] * 14


async def _under_way(session: aiohttp.ClientSession, home: Home, many: int) -> None:
    """Return once so many interactions have begun."""
    while True:
        async with session.get(f"{home.url}/metrics") as reply:
            if f"baton_requests_under_way {many}.0\n" in await reply.text():
                return


async def test_nothing_under_way_is_an_end_at_once(tmp_path: Path) -> None:
    """Who has nothing to finish does not wait for the grace to pass."""
    home = Home.of(tmp_path, f"sqlite:///{tmp_path}/baton.db", {"BATON_GRACE": "600"})
    async with living(home) as process, line_to(home.url) as idle:
        await idle.send(b"GET /livez HTTP/1.1\r\nHost: baton\r\n\r\n")
        await idle.reply()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
        assert await idle.ended() == b""


async def test_a_client_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    """Its answer is cut off after the grace, and its connection a few seconds later."""
    place = StorageSettings(url=f"sqlite:///{tmp_path}/baton.db")
    home = Home.of(tmp_path, place.url, {"BATON_GRACE": "1"})
    ask = short(Dialect.OPENAI, "simulated/lorem;fault=endless", stream=True)
    async with living(home) as process:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", int(home.url.rpartition(":")[2])))
        client.sendall(post(KEY, ask.body, path=ask.path))
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session, asyncio.timeout(PATIENCE_S):
            await _under_way(session, home, 1)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 1
        client.close()
    assert await statuses(place) == ["cancelled"]
