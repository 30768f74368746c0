"""Trips as they are kept, and how many a month may have."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import pytest
import pytest_asyncio
from msgspec import structs

from baton.access.signin.seal import Seal
from baton.core.errors import Conflict, NotFound
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.run import Owner
from baton.pipelines.itinerary.allowance import Allowance, NoneLeft
from baton.pipelines.itinerary.outcome import Outcome, Report
from baton.pipelines.itinerary.store import Itineraries, month_of
from baton.storage.database import Database
from tests.clocks import SetClock
from tests.databases import KINDS, OnServer, Place, SqliteFile
from tests.pipelines.itinerary.trips import LISBON, LISBON_WISH
from tests.tables import lay_tables

MINE = Owner(user_id="u1", key_id="k1")
OTHERS = Owner(user_id="u2", key_id="k2", project_id="p1")
TRIP = Outcome(
    wish=LISBON_WISH,
    plan=LISBON,
    quality_score=8.5,
    approved=True,
    report=Report(),
    fallback_used=False,
    notice=None,
    reduced_quality=False,
)


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A database of each kind, with two users."""
    if request.param == "postgresql":
        there: Place = OnServer(
            request.getfixturevalue("postgres"), request.getfixturevalue("postgres_tables")
        )
    else:
        folder = tmp_path_factory.mktemp("trips")
        lay_tables(folder)
        there = SqliteFile(folder)
    for user in ("u1", "u2"):
        there.execute(
            "INSERT INTO users (id, name, tier, roles, created_at_ms) "
            f"VALUES ('{user}', '{user}', 'free', '[]', 0)"
        )
    return there


@asynccontextmanager
async def opened(place: Place, clock: SetClock) -> AsyncGenerator[Itineraries]:
    async with Database(place.settings) as database:
        yield Itineraries(database, Content(Seal(b"k" * 32)), clock)


@pytest.fixture
def clock() -> SetClock:
    """In November 2023."""
    return SetClock()


@pytest_asyncio.fixture
async def kept(place: Place, clock: SetClock) -> AsyncGenerator[Itineraries]:
    """Without any trip, to begin with."""
    for table in ("itinerary_versions", "itineraries", "runs"):
        place.execute(f"DELETE FROM {table}")
    async with opened(place, clock) as itineraries:
        yield itineraries


def run(place: Place, run_id: str, state: str = "running", recipe: str = "itinerary") -> None:
    """Somebody's run, as the engine keeps it."""
    place.execute(
        "INSERT INTO runs (id, user_id, key_id, recipe, version, state, turn, edition, orders, events, "
        "notes, spent_nanos, held_nanos, created_ms, changed_ms, input) "
        f"VALUES ('{run_id}', 'u1', 'k1', '{recipe}', 1, '{state}', 0, 1, 0, 0, 0, 0, 0, 0, 0, '')"
    )


async def test_a_trip_is_kept_with_its_versions(kept: Itineraries) -> None:
    """Each is as it was; the newest is the one that is meant, and the list tells of it."""
    shorter = structs.replace(TRIP, plan=structs.replace(LISBON, days=LISBON.days[:1]))
    assert await kept.keep("t1", MINE, "a", TRIP) == 1
    assert await kept.revise("t1", "b", shorter, instruction="One day.", made_on=1) == 2
    newest = await kept.get("t1")
    assert (newest.version.number, newest.numbers, newest.version.content.outcome) == (2, (1, 2), shorter)
    assert newest.version.content.instruction == "One day."
    assert (await kept.get("t1", 1)).version.content.outcome == TRIP
    [line] = await kept.find("u1", before=None, limit=10)
    assert (line.version, line.summary.city, line.summary.quality_score) == (2, "Lisbon", 8.5)
    for ask in (kept.get("t2"), kept.get("t1", 3)):
        with pytest.raises(NotFound):
            await ask


async def test_what_is_done_again_is_kept_once(kept: Itineraries) -> None:
    """A step that was interrupted makes no second version, a first or a later one."""
    for _ in range(2):
        assert await kept.keep("t1", MINE, "a", TRIP) == 1
        assert await kept.revise("t1", "b", TRIP, instruction="x", made_on=1) == 2
    assert (await kept.get("t1")).numbers == (1, 2)


