"""A period of the ledger, few columns of many rows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.core.ids import UuidV7
from baton.core.usage import Charge, Usage
from baton.ledger.ledger import Ledger, open_ledger
from baton.ledger.past import PAGE, Past, PastRow, Period
from baton.ledger.settings import LedgerSettings
from baton.storage.database import Database
from tests.ledger.samples import an_attempt
from tests.ledger.test_interactions import FIRST_MS, id_at, record

ALWAYS = Period(since_ms=0, until_ms=1 << 47)


@pytest.fixture
async def ledger(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> AsyncIterator[Ledger]:
    """An open ledger."""
    async with open_ledger(root, database, new_id, limits) as opened:
        yield opened


async def rows_of(past: Past, period: Period, share: float = 1.0) -> list[PastRow]:
    return [row for page in [page async for page in past.pages(period, share)] for row in page]


async def test_each_column_comes_under_its_own_name(ledger: Ledger, database: Database) -> None:
    """No two figures are mixed up, and what was used is as it was recorded."""
    usage = Usage(
        prompt=118,
        completion=42,
        cached=64,
        cache_write=13,
        reasoning=7,
        audio_in=3,
        audio_out=2,
        estimated=True,
        cache_write_long=5,
        processing="batch",
        image_in=4,
        image_out=1,
        charges=((Charge.WEB_SEARCH, 2),),
    )
    id = record(
        ledger,
        id_at(FIRST_MS),
        opened={
            "use_case": "chat",
            "agent": "research",
            "task": "coding",
            "complexity": 0.5,
            "routing": "{}",
        },
        usage=usage,
        attempts=(an_attempt(usage=usage),),
    )
    [row] = await rows_of(Past(database, ledger.flush), ALWAYS)
    assert (row.id, row.at_ms, row.tier, row.served_by) == (id, FIRST_MS, "master", "openai/gpt-4o-mini")
    assert (row.use_case, row.agent, row.task_type, row.complexity) == ("chat", "research", "coding", 0.5)
    assert (row.status, row.cache, row.attempts, row.unpriced) == ("ok", None, 1, False)
    assert (row.cost_nanos, row.latency_ms, row.routing) == (38_100, 643, "{}")
    assert row.usage == usage


async def test_a_period_comes_once_in_pages(ledger: Ledger, database: Database) -> None:
    """Oldest first, none of a page's border twice, its end not included; and it can be counted."""
    ids = [record(ledger, id_at(FIRST_MS + n)) for n in range(PAGE + 3)]
    past = Past(database, ledger.flush)
    period = Period(since_ms=FIRST_MS + 1, until_ms=FIRST_MS + PAGE + 2)
    assert await past.count(period) == PAGE + 1
    pages = [page async for page in past.pages(period)]
    assert [len(page) for page in pages] == [PAGE, 1]
    assert [row.id for page in pages for row in page] == ids[1:-1]


async def test_a_sample_is_drawn_by_chance_and_stays_the_same(
    ledger: Ledger, database: Database, new_id: UuidV7
) -> None:
    """About the share that is asked for, also of one millisecond; a smaller one is part of a larger one."""
    for _ in range(1200):
        record(ledger, new_id())
    past = Past(database, ledger.flush)
    quarter = [row.id for row in await rows_of(past, ALWAYS, 0.25)]
    half = [row.id for row in await rows_of(past, ALWAYS, 0.5)]
    assert 230 <= len(quarter) <= 370  # 300 ± 4.7 standard deviations
    assert 510 <= len(half) <= 690
    assert set(quarter) < set(half)
    assert quarter == [row.id for row in await rows_of(past, ALWAYS, 0.25)]
