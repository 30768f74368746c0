"""All interactions that fit a filter, oldest first, however many there are."""

from collections.abc import AsyncGenerator

from sqlalchemy import select

from baton.ledger.filter import Filter, conditions
from baton.ledger.stored import Whole, wholes
from baton.ledger.tables import INTERACTIONS
from baton.storage.database import Database

PAGE = 500
"""Interactions held in memory at a time."""


class Export:
    """Reads page after page, each by its own look at the database, so that no transaction stays open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pages(
        self, wanted: Filter, *, after: str | None = None, attempts: bool = False
    ) -> AsyncGenerator[tuple[Whole, ...]]:
        """What is wanted, in pages of at most `PAGE`; `after`: only what has a later id.

        Raises:
            Unavailable: the database is away.
        """
        key = INTERACTIONS.c.id
        query = select(INTERACTIONS).where(*conditions(wanted)).order_by(key).limit(PAGE)
        while True:
            later = query if after is None else query.where(key > after)
            async with self._database.read() as connection:
                rows = (await connection.execute(later)).mappings().all()
                page = await wholes(connection, rows, attempts=attempts)
            if not page:
                return
            yield page
            after = page[-1].interaction.id
