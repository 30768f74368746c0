"""What people thought of answers: a score from 1 to 5, and perhaps a word on it."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from sqlalchemy import func, insert, select, update

from baton.ledger.interactions import absent, theirs
from baton.ledger.stored import FeedbackRow
from baton.ledger.tables import FEEDBACK, INTERACTIONS
from baton.storage.database import Database


class Opinions(NamedTuple):
    """One person's of one model."""

    model: str
    """`provider/name`."""
    user_id: str
    score: float
    """The mean, 1-5."""
    number: int


class Feedback:
    """Takes opinions in, one per interaction."""

    def __init__(self, database: Database, flush: Callable[[], Awaitable[bool]]) -> None:
        """`flush`: as of `Interactions`."""
        self._database = database
        self._flush = flush

    async def by_model(self, since_ms: int) -> list[Opinions]:
        """What was thought since then of each model that served, by whom.

        Raises:
            Unavailable: the database is away.
        """
        served = INTERACTIONS.c.provider, INTERACTIONS.c.model, FEEDBACK.c.user_id
        query = (
            select(*served, func.avg(FEEDBACK.c.score), func.count())
            .join_from(FEEDBACK, INTERACTIONS, FEEDBACK.c.interaction_id == INTERACTIONS.c.id)
            .where(FEEDBACK.c.at_ms >= since_ms, INTERACTIONS.c.provider.is_not(None))
            .group_by(*served)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Opinions(f"{provider}/{model}", user, float(score), count)
            for provider, model, user, score, count in rows
        ]

    async def give(self, row: FeedbackRow, *, owner_id: str | None = None) -> None:
        """Keep an opinion in place of the one before; `owner_id`: only of an interaction that is theirs.

        Raises:
            NotFound: there is no such interaction, or it is another's.
            Unavailable: the database is away, or so far behind that it may be on its way there.
        """
        about = select(INTERACTIONS.c.id).where(*theirs(row.interaction_id, owner_id))
        complete = await self._flush()
        values = msgspec.structs.asdict(row)
        async with self._database.write() as connection:
            if (await connection.execute(about)).scalar_one_or_none() is None:
                raise absent(complete)
            present = FEEDBACK.c.interaction_id == row.interaction_id
            replaced = await connection.execute(update(FEEDBACK).where(present).values(values))
            if not replaced.rowcount:
                await connection.execute(insert(FEEDBACK).values(values))