async def test_a_change_says_what_it_was_made_on(kept: Itineraries) -> None:
    """Who was slower is told, and changes nothing."""
    await kept.keep("t1", MINE, "a", TRIP)
    await kept.revise("t1", "b", TRIP, instruction="x", made_on=1)
    with pytest.raises(Conflict):
        await kept.revise("t1", "c", TRIP, instruction="y", made_on=1)
    with pytest.raises(NotFound):
        await kept.revise("t2", "c", TRIP, instruction="y", made_on=1)
    assert (await kept.get("t1")).numbers == (1, 2)


async def test_a_list_holds_ones_own_and_ones_projects(kept: Itineraries) -> None:
    """The newest first, page by page."""
    await kept.keep("t1", MINE, "a", TRIP)
    await kept.keep("t2", OTHERS, "a", TRIP)
    await kept.keep("t3", MINE, "a", TRIP)
    mine = await kept.find("u1", before=None, limit=10)
    assert [line.id for line in mine] == ["t3", "t1"]
    project = await kept.find("u1", frozenset({"p1"}), before="t3", limit=1)
    assert [line.id for line in project] == ["t2"]


async def test_who_has_the_database_alone_reads_nothing(kept: Itineraries, place: Place) -> None:
    """Neither the city nor the plan stands in it."""
    await kept.keep("t1", MINE, "a", TRIP)
    async with Database(place.settings) as database, database.read() as connection:
        rows = [
            value
            for table in ("itineraries", "itinerary_versions")
            for row in (await connection.exec_driver_sql(f"SELECT * FROM {table}")).all()
            for value in row
        ]
    held = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in rows)
    assert rows
    for word in (b"Lisbon", b"MAAT", b"quality"):
        assert word not in held


async def test_a_month_has_its_limit(kept: Itineraries, clock: SetClock) -> None:
    """Trips of this month count, of this user only; the refusal says how many, and when there are more."""
    allowance = Allowance(kept, {"free": 2}.get, clock)
    await kept.keep("t1", MINE, "a", TRIP)
    await kept.keep("t2", OTHERS, "a", TRIP)
    await allowance.admit("u1", "free")
    await kept.revise("t1", "b", TRIP, instruction="x", made_on=1)
    await allowance.admit("u1", "free")
    await kept.keep("t3", MINE, "a", TRIP)
    with pytest.raises(NoneLeft) as raised:
        await allowance.admit("u1", "free")
    error = raised.value
    ends_ms = month_of(clock.now)[1]
    assert (error.status, error.code, error.retryable) == (429, "limit_exceeded", False)
    assert (error.usage.used, error.usage.limit, error.usage.resets_at.timestamp()) == (2, 2, ends_ms / 1000)
    assert error.retry_after_s == ends_ms / 1000 - clock.now
    await allowance.admit("u1", "master")
    clock.now = ends_ms / 1000
    await allowance.admit("u1", "free")


async def test_only_success_counts(kept: Itineraries, place: Place, clock: SetClock) -> None:
    """Runs that failed count for nothing; those under way are reckoned with, the older before the newer."""
    allowance = Allowance(kept, {"free": 1}.get, clock)
    run(place, "r1", "failed")
    run(place, "r2", "cancelled")
    run(place, "r3", recipe="brand-strategy")
    await allowance.admit("u1", "free", "r9")
    run(place, "r4")
    run(place, "r5", "queued")
    await allowance.admit("u1", "free", "r4")
    for later in ("r5", None):
        with pytest.raises(NoneLeft) as raised:
            await allowance.admit("u1", "free", later)
        assert raised.value.usage.used == 0


async def test_a_trip_that_is_kept_is_not_under_way(kept: Itineraries, place: Place) -> None:
    """Between its keeping and the end of its run it counts once."""
    run(place, "r1")
    assert await kept.under_way("u1", None) == 1
    await kept.keep("r1", MINE, "a", TRIP)
    assert (await kept.under_way("u1", None), await kept.made_in_month("u1")) == (0, 1)


@pytest.mark.parametrize(
    ("now", "begins", "ends"),
    [
        (1_701_388_799.9, 1_698_796_800_000, 1_701_388_800_000),
        (1_701_388_800.0, 1_701_388_800_000, 1_704_067_200_000),
    ],
)
def test_a_month_is_that_of_the_calendar(now: float, begins: int, ends: int) -> None:
    """In UTC; December is followed by January."""
    assert month_of(now) == (begins, ends)


def test_an_outcome_comes_back_as_it_went() -> None:
    """Also what it leaves out."""
    assert msgspec.json.decode(msgspec.json.encode(TRIP), type=Outcome) == TRIP
