"""Several workers of one Baton in processes of their own, and clients that must not notice their changes."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, started

ECHO = {"model": "simulated/echo", "messages": [{"role": "user", "content": "Hello there"}]}


@dataclass
class Fleet:
    """A supervisor and its workers, by what they log."""

    home: Home
    process: asyncio.subprocess.Process
    workers: dict[int, int] = field(default_factory=dict[int, int])
    """Number → process id, of those that serve or leave."""
    lines: list[str] = field(default_factory=list[str])
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self, log: asyncio.StreamReader) -> None:
        """Until nobody holds the log open any more: neither the supervisor nor any worker."""
        while line := (await log.readline()).decode():
            async with self._news:
                self.lines.append(line)
                if line.startswith("{"):
                    self._take(json.loads(line))
                self._news.notify_all()

    async def said(self, event: str, times: int = 1) -> None:
        """Return once it was logged so often since the start."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: self.count(event) >= times)

    async def are(self, numbers: set[int]) -> None:
        """Return once these workers live and no others."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: set(self.workers) == numbers)

    def count(self, event: str) -> int:
        return sum(each["event"] == event for each in self.events)

    def _take(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        match event["event"]:
            case "worker_ready":
                self.workers[event["worker"]] = event["pid"]
            case "worker_left" | "worker_died":
                del self.workers[event["worker"]]


@asynccontextmanager
async def fleet(
    folder: Path, database_url: str, redis_url: str, environment: Mapping[str, str], *, workers: int = 2
) -> AsyncGenerator[Fleet]:
    """Workers that are ready; at the end the supervisor is killed, if it still lives, and nobody may stay."""
    needed = {"BATON_WORKERS": str(workers), "REDIS_URL": redis_url, "BATON_GRACE": "10"}
    home = Home.of(folder, database_url, {**needed, **environment})
    # A pipe of our own: of asyncio's, `wait` waits for the workers' end as well.
    ours, theirs = os.pipe()
    log = asyncio.StreamReader()
    reading, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(log), os.fdopen(ours, "rb")
    )
    process = await started(home, theirs)
    os.close(theirs)
    found = Fleet(home, process)
    listening = asyncio.create_task(found.listen(log))
    try:
        await found.said("worker_ready", workers)
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        async with asyncio.timeout(PATIENCE_S):
            await listening
        reading.close()


async def baton(home: Home, *arguments: str) -> tuple[int, str, str]:
    """Run another command in the same environment: exit code, stdout, stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baton.cli.main", *arguments),
        env=home.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@dataclass
class Load:
    """Requests at a steady pace, whatever becomes of the ones before."""

    url: str
    every_s: float = 0.02
    answered: int = 0
    closed: int = 0
    """Answers that were the last on their connection."""
    failures: list[str] = field(default_factory=list[str])

    async def until(self, stopped: asyncio.Event) -> None:
        """Ask until then: three times on connections that are kept, and once on a new one."""
        fresh = aiohttp.TCPConnector(force_close=True)
        async with (
            aiohttp.ClientSession(headers=bearer(KEY)) as keeping,
            aiohttp.ClientSession(headers=bearer(KEY), connector=fresh) as leaving,
            asyncio.TaskGroup() as group,
        ):
            number = 0
            while not stopped.is_set():
                number += 1
                keep = number % 4 > 0
                group.create_task(self._ask(keeping if keep else leaving, keep=keep))
                await asyncio.sleep(self.every_s)

    async def _ask(self, session: aiohttp.ClientSession, *, keep: bool) -> None:
        try:
            async with session.post(f"{self.url}/v1/chat/completions", json=ECHO) as reply:
                answer = await reply.json()
                if reply.status != 200 or "Hello there" not in json.dumps(answer):
                    self.failures.append(f"{reply.status}: {answer}")
                    return
                self.answered += 1
                self.closed += keep and reply.headers.get("connection") == "close"
        except (aiohttp.ClientError, OSError) as error:
            self.failures.append(repr(error))
