"""All interactions that fit a filter, oldest first, however many there are."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.ledger.feedback import FeedbackRow
from baton.ledger.interactions import AttemptRow, Filter, InteractionRow, conditions
from baton.ledger.tables import ATTEMPTS, FEEDBACK, INTERACTIONS
from baton.storage.database import Database

PAGE = 500
"""Interactions held in memory at a time; ids in one statement, of which SQLite may take no more than 999."""


class Exported(Struct, frozen=True, kw_only=True):
    """An interaction with all that hangs on it."""

    interaction: InteractionRow
    attempts: tuple[AttemptRow, ...]
    """In the order they were made; none where none were asked for."""
    feedback: FeedbackRow | None


class Export:
    """Reads page after page, each by its own look at the database, so that no transaction stays open."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pages(
        self, wanted: Filter, *, after: str | None = None, attempts: bool = False
    ) -> AsyncGenerator[list[Exported]]:
        """What is wanted, in pages of at most `PAGE`; `after`: only what has a later id.

        Raises:
            Unavailable: the database is away.
        """
        key = INTERACTIONS.c.id
        query = select(INTERACTIONS).where(*conditions(wanted)).order_by(key).limit(PAGE)
        while True:
            async with self._database.read() as connection:
                later = query if after is None else query.where(key > after)
                rows = (await connection.execute(later)).mappings().all()
                if not rows:
                    return
                found = [msgspec.convert(row, InteractionRow) for row in rows]
                ids = [row.id for row in found]
                tried = await _attempts(connection, ids) if attempts else {}
                thought = await _feedback(connection, ids)
            yield [
                Exported(interaction=row, attempts=tuple(tried.get(row.id, ())), feedback=thought.get(row.id))
                for row in found
            ]
            after = ids[-1]


async def _attempts(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[AttemptRow]]:
    owner = ATTEMPTS.c.interaction_id
    query = select(ATTEMPTS).where(owner.in_(ids)).order_by(owner, ATTEMPTS.c.n)
    found: dict[str, list[AttemptRow]] = defaultdict(list)
    for row in (await connection.execute(query)).mappings():
        found[row["interaction_id"]].append(msgspec.convert(row, AttemptRow))
    return found


async def _feedback(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, FeedbackRow]:
    query = select(FEEDBACK).where(FEEDBACK.c.interaction_id.in_(ids))
    rows = (await connection.execute(query)).mappings()
    return {row["interaction_id"]: msgspec.convert(row, FeedbackRow) for row in rows}
