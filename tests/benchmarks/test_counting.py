"""The judges of the long benchmarks: what must not pass as a figure does not."""

from collections.abc import AsyncIterator

import pytest
from benchmarks.loads.counted import Counted, Sample
from benchmarks.systems.databases import Rows, rows_of
from benchmarks.systems.processes import Unfit

from baton.core.ids import UuidV7
from baton.ledger.rows import Interaction
from baton.ledger.store import Store
from baton.storage import schema
from baton.storage.database import Database
from tests.databases import Place
from tests.ledger.samples import a_settled, an_opened


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """An open database with its tables."""
    async with Database(place.settings) as opened:
        await schema.upgrade(opened)
        yield opened


async def recorded(database: Database, count: int) -> Rows:
    """So many interactions in the database, and what must be found there."""
    new_id = UuidV7()
    interactions = [Interaction(an_opened(id), a_settled(id)) for id in (new_id() for _ in range(count))]
    await Store(database).add(interactions)
    ids = 0
    for one in interactions:
        ids ^= int(one.opened.id.replace("-", ""), 16)
    return Rows(count, count, sum(one.settled.cost.total_nanos for one in interactions), ids)


async def test_rows_are_counted_and_told_apart(database: Database, place: Place) -> None:
    """What is on record is found, by number, cost and ids."""
    told = await recorded(database, 3)
    assert told.cost_nanos > 0
    assert await rows_of(place.settings.url) == told


@pytest.mark.parametrize(
    "harm", ["DELETE FROM attempts WHERE n = 1", "UPDATE interactions SET cost_nanos = cost_nanos + 1"]
)
async def test_sums_that_disagree_are_no_figure(database: Database, place: Place, harm: str) -> None:
    """Interactions that cost something else than their attempts are not counted."""
    await recorded(database, 3)
    place.execute(harm)
    with pytest.raises(Unfit):
        await rows_of(place.settings.url)


def counted(*rss_mb: float) -> Counted:
    """A thousand answers between two samples each."""
    samples = [Sample(1000 * n, one) for n, one in enumerate(rss_mb)]
    return Counted(answers=samples[-1].answers, ids=0, seconds=1.0, samples=samples)


def test_growth_is_that_of_the_second_half() -> None:
    """What is filled once at the start is no growth; what goes on growing is, and a breath is not."""
    assert counted(50, *[100] * 40).growth_mb() == pytest.approx(0)
    assert counted(*[100 + n for n in range(41)]).growth_mb() == pytest.approx(20)
    assert abs(counted(*[100 + n % 2 for n in range(401)]).growth_mb()) < 0.1


def test_few_samples_are_no_figure() -> None:
    """A line through a handful of samples says nothing."""
    with pytest.raises(Unfit):
        counted(100, 100, 100).growth_mb()
