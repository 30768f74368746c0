"""A Baton in a process of its own, for those who do it harm."""

import asyncio
import os
import random
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

import aiohttp

KEY = "a key for automation"
PATIENCE_S = 60.0

_OWN_PORTS = (12_000, 32_000)
"""Below those that systems give to whoever connects (Linux: from 32768; RFC 6335: from 49152)."""


@dataclass(frozen=True)
class Home:
    """Where one Baton lives, life after life."""

    url: str
    environment: dict[str, str]
    program: tuple[str, ...] = ("-m", "baton.cli.main", "serve")
    """What the interpreter is told to run."""
    before: Callable[[], None] | None = None
    """Called in the new process before it becomes the program."""

    @classmethod
    def of(cls, folder: Path, database_url: str, environment: Mapping[str, str] | None = None) -> Self:
        """One with a data folder, on a free port; `environment`: what else it is told."""
        port = _free_port()
        settings = {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "BATON_DATA_DIR": str(folder),
            "BATON_PORT": str(port),
            "BATON_MASTER_KEY": KEY,
            "DATABASE_URL": database_url,
        }
        # Bytecode is what makes so many starts quick; some images switch it off.
        usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return cls(f"http://127.0.0.1:{port}", {**usual, **settings, **(environment or {})})


def _free_port() -> int:
    """One that the system gives nobody by itself: between a kill and a start it would be taken."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(*_OWN_PORTS)))
            return probe.getsockname()[1]


async def started(home: Home, stderr: int | None = None) -> asyncio.subprocess.Process:
    """One that has just begun; `stderr`: as of a subprocess."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *home.program,
        preexec_fn=home.before,
        env=home.environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
    )


@asynccontextmanager
async def living(home: Home, stderr: int | None = None) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A Baton that answers; killed at the end, if it still lives."""
    process = await started(home, stderr)
    try:
        async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
            while not await ready(session, home.url):
                assert process.returncode is None
                await asyncio.sleep(0.02)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(holds: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    async with asyncio.timeout(within_s):
        for _ in count():
            if holds():
                return
            await asyncio.sleep(0.002)


async def ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(f"{url}/readyz") as reply:
            return reply.status == 200
    except (aiohttp.ClientError, ConnectionError):
        return False
