"""How often answers were forgotten: a counter in the database, which nobody goes back behind."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.storage.database import Database
from baton.storage.notices import bump
from baton.storage.tables import NOTICES

TOPIC = "cached_answers"
"""Of a notice: every process hears of it within a second."""


class DatabaseOblivion:
    """`others.Oblivion` over the notices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def times(self) -> int:
        """As `Oblivion`."""
        async with self._database.read() as connection:
            return await times_forgotten(connection)

    async def note(self) -> int:
        """As `Oblivion`."""
        async with self._database.write() as connection:
            await bump(connection, TOPIC)
            return await times_forgotten(connection)


async def times_forgotten(connection: AsyncConnection) -> int:
    """How often, as a connection sees it."""
    found = await connection.execute(select(NOTICES.c.value).where(NOTICES.c.topic == TOPIC))
    return found.scalar() or 0
