"""How long the answers are that a user gets."""

from msgspec import Struct
from sqlalchemy import func, select

from baton.core.errors import Unavailable
from baton.ledger.rows import Status
from baton.ledger.tables import INTERACTIONS
from baton.storage.database import Database

LEAST_ANSWERS = 20
"""Fewer say nothing."""

_LOOKED_AT = 1000
"""Of a user's last interactions: an estimate asks for it, so it is to stay a matter of a millisecond."""


class Habit(Struct, frozen=True):
    """The mean of some answers."""

    answers: int
    completion_tokens: int


class Habits:
    """Looks up what answers have been like."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, user_id: str, provider: str, model: str, use_case: str | None = None) -> Habit | None:
        """Of a user's chats with a model among the last 1000 interactions, of one use case where it is said.

        None: there were fewer than 20, or the database is away.
        """
        table = INTERACTIONS.c
        looked_at = (table.provider, table.model, table.use_case, table.status, table.usage_estimated)
        recent = (
            select(*looked_at, table.completion_tokens)
            .where(table.user_id == user_id)
            .order_by(table.id.desc())
            .limit(_LOOKED_AT)
            .subquery()
        )
        same = [recent.c.provider == provider, recent.c.model == model]
        same += [recent.c.status == Status.OK.value, recent.c.completion_tokens > 0]
        same.append(recent.c.usage_estimated.is_(False))
        if use_case is not None:
            same.append(recent.c.use_case == use_case)
        question = select(func.count(), func.sum(recent.c.completion_tokens)).where(*same)
        try:
            async with self._database.read() as connection:
                answers, tokens = (await connection.execute(question)).one()
        except Unavailable:
            return None
        return None if answers < LEAST_ANSWERS else Habit(answers, round(int(tokens) / answers))
