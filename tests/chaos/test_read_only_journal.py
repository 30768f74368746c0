"""The journal's folder may not be written to, by a process of its own to which that is a fact.

Where the tests run as root the process is started without the two capabilities by which root may write
everywhere, so that permissions bind it as they bind everybody.
"""

import asyncio
import ctypes
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from tests.chaos.load import Load, exactly
from tests.conftest import bearer
from tests.crash.serving import KEY, PATIENCE_S, Home, living, ready, started, until
from tests.databases import Place

# From linux/prctl.h and linux/capability.h
_DROP_FROM_BOUNDING_SET = 24
_MAY_WRITE_ANYWHERE, _MAY_READ_ANYWHERE = 1, 2


def with_context(length: int) -> dict[str, Any]:
    """What takes so many bytes of the journal besides."""
    return {"baton": {"context": "x" * length}}


def bound_by_permissions() -> None:
    """Give up what lets root write everywhere; before a program is begun."""
    if os.geteuid() == 0:
        for capability in (_MAY_WRITE_ANYWHERE, _MAY_READ_ANYWHERE):
            assert ctypes.CDLL(None).prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0) == 0


def home_of(folder: Path, place: Place) -> Home:
    return replace(Home.of(folder, place.settings.url), before=bound_by_permissions)


async def test_a_start_on_a_read_only_folder_says_so(place: Place, tmp_path: Path) -> None:
    """It ends with a sentence that names the folder, before it listens."""
    journals = tmp_path / "journal"
    journals.mkdir()
    journals.chmod(0o500)
    home = home_of(tmp_path, place)
    process = await started(home, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE_S):
        _, said = await process.communicate()
    assert process.returncode == 1
    assert f"The journal cannot be kept in {journals}: Permission denied" in said.decode().replace("\n", " ")
    assert "Traceback" not in said.decode()


async def test_a_folder_turned_read_only_refuses_in_time_and_recovers(place: Place, tmp_path: Path) -> None:
    """It serves to the end of the files it has, refuses then, and serves again when it may write; every
    answer is one row, and files that could not be removed are, at the next start."""
    home = home_of(tmp_path, place)
    journals = tmp_path / "journal"
    load = Load(home.url)
    async with living(home) as process, aiohttp.ClientSession(headers=bearer(KEY)) as session:
        [own] = journals.iterdir()
        assert await load.ask(session, 0) == 200
        await until(lambda: len(list(own.glob("*.segment"))) == 2)
        own.chmod(0o500)
        async with asyncio.timeout(PATIENCE_S):
            for length in (200 << 10, 2 << 10):  # what is large finds no room first
                while await load.ask(session, 0, **with_context(length)) == 200:
                    pass
        assert load.refused == [(503, "ledger_full")] * 2
        assert not await ready(session, home.url)
        assert len(load.answered) > 100
        own.chmod(0o700)
        async with asyncio.timeout(PATIENCE_S):
            while not await ready(session, home.url):
                pass
        assert await load.ask(session, 1) == 200
        own.chmod(0o500)
        process.terminate()
        assert await process.wait() == 0
        own.chmod(0o700)
    async with living(home) as process:
        await until(lambda: not own.exists())
        process.terminate()
        assert await process.wait() == 0
    await exactly(place.settings, load)
