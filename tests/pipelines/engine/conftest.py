"""A worker on a database of each kind."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from msgspec import structs

from baton.core.clock import SystemClock
from baton.core.ids import UuidV7
from baton.pipelines.engine.engine import Bounds
from baton.pipelines.engine.recipe import Cookbook
from baton.pipelines.engine.run import Event, Owner, RunShown, RunState, RunWish, StepState, json
from baton.pipelines.engine.runs import Runs, open_runs
from baton.storage.settings import StorageSettings
from tests.databases import KINDS, OnServer, Place, SqliteFile
from tests.pipelines.engine.cooking import COOKBOOK, Brief, Text
from tests.tables import lay_tables

KEY = b"k" * 32
QUICK = Bounds(poll_s=0.05, look_s=0.05, park_after_s=0.1, beat_s=1.0, lease_s=10.0, give_up_s=8.0)
OWNER = Owner(user_id="u1", key_id="k1")
USER = "INSERT INTO users (id, name, tier, roles, created_at_ms) VALUES ('u1', 'u1', 'free', '[]', 0)"


@asynccontextmanager
async def worker(url: str, cookbook: Cookbook = COOKBOOK, bounds: Bounds = QUICK) -> AsyncGenerator[Runs]:
    """One, while inside; there is never more than one in a process."""
    settings = StorageSettings(url=url)
    async with open_runs(
        settings, KEY, cookbook, clock=SystemClock(), new_id=UuidV7(), bounds=bounds
    ) as runs:
        yield runs


@pytest.fixture(scope="module", params=KINDS)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a database with a user, once of each kind."""
    if request.param == "postgresql":
        place: Place = OnServer(
            request.getfixturevalue("postgres"), request.getfixturevalue("postgres_tables")
        )
    else:
        folder = tmp_path_factory.mktemp("runs")
        lay_tables(folder)
        place = SqliteFile(folder)
    place.execute(USER)
    return place.settings.url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(shared_url: str) -> AsyncGenerator[Runs]:
    """A worker that knows the tests' recipe; a process has one at a time, so the tests of a file share it."""
    async with worker(shared_url) as runs:
        yield runs


@pytest.fixture
def brief(tmp_path: Path) -> Brief:
    """A job that goes well at once."""
    return Brief(log=str(tmp_path / "bodies"))


def wish(brief: Brief, budget_nanos: int | None = None, **changes: object) -> RunWish:
    """Somebody wants it done, with changes."""
    given = structs.replace(brief, **changes)
    return RunWish(owner=OWNER, recipe="brand", input=json(given), budget_nanos=budget_nanos)


async def seen(runs: Runs, run_id: str, kind: str, step: str | None = None, after: int = 0) -> list[Event]:
    """What has happened when an event of the kind comes, of a step where one is named."""
    events: list[Event] = []
    async for event in runs.follow(run_id, after):
        events.append(event)
        if event.kind == kind and step in (None, event.step):
            return events
    raise AssertionError([(event.kind, event.step) for event in events])


WORDS = "[found0!+found1!+found2!+more]"
STEPS = 9


def words(shown: RunShown) -> str:
    """What a run has made."""
    assert shown.state is RunState.COMPLETED, shown.failure
    assert shown.output is not None
    return msgspec.json.decode(shown.output, type=Text).words


def states(shown: RunShown) -> dict[str, StepState]:
    """Where each step stands."""
    return {step.name: step.state for step in shown.steps}


async def end(runs: Runs, run_id: str) -> RunShown:
    """The run when nothing happens to it any more."""
    async for _ in runs.follow(run_id):
        pass
    return await runs.show(run_id)
