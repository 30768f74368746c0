"""What people thought of answers: a score from 1 to 5, and perhaps a word on it."""

from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy import insert, select, update

from baton.ledger.interactions import absent, theirs
from baton.ledger.stored import FeedbackRow
from baton.ledger.tables import FEEDBACK, INTERACTIONS
from baton.storage.database import Database


class Feedback:
    """Takes opinions in, one per interaction."""

    def __init__(self, database: Database, flush: Callable[[], Awaitable[bool]]) -> None:
        """`flush`: as of `Interactions`."""
        self._database = database
        self._flush = flush

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
