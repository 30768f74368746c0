"""What tests of sampled traffic share."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.quality.judging.bench import GOOD
from tests.quality.traffic.court import Court, court, saying


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Court]:
    """A Baton with a judge who finds everything good."""
    async with court(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Court]:
    """One that judges every answer, for all tests of a module."""
    async with court(tmp_path_factory.mktemp("court")) as opened:
        await opened.rule()
        yield opened


@pytest.fixture
def stage(house: Court) -> Court:
    """The same, with its judge as at the beginning."""
    house.judge = saying(GOOD)
    house.act = None
    house.asked.clear()
    return house
