"""What tests of sampled traffic share."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.quality.traffic.court import Court, court


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Court]:
    """A Baton with a judge who finds everything good."""
    async with court(tmp_path) as opened:
        yield opened
