"""Everything that fits a filter, in pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.core.ids import UuidV7
from baton.ledger.export import PAGE, Export
from baton.ledger.filter import Filter
from baton.ledger.ledger import Ledger, open_ledger
from baton.ledger.settings import LedgerSettings
from baton.storage.database import Database
from tests.ledger.samples import an_attempt
from tests.ledger.test_feedback import thought
from tests.ledger.test_interactions import FIRST_MS, id_at, record


@pytest.fixture
async def ledger(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> AsyncIterator[Ledger]:
    """An open ledger."""
    async with open_ledger(root, database, new_id, limits) as opened:
        yield opened


async def test_everything_comes_once_oldest_first(ledger: Ledger, database: Database) -> None:
    """Page after page, none larger than `PAGE`; from an id on, only what is later; within the filter."""
    ids = [record(ledger, id_at(FIRST_MS + n)) for n in range(PAGE + 2)]
    assert await ledger.flush(within_s=30.0)
    export = Export(database)
    pages = [[each.interaction.id for each in page] async for page in export.pages(Filter())]
    assert pages == [ids[:PAGE], ids[PAGE:]]
    later = [page async for page in export.pages(Filter(until_ms=FIRST_MS + PAGE + 1), after=ids[-4])]
    assert [each.interaction.id for page in later for each in page] == ids[-3:-1]
    assert [page async for page in export.pages(Filter(provider="nobody"))] == []


async def test_what_hangs_on_an_interaction_comes_with_it(ledger: Ledger, database: Database) -> None:
    """Its own attempts in their order, where they are wanted, and what was thought of it."""
    record(ledger, id_at(FIRST_MS), attempts=tuple(an_attempt(took_ms=n) for n in range(12)))
    two = record(ledger, id_at(FIRST_MS, 1), attempts=())
    given = thought(two, 2, "hm")
    await ledger.feedback.give(given)
    [page] = [page async for page in Export(database).pages(Filter(), attempts=True)]
    assert [[attempt.took_ms for attempt in each.attempts] for each in page] == [list(range(12)), []]
    assert [each.feedback for each in page] == [None, given]
    [bare] = [page async for page in Export(database).pages(Filter())]
    assert bare[0].attempts == ()
