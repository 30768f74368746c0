"""What tests of outputs share."""

from collections.abc import AsyncGenerator
from itertools import count

import pytest

from baton.access.signin.seal import Seal
from baton.core.clock import SystemClock
from baton.pipelines.engine.content import Content
from baton.pipelines.outputs.store import OutputStore
from baton.storage.database import Database
from tests.databases import Place

PROJECT = "INSERT INTO projects (id, name, created_at_ms, revision) VALUES ('p1', 'p', 0, 1)"


@pytest.fixture
async def outputs(place: Place) -> AsyncGenerator[OutputStore]:
    """A store on each kind of database, with one project."""
    place.execute(PROJECT)
    ids = count(1)
    async with Database(place.settings) as database:
        content = Content(Seal(b"k" * 32))
        yield OutputStore(database, content, SystemClock(), lambda: f"o{next(ids):03}")
