"""What has been spent, by whom it is counted for: the ground on which budgets stand after a start."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select

from baton.ledger.moments import id_from
from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage.database import Database

_OF_INTERACTIONS: Mapping[str, ColumnElement[Any]] = MappingProxyType(
    {
        "all": literal("all"),
        "user": INTERACTIONS.c.user_id,
        "key": INTERACTIONS.c.key_id,
        "tier": INTERACTIONS.c.tier,
        "project": INTERACTIONS.c.project,
    }
)
_OF_ATTEMPTS: Mapping[str, ColumnElement[Any]] = MappingProxyType(
    {"provider": ATTEMPTS.c.provider, "model": ATTEMPTS.c.provider + "/" + ATTEMPTS.c.model}
)


class Spending:
    """Sums over the rows of the ledger; what is still on its way there is not in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by(
        self, scope: str, since_ms: int, until_ms: int | None, subject: str | None = None
    ) -> dict[str, int]:
        """Nano-USD of the requests that came within a time (`until_ms` exclusive), by whom `scope` counts
        for: `all`, `user`, `key`, `tier`, `project`, `provider` or `model` (`provider/name`); `subject`: of
        that one alone.

        Raises:
            Unavailable: the database is away.
        """
        query = _query(scope)
        if subject is not None:
            query = query.where(_subject(scope) == subject)
        query = query.where(INTERACTIONS.c.id >= id_from(since_ms))
        if until_ms is not None:
            query = query.where(INTERACTIONS.c.id < id_from(until_ms))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {subject: int(nanos) for subject, nanos in rows if subject is not None}


def _subject(scope: str) -> ColumnElement[Any]:
    of = _OF_INTERACTIONS.get(scope)
    return _OF_ATTEMPTS[scope] if of is None else of


def _query(scope: str) -> Select[Any, Any]:
    subject = _subject(scope)
    if scope in _OF_INTERACTIONS:
        return select(subject, func.sum(INTERACTIONS.c.cost_nanos)).group_by(subject)
    spent = func.sum(func.coalesce(ATTEMPTS.c.cost_nanos, 0))
    joined = ATTEMPTS.join(INTERACTIONS, ATTEMPTS.c.interaction_id == INTERACTIONS.c.id)
    return select(subject, spent).select_from(joined).group_by(subject)
