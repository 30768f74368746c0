"""When accounts of budgets came to where people are warned, and to their end: read from the alerts."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import func, select

from baton.storage.database import Database
from baton.watch.alerts.alert import AlertKind
from baton.watch.alerts.tables import ALERTS

_C = ALERTS.c
_KINDS = (AlertKind.BUDGET_WARNING.value, AlertKind.BUDGET_SPENT.value)


class Milestone(Struct, frozen=True):
    """Of one account, Unix milliseconds; None: it has not come to that."""

    warned_ms: int | None = None
    exceeded_ms: int | None = None


NOT_YET = Milestone()


class Milestones:
    """Reads them; what happened in the last second may not be there yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, accounts: Sequence[str]) -> Mapping[str, Milestone]:
        """By the accounts' keys, of those that came to something.

        Raises:
            Unavailable: the database is away.
        """
        if not accounts:
            return {}
        query = (
            select(_C.subject, _C.kind, func.min(_C.opened_ms))
            .where(_C.kind.in_(_KINDS), _C.subject.in_(accounts))
            .group_by(_C.subject, _C.kind)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found: dict[str, dict[str, int]] = {}
        for subject, kind, opened_ms in rows:
            found.setdefault(subject, {})[kind] = opened_ms
        return {subject: _milestone(at) for subject, at in found.items()}


def _milestone(at: Mapping[str, int]) -> Milestone:
    """Who spends all of it with one call was warned at the same moment."""
    exceeded_ms = at.get(AlertKind.BUDGET_SPENT.value)
    return Milestone(at.get(AlertKind.BUDGET_WARNING.value, exceeded_ms), exceeded_ms)
