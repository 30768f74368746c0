"""The worker is loaded when there is a run, once, and again where that failed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from baton.access.signin.seal import Seal
from baton.core.clock import SystemClock
from baton.core.ids import UuidV7
from baton.pipelines import worker as module
from baton.pipelines.engine.bell import Bell
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.orders import Orders
from baton.pipelines.engine.run import RunWish, json
from baton.pipelines.engine.runs import open_runs
from baton.pipelines.worker import Worker
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.databases import SqliteFile
from tests.pipelines.engine.conftest import KEY, OWNER, QUICK, USER
from tests.pipelines.engine.cooking import COOKBOOK, Brief
from tests.tables import lay_tables


class Loads:
    """Counts loads, and fails as often as it is told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.count = 0
        self.closed = 0
        self.opened = asyncio.Event()

    async def __call__(self) -> AbstractAsyncContextManager[Any]:
        self.count += 1
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[Any]:
        self.opened.set()
        yield self
        self.closed += 1


@pytest.fixture
def place(tmp_path: Path) -> SqliteFile:
    """A database with a user."""
    lay_tables(tmp_path)
    found = SqliteFile(tmp_path)
    found.execute(USER)
    return found


async def begin(database: Database) -> None:
    """Have a run there that nobody carries out."""
    orders = Orders(database, Content(Seal(KEY)), SystemClock(), Bell())
    await orders.begin("r1", RunWish(owner=OWNER, recipe="brand", input=json(None)), 1)


async def test_nothing_is_loaded_while_there_is_no_run(
    place: SqliteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that never has one never pays for it; one that finds one loads, also after failures."""
    monkeypatch.setattr(module, "_LOOKS_EVERY_S", 0.01)
    loads = Loads(RuntimeError("no such thing"), OSError("no such file"))
    async with Database(place.settings) as database, Worker(loads, database) as worker:
        await asyncio.sleep(0.1)
        assert (worker.is_loaded, loads.count) == (False, 0)
        await begin(database)
        async with asyncio.timeout(10):
            await loads.opened.wait()
        assert loads.count == 3
    assert loads.closed == 1


async def test_who_asks_at_once_is_given_the_same(place: SqliteFile) -> None:
    """Ten callers load it once; one who leaves while it is loaded takes it from nobody."""
    loads = Loads()
    async with Database(place.settings) as database, Worker(loads, database) as worker:
        asking = [asyncio.ensure_future(worker.runs()) for _ in range(10)]
        await asyncio.sleep(0)
        asking[0].cancel()
        found = await asyncio.gather(*asking[1:])
        assert {id(each) for each in found} == {id(loads)}
        assert loads.count == 1


async def test_an_engine_whose_tables_could_not_be_opened_is_opened_later(place: SqliteFile) -> None:
    """A first failure leaves nothing behind that would keep the second attempt from working."""
    folder = Path(str(place.settings.url).removeprefix("sqlite:///")).parent
    (folder / "runs.db").mkdir()
    settings = StorageSettings(url=place.settings.url)

    async def load() -> AbstractAsyncContextManager[Any]:
        return open_runs(settings, KEY, COOKBOOK, clock=SystemClock(), new_id=UuidV7(), bounds=QUICK)

    async with Database(place.settings) as database, Worker(load, database) as worker:
        with pytest.raises(Exception, match="durable engine"):
            await worker.runs()
        (folder / "runs.db").rmdir()
        runs = await worker.runs()
        run_id = await runs.start(
            RunWish(owner=OWNER, recipe="brand", input=json(Brief(log=str(folder / "log"))))
        )
        async with asyncio.timeout(30):
            async for _ in runs.follow(run_id):
                pass
        assert (await runs.show(run_id)).state == "completed"
