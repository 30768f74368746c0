"""The catalog's rows, opened for a command."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from baton.app import Storehouse, open_store
from baton.catalog.kind import model_kind
from baton.catalog.model import Model
from baton.catalog.tiers import DEFAULT_TIERS
from baton.records.store import Records
from baton.settings import Settings


@asynccontextmanager
async def catalog(settings: Settings) -> AsyncGenerator[tuple[Storehouse, Records[Model]]]:
    """The store, and the rows as they are in it; nothing is seeded."""
    async with (
        open_store(settings) as store,
        Records(
            model_kind(DEFAULT_TIERS), store.database, store.notices, store.clock, store.scribe
        ) as records,
    ):
        yield store, records
