"""`python -m benchmarks.runs`: what twenty runs do to the loop that serves requests, by where they are.

Each round asks how late a timer of that loop rings: with nothing else to do; with the runs on the same loop;
on a loop of their own in a thread; in a process of their own.
"""

import argparse
import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TypeVar

from msgspec import Raw

from baton.access.signin.seal import Seal
from baton.core.clock import SystemClock
from baton.core.ids import UuidV7
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.durable import Durable
from baton.pipelines.engine.engine import Bounds, Engine
from baton.pipelines.engine.premises import furnish
from baton.pipelines.engine.recipe import Cookbook, Recipe
from baton.pipelines.engine.run import Owner, RunWish, json
from baton.pipelines.engine.running import Running
from baton.pipelines.engine.runs import open_runs
from baton.pipelines.engine.step import Step
from baton.pipelines.engine.work import Work
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings

T = TypeVar("T")

RUNS = 20
TICK_S = 0.002
PLACES = ("idle", "same loop", "thread", "process")
_KEY = b"k" * 32
_OWNER = Owner(user_id="u", key_id="k")
_USER = "INSERT INTO users (id, name, tier, roles, created_at_ms) VALUES ('u', 'u', 'free', '[]', 0)"
_TOOK = "SELECT avg(ended_ms - began_ms) FROM runs"


def cookbook(steps: int, pause_s: float) -> Cookbook:
    """One recipe of steps in a row, each of them a wait."""

    async def body(work: Work) -> str:
        await asyncio.sleep(pause_s)
        return "a paragraph of what a model might have said " * 20

    async def recipe(run: Running, given: Raw) -> int:
        for n in range(steps):
            await run.do(Step(name=f"step {n}", body=body, returns=str))
        return steps

    return Cookbook([Recipe("waits", 1, recipe)])


async def carry_out(settings: StorageSettings, book: Cookbook) -> None:
    """Twenty runs on a loop of their own, to their end."""
    async with open_runs(settings, _KEY, book, clock=SystemClock(), new_id=UuidV7()) as runs:
        wish = RunWish(owner=_OWNER, recipe="waits", input=json(None))
        for run_id in [await runs.start(wish) for _ in range(RUNS)]:
            async for _ in runs.follow(run_id):
                pass


async def carry_out_here(settings: StorageSettings, book: Cookbook) -> None:
    """The same on this loop."""

    async def here(ask: Callable[[], Awaitable[T]]) -> T:
        return await ask()

    async with Database(settings) as database:
        premises = furnish(database, Content(Seal(_KEY)), SystemClock(), here)
        durable = Durable(settings.url, UuidV7()(), RUNS, Bounds().poll_s)
        engine = Engine(premises, book, durable, Bounds())
        await engine.open()
        new_id = UuidV7()
        ids = [new_id() for _ in range(RUNS)]
        for run_id in ids:
            await premises.orders.begin(run_id, RunWish(owner=_OWNER, recipe="waits", input=json(None)), 1)
            await durable.enqueue(run_id)
        for run_id in ids:
            while (await premises.reading.run(run_id)).ended_ms is None:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.2)
        await engine.close()


@asynccontextmanager
async def timed(lags: list[float]) -> AsyncGenerator[None]:
    """Note how late a timer rings, while inside."""

    async def tick() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(TICK_S)
            lags.append(time.perf_counter() - begun - TICK_S)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()


async def lay(folder: Path) -> StorageSettings:
    """A database with a user."""
    settings = StorageSettings(url=f"sqlite:///{folder / 'baton.db'}")
    async with Database(settings) as database:
        await schema.upgrade(database)
    with sqlite3.connect(folder / "baton.db") as connection:
        connection.execute(_USER)
    return settings


async def measure(place: str, steps: int, pause_s: float) -> tuple[list[float], float]:
    """How late, and how long a run took, in seconds."""
    lags: list[float] = []
    with tempfile.TemporaryDirectory(prefix="baton-runs-") as name:
        settings = await lay(Path(name))
        if place == "process":
            command = (sys.executable, "-m", "benchmarks.runs", "--in", name, str(steps), str(pause_s))
            process = await asyncio.create_subprocess_exec(*command)
            async with timed(lags):
                await process.wait()
        else:
            async with timed(lags):
                if place == "idle":
                    await asyncio.sleep(steps * pause_s)
                elif place == "thread":
                    await carry_out(settings, cookbook(steps, pause_s))
                else:
                    await carry_out_here(settings, cookbook(steps, pause_s))
        with closing(sqlite3.connect(Path(name) / "baton.db")) as connection:
            (took_ms,) = connection.execute(_TOOK).fetchone()
        return sorted(lags), (took_ms or steps * pause_s * 1000) / 1000


def main(steps: int, pause_s: float, rounds: int) -> None:
    """All places in turn, several times, each on a new loop, because the durable engine takes a loop's pool
    of threads with it when it ends. Prints the medians."""
    found: dict[str, list[tuple[float, float, float]]] = {place: [] for place in PLACES}
    for _ in range(rounds):
        for place in PLACES:
            lags, took_s = asyncio.run(measure(place, steps, pause_s))
            late = lags[len(lags) * 99 // 100] * 1000
            found[place].append((late, lags[-1] * 1000, (took_s / steps - pause_s) * 1000))
    print(f"{RUNS} runs of {steps} steps of {pause_s} s; median of {rounds} rounds")
    for place, each in found.items():
        late, most, over = (statistics.median(column) for column in zip(*each, strict=True))
        print(f"{place:10} lag p99 {late:6.2f} ms   max {most:6.1f} ms   over a step {over:6.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runs", description=__doc__)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds that a step takes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in", dest="place", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.place:
        folder, count, wait = given.place
        url = f"sqlite:///{Path(folder) / 'baton.db'}"
        asyncio.run(carry_out(StorageSettings(url=url), cookbook(int(count), float(wait))))
    else:
        main(given.steps, given.pause, given.rounds)
