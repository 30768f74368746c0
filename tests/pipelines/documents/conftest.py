"""A reader for every test that reads."""

from collections.abc import AsyncGenerator

import pytest

from baton.pipelines.documents.reader import Reader


@pytest.fixture
async def reader() -> AsyncGenerator[Reader]:
    async with Reader() as opened:
        yield opened
