"""Processes of their own: two on one data folder, and one that is killed in the middle of everything."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.chaos.conftest import MODEL, soon
from tests.chaos.provider import Caller, RawProvider, answer, raw_provider
from tests.chaos.wire import PATIENCE_S, chat

KEY = "a-master-key-for-this-test-only"


@dataclass
class Served:
    """`baton serve` in a process of its own."""

    process: asyncio.subprocess.Process
    url: str
    http: aiohttp.ClientSession

    async def ask(self, text: str = "Hello") -> dict[str, Any]:
        """Ask the provider."""
        async with self.http.post(f"{self.url}/v1/chat/completions", data=chat(MODEL, text)) as response:
            assert response.status == 200
            return await response.json()

    async def statuses(self, count: int) -> list[str]:
        """Statuses of all interactions, once there are as many as there should be."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with self.http.get(f"{self.url}/api/interactions?limit=500") as response:
                    items = (await response.json())["interactions"]
                if len(items) >= count:
                    return [item["status"] for item in items]
                await asyncio.sleep(0.05)


@asynccontextmanager
async def served(folder: Path, provider: RawProvider) -> AsyncGenerator[Served]:
    """Start one; it is killed at the end if it still lives."""
    environment = {
        **os.environ,
        "BATON_DATA_DIR": str(folder),
        "BATON_PORT": "0",
        "BATON_MASTER_KEY": KEY,
        "OPENAI_API_KEY": "some-key",
        "OPENAI_BASE_URL": provider.url,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baton.cli.main", "serve"),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            while not (
                found := re.search(rb"http://127\.0\.0\.1:\d+", line := await process.stdout.readline())
            ):
                assert line, "ended before it began"
        async with aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        ) as http:
            yield Served(process, found[0].decode(), http)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
async def provider() -> AsyncGenerator[RawProvider]:
    async with raw_provider() as provider:
        yield provider


async def test_two_on_one_folder_lose_and_double_nothing(tmp_path: Path, provider: RawProvider) -> None:
    """Started at the same moment on an empty folder, both serve, and each sees what the other served."""
    async with AsyncExitStack() as stack:
        both = await asyncio.gather(
            *(stack.enter_async_context(served(tmp_path / "data", provider)) for _ in range(2))
        )
        await asyncio.gather(*(one.ask(f"number {at}") for at in range(30) for one in both))
        for one in both:
            assert await one.statuses(60) == ["ok"] * 60
    assert len(provider.calls) == 60


async def test_killed_in_the_middle_it_comes_back_with_every_row(
    tmp_path: Path, provider: RawProvider
) -> None:
    """What was answered is recorded as answered; what was under way is settled as crashed, once."""

    async def act(caller: Caller) -> None:
        if b"never" in caller.body:
            await caller.left()
        else:
            await caller.send(answer())

    provider.act = act
    async with served(tmp_path / "data", provider) as first:
        await asyncio.gather(*(first.ask() for _ in range(20)))
        hanging = [asyncio.create_task(first.ask(f"never {at}")) for at in range(5)]
        await soon(lambda: len(provider.calls) == 25)
        first.process.kill()
        ended = await asyncio.gather(*hanging, return_exceptions=True)
        assert all(isinstance(error, aiohttp.ClientError) for error in ended)
    async with served(tmp_path / "data", provider) as second:
        assert sorted(await second.statuses(25)) == ["crashed"] * 5 + ["ok"] * 20
        assert (await second.ask())["choices"]
        assert sorted(await second.statuses(26)) == ["crashed"] * 5 + ["ok"] * 21
        async with second.http.get(f"{second.url}/api/interactions?status=crashed") as response:
            crashed = (await response.json())["interactions"]
        assert all(float(item["costUsd"]) > 0 for item in crashed), json.dumps(crashed[0])
