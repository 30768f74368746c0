"""kill -9 of workers: runs go on elsewhere, nothing finished is done again, and the result is right."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from baton.pipelines.engine.run import RunShown, RunState
from tests.crash.running import COST_NANOS
from tests.databases import OnServer, Place
from tests.pipelines.engine.conftest import STEPS, USER, WORDS, worker
from tests.pipelines.engine.cooking import Text, ended, lines
from tests.postgres import Postgres
from tests.proofs import FOUND

KILLS = 5
SOAK_KILLS = 60
MOMENTS = 94
"""A run has so many that is never interrupted."""

PATIENCE_S = 60.0


@asynccontextmanager
async def working(
    url: str, log: Path, *, dies_at: int = 0, starts: int = 0, pause_s: float = 0.02
) -> AsyncGenerator[Process]:
    """A worker in a process of its own, killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.running",
        url,
        str(log),
        str(dies_at),
        str(starts),
        stdin=PIPE,
        stdout=PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PAUSE_S": str(pause_s)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def started(process: Process) -> str:
    """The id of the next run that a worker has started."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        return (await process.stdout.readline()).decode().strip()


async def carried_out(process: Process, run_id: str) -> int:
    """How the worker ended: when the run had, or by its own kill."""
    async with asyncio.timeout(PATIENCE_S):
        await process.communicate(run_id.encode())
    assert process.returncode is not None
    return process.returncode


async def said(log: Path, sign: str, step: str) -> list[str]:
    """The line that a body leaves, once it is there."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = [line for line in lines(str(log)) if line[:2] == [sign, step]]
            if found:
                return found[-1]
            await asyncio.sleep(0.02)


async def shown(url: str, run_id: str) -> RunShown:
    """How the run stands."""
    async with worker(url) as runs:
        return await runs.show(run_id)


def check(run: RunShown, log: Path) -> None:
    """The result is right, each step is paid for once, and no step began again once it was finished."""
    assert run.state is RunState.COMPLETED, run.failure
    assert run.output is not None
    assert msgspec.json.decode(run.output, type=Text).words == WORDS
    assert run.spent_nanos == STEPS * COST_NANOS
    assert [step.cost_nanos for step in run.steps] == [COST_NANOS] * STEPS
    finished: set[str] = set()
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for sign, step, key, *_ in lines(str(log)):
        if sign == "=":
            finished.add(step)
        elif sign == "+":
            assert step not in finished, (step, key)
            keys[step].add(key)
    assert len(keys) == STEPS
    assert all(len(asked) == 1 for asked in keys.values()), keys


async def kill_again_and_again(url: str, folder: Path, seed: int, kills: int) -> int:
    """Runs whose workers are killed at seeded moments, one after the other; how many kills there were."""
    rng = random.Random(seed)
    killed = runs = 0
    while killed < kills:
        log = folder / f"bodies {runs}"
        async with working(url, log, dies_at=rng.randint(15, MOMENTS), starts=1) as process:
            run_id = await started(process)
            code = await carried_out(process, run_id)
        while code == -signal.SIGKILL:
            killed += 1
            dies_at = rng.randint(1, MOMENTS) if killed < kills else 0
            async with working(url, log, dies_at=dies_at) as process:
                code = await carried_out(process, run_id)
        assert code == 0
        check(await shown(url, run_id), log)
        runs += 1
    return killed


async def test_killed_workers_lose_nothing(place: Place, tmp_path: Path) -> None:
    """Killed at five moments, between steps and inside of them, a run ends as if nothing had been."""
    place.execute(USER)
    assert await kill_again_and_again(place.settings.url, tmp_path, 1, KILLS) == KILLS


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [7, 8])
async def test_killed_workers_lose_nothing_however_often(
    place: Place, tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """Killed at sixty seeded moments, runs end as if nothing had been."""
    place.execute(USER)
    killed = await kill_again_and_again(place.settings.url, tmp_path, seed, SOAK_KILLS)
    record_property(FOUND, f"{killed} kills on {place.settings.url.partition(':')[0]}")


async def test_who_lives_is_left_alone_and_who_dies_is_followed(place: Place, tmp_path: Path) -> None:
    """A step that takes longer than a lease stays with its worker; when that is killed another goes on."""
    place.execute(USER)
    url, log = place.settings.url, tmp_path / "bodies"
    async with (
        working(url, log, starts=1, pause_s=3.0) as first,
        working(url, log, pause_s=0.02) as second,
    ):
        run_id = await started(first)
        began = await said(log, "+", "search_0")
        owner, other = (first, second) if began[3] == str(first.pid) else (second, first)
        if owner is first:
            await said(log, "=", "search_0")  # 1.5 leases later
            assert {line[3] for line in lines(str(log))} == {str(first.pid)}
        owner.kill()
        assert await carried_out(other, run_id) == 0
    check(await shown(url, run_id), log)


async def test_a_worker_that_stood_still_spoils_nothing(
    postgres: Postgres, postgres_tables: str, tmp_path: Path
) -> None:
    """Thought dead, it is followed, even in the middle of a transaction; when it wakes up what it still wants
    to write is refused. (In SQLite a process that stands still in a transaction holds up all others.)"""
    place = OnServer(postgres, postgres_tables)
    place.execute(USER)
    url, log = place.settings.url, tmp_path / "bodies"
    async with working(url, log, starts=1, pause_s=1.0) as first:
        run_id = await started(first)
        await said(log, "+", "search_2")
        first.send_signal(signal.SIGSTOP)
        async with working(url, log) as second:
            assert await carried_out(second, run_id) == 0
        first.send_signal(signal.SIGCONT)
        assert await carried_out(first, run_id) == 0
    run = await shown(url, run_id)
    assert run.state is RunState.COMPLETED
    assert run.output is not None
    assert msgspec.json.decode(run.output, type=Text).words == WORDS
    assert run.spent_nanos == STEPS * COST_NANOS
    assert "finish" in ended(str(log))
