"""A worker that makes trips, with models that say what tests want."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from msgspec import structs

from baton.access.signin.seal import Seal
from baton.core.clock import SystemClock
from baton.core.ids import UuidV7
from baton.pipelines.asking import Answer, Question
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.engine import Bounds
from baton.pipelines.engine.recipe import Cookbook
from baton.pipelines.engine.run import Owner, RunShown, RunState, RunWish, json
from baton.pipelines.engine.runs import Runs, open_runs
from baton.pipelines.engine.work import Work
from baton.pipelines.itinerary.allowance import Allowance
from baton.pipelines.itinerary.casting import packaged_casting
from baton.pipelines.itinerary.crew import Crew
from baton.pipelines.itinerary.outcome import Outcome
from baton.pipelines.itinerary.rules import packaged_rules
from baton.pipelines.itinerary.spots import Spot, fitting
from baton.pipelines.itinerary.store import Itineraries
from baton.pipelines.itinerary.tally import Metrics
from baton.pipelines.itinerary.trip import Kit
from baton.pipelines.itinerary.wish import Wish
from baton.pipelines.recipes.itinerary import Itinerary
from baton.pipelines.recipes.itinerary_revision import ItineraryRevision
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.databases import SqliteFile
from tests.pipelines.itinerary.trips import LISBON_WISH
from tests.pipelines.itinerary.troupe import Troupe
from tests.tables import lay_tables

KEY = b"k" * 32
QUICK = Bounds(poll_s=0.05, look_s=0.05, park_after_s=0.1, beat_s=1.0, lease_s=10.0, give_up_s=8.0)
TIERS = ("free", "pro", "expert", "master")


@dataclass
class Stage:
    """All there is, for one test."""

    runs: Runs
    itineraries: Itineraries
    troupe: Troupe
    spots: list[Spot]
    most: dict[str, int]

    async def begin(
        self, tier: str, wish: Wish = LISBON_WISH, recipe: str = "itinerary", **given: object
    ) -> str:
        """Somebody of a tier wants a trip, or something else."""
        asked = json(given or wish)
        owner = Owner(user_id=tier, key_id=tier)
        return await self.runs.start(RunWish(owner=owner, recipe=recipe, input=asked))

    async def end(self, run_id: str) -> RunShown:
        """The run when it has ended."""
        async for _ in self.runs.follow(run_id):
            pass
        return await self.runs.show(run_id)

    async def made(self, tier: str, wish: Wish = LISBON_WISH) -> tuple[RunShown, Outcome, Metrics]:
        """What came of a wish, which goes well."""
        shown = await self.end(await self.begin(tier, wish))
        assert shown.state is RunState.COMPLETED, shown.failure
        outcome = msgspec.json.decode(shown.output or b"", type=Outcome)
        assert outcome.metrics is not None
        return shown, outcome, outcome.metrics


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theatre(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """Opened once for a file of tests: a process has one worker at a time."""
    folder: Path = tmp_path_factory.mktemp("trips")
    lay_tables(folder)
    place = SqliteFile(folder)
    for tier in TIERS:
        place.execute(
            "INSERT INTO users (id, name, tier, roles, created_at_ms) "
            f"VALUES ('{tier}', '{tier}', '{tier}', '[]', 0)"
        )
    settings = StorageSettings(url=place.settings.url)
    clock = SystemClock()
    async with Database(settings) as database:
        itineraries = Itineraries(database, Content(Seal(KEY)), clock)
        stage = Stage.__new__(Stage)

        async def asks(work: Work, question: Question) -> Answer:
            return await stage.troupe(work, question)

        class Providers:
            def known(self) -> frozenset[str]:
                return stage.troupe.known()

            def usable(self) -> frozenset[str]:
                return stage.troupe.usable()

        kit = Kit(
            crew=Crew(asks),
            casting=packaged_casting(),
            providers=Providers(),
            rules=packaged_rules(),
            spots_for=lambda wish: fitting(stage.spots, wish),
            tier_of=lambda owner: owner.key_id,
            itineraries=itineraries,
            allowance=Allowance(itineraries, lambda tier: stage.most.get(tier), clock),
            clock=clock,
        )
        cookbook = Cookbook([Itinerary(kit).recipe, ItineraryRevision(kit).recipe])
        async with open_runs(
            structs.replace(settings), KEY, cookbook, clock=clock, new_id=UuidV7(), bounds=QUICK
        ) as runs:
            stage.runs, stage.itineraries = runs, itineraries
            yield stage


@pytest.fixture
def stage(theatre: Stage) -> Stage:
    """With models that are well and approve of everything, no spots, and no limits."""
    theatre.troupe = Troupe()
    theatre.spots = []
    theatre.most = {}
    return theatre
