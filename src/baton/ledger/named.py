"""Which models callers name, for whoever wants to ask what they ask."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import func, select

from baton.core.errors import Unavailable
from baton.ledger.moments import id_from
from baton.ledger.rows import CHAT
from baton.ledger.tables import INTERACTIONS
from baton.storage.database import Database

LATELY = timedelta(days=7)

_LOOKED_AT = 10_000
"""Of the last interactions: what a busy hour asks is as good as a week of it."""


class NamedModels:
    """Looks up what chats have asked for of late."""

    def __init__(
        self, database: Database, flush: Callable[[], Awaitable[object]], wall: Callable[[], float]
    ) -> None:
        """`wall`: Unix time in seconds."""
        self._database = database
        self._flush = flush
        self._wall = wall

    async def most(self, count: int) -> tuple[str, ...]:
        """As callers wrote them, the most frequent first; none where the database is away."""
        table = INTERACTIONS.c
        since_ms = int((self._wall() - LATELY.total_seconds()) * 1000)
        recent = (
            select(table.requested_model)
            .where(table.id >= id_from(since_ms), table.type == CHAT)
            .order_by(table.id.desc())
            .limit(_LOOKED_AT)
            .subquery()
        )
        name = recent.c.requested_model
        question = select(name).group_by(name).order_by(func.count().desc(), name).limit(count)
        await self._flush()
        try:
            async with self._database.read() as connection:
                return tuple((await connection.execute(question)).scalars())
        except Unavailable:
            return ()
