"""Whole interactions into the database."""

import asyncio

from structlog.testing import capture_logs

from baton.core.ids import UuidV7
from baton.ledger.rows import Interaction
from baton.ledger.store import Store
from baton.storage.database import Database
from tests.ledger.samples import a_settled, an_attempt, an_opened


def interaction(id: str, attempts: int = 1) -> Interaction:
    return Interaction(an_opened(id), a_settled(id, attempts=(an_attempt(),) * attempts))


async def test_only_what_is_really_added_is_returned(database: Database, new_id: UuidV7) -> None:
    """Sums may move for these and no others: not for what was there, not for what came twice."""
    store = Store(database)
    first = [interaction(new_id()) for _ in range(1200)]
    assert await store.add(first) == first
    more = [interaction(new_id(), attempts=n) for n in range(3)]
    with capture_logs() as logs:
        assert await store.add([*first, *more, *more]) == more
        assert await store.add(first) == []
        assert await store.add([]) == []
    assert logs == [], "nothing out of the ordinary"


async def test_several_writers_add_each_interaction_once(database: Database, new_id: UuidV7) -> None:
    """Overlapping batches at the same time: every interaction is added by exactly one of them."""
    every = [interaction(new_id()) for _ in range(300)]
    batches = [every[start : start + 150] for start in range(0, 300, 50)]
    added = await asyncio.gather(*(Store(database).add(batch) for batch in batches))
    assert sorted(one.opened.id for batch in added for one in batch) == [one.opened.id for one in every]
