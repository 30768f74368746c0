"""What was used and paid for: in all, by model, by day."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, RowMapping, Select, func, select

from baton.ledger.filter import Filter, conditions
from baton.ledger.moments import id_from
from baton.ledger.rows import Status
from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.storage.database import Database

_DAY_MS = 86_400_000
_DAY = INTERACTIONS.c.at_ms // _DAY_MS


class Used(Struct, frozen=True, kw_only=True):
    """Tokens and money over all attempts, also those whose answer nobody got: they are paid for."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nanos: int = 0
    unpriced: int = 0
    """Attempts whose cost is not known, and not in `cost_nanos`."""

    def plus(self, other: "Used") -> "Used":
        """Both together."""
        return Used(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost_nanos=self.cost_nanos + other.cost_nanos,
            unpriced=self.unpriced + other.unpriced,
        )


class ModelUsage(Struct, frozen=True, kw_only=True):
    """What one model took."""

    provider: str
    model: str
    attempts: int
    used: Used


class DayUsage(Struct, frozen=True, kw_only=True):
    """What one day took."""

    day: str
    """`2026-01-31`, in UTC."""
    requests: int
    failed: int
    """Ended otherwise than `ok`."""
    used: Used


class UserUsage(Struct, frozen=True, kw_only=True):
    """What one user took."""

    user_id: str
    requests: int
    failed: int
    """Ended otherwise than `ok`."""
    used: Used


class UsageSummary(Struct, frozen=True, kw_only=True):
    """What a time took."""

    requests: int
    failed: int
    used: Used
    by_model: tuple[ModelUsage, ...]
    """Dearest first."""
    by_day: tuple[DayUsage, ...]
    """Oldest first; only days on which something happened."""


class UsageReport:
    """Adds up the ledger; `Interactions` says how fresh it is."""

    def __init__(self, database: Database, flush: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._flush = flush

    async def summary(self, wanted: Filter) -> UsageSummary:
        """The sums over the interactions wanted.

        Raises:
            Unavailable: the database is away.
        """
        await self._flush()
        async with self._database.read() as connection:
            days = (await connection.execute(_requests(wanted, _DAY).order_by(_DAY))).mappings().all()
            models = (_DAY.label("day"), ATTEMPTS.c.provider, ATTEMPTS.c.model)
            parts = (await connection.execute(used_by(wanted, *models))).mappings().all()
        by_day: dict[int, Used] = {}
        by_model: dict[tuple[str, str], tuple[int, Used]] = {}
        total = Used()
        for part in parts:
            used = sums(part)
            total = total.plus(used)
            by_day[part["day"]] = by_day.get(part["day"], Used()).plus(used)
            key = (part["provider"], part["model"])
            attempts, before = by_model.get(key, (0, Used()))
            by_model[key] = (attempts + part["attempts"], before.plus(used))
        by_models = [
            ModelUsage(provider=provider, model=model, attempts=attempts, used=used)
            for (provider, model), (attempts, used) in by_model.items()
        ]
        return UsageSummary(
            requests=sum(day["requests"] for day in days),
            failed=sum(day["failed"] for day in days),
            used=total,
            by_model=tuple(
                sorted(by_models, key=lambda one: (-one.used.cost_nanos, one.provider, one.model))
            ),
            by_day=tuple(
                DayUsage(
                    day=datetime.fromtimestamp(day["part"] * _DAY_MS / 1000, UTC).date().isoformat(),
                    requests=day["requests"],
                    failed=day["failed"],
                    used=by_day.get(day["part"], Used()),
                )
                for day in days
            ),
        )

    async def users(self, wanted: Filter) -> tuple[UserUsage, ...]:
        """What each user took, the dearest first; only those who asked anything.

        Raises:
            Unavailable: the database is away.
        """
        await self._flush()
        user = INTERACTIONS.c.user_id
        async with self._database.read() as connection:
            asked = (await connection.execute(_requests(wanted, user))).mappings().all()
            parts = (await connection.execute(used_by(wanted, user))).mappings().all()
        used = {part["user_id"]: sums(part) for part in parts}
        found = [
            UserUsage(
                user_id=each["part"],
                requests=each["requests"],
                failed=each["failed"],
                used=used.get(each["part"], Used()),
            )
            for each in asked
        ]
        return tuple(sorted(found, key=lambda one: (-one.used.cost_nanos, one.user_id)))


def _requests(wanted: Filter, part: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """Requests by `part`."""
    return (
        select(
            part.label("part"),
            func.count().label("requests"),
            func.count().filter(INTERACTIONS.c.status != Status.OK).label("failed"),
        )
        .where(*conditions(wanted))
        .group_by(part)
    )


def used_by(wanted: Filter, *parts: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """What attempts used, by all of `parts`."""
    columns = ATTEMPTS.c
    return (
        _sum_up(*parts)
        .join_from(INTERACTIONS, ATTEMPTS, columns.interaction_id == INTERACTIONS.c.id)
        .where(*conditions(wanted))
        .group_by(*parts)
    )


def used_by_all(wanted: Filter, *parts: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """The same where all is wanted of a time, by what attempts say: no interaction is read."""
    owner = ATTEMPTS.c.interaction_id
    query = _sum_up(*parts).select_from(ATTEMPTS).group_by(*parts)
    if wanted.since_ms is not None:
        query = query.where(owner >= id_from(wanted.since_ms))
    if wanted.until_ms is not None:
        query = query.where(owner < id_from(wanted.until_ms))
    return query


def _sum_up(*parts: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    columns = ATTEMPTS.c
    return select(
        *parts,
        func.count().label("attempts"),
        func.sum(columns.prompt_tokens).label("prompt_tokens"),
        func.sum(columns.completion_tokens).label("completion_tokens"),
        func.sum(columns.cached_tokens).label("cached_tokens"),
        func.sum(columns.reasoning_tokens).label("reasoning_tokens"),
        func.coalesce(func.sum(columns.cost_nanos), 0).label("cost_nanos"),
        func.count().filter(columns.cost_nanos.is_(None)).label("unpriced"),
    )


def sums(row: RowMapping) -> Used:
    """Sums of whole numbers are decimals on some databases, and of no rows nothing."""
    return Used(**{field: int(row[field] or 0) for field in Used.__struct_fields__})
