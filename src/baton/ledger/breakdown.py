"""Sums of the ledger by one or two dimensions, which together are the whole."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Select, case, func, select

from baton.ledger.filter import Filter, conditions
from baton.ledger.rows import Status
from baton.ledger.tables import ATTEMPTS, INTERACTIONS
from baton.ledger.usage import Used, sums, used_by, used_by_all
from baton.storage.database import Database

_DAY_MS = 86_400_000
_PER_PRICE = 1_000_000


class Dimension(StrEnum):
    """What is told apart."""

    MODEL = "model"
    PROVIDER = "provider"
    AGENT = "agent"
    PROJECT = "project"
    DATE = "date"
    USER = "user"
    KEY = "key"
    USE_CASE = "useCase"
    TIER = "tier"
    TYPE = "type"
    STATUS = "status"
    PROMPT = "prompt"
    PERSONA = "persona"


_OF_INTERACTIONS: dict[Dimension, ColumnElement[Any]] = {
    Dimension.AGENT: INTERACTIONS.c.agent,
    Dimension.PROJECT: INTERACTIONS.c.project,
    Dimension.DATE: INTERACTIONS.c.at_ms // _DAY_MS,
    Dimension.USER: INTERACTIONS.c.user_id,
    Dimension.KEY: INTERACTIONS.c.key_id,
    Dimension.USE_CASE: INTERACTIONS.c.use_case,
    Dimension.TIER: INTERACTIONS.c.tier,
    Dimension.TYPE: INTERACTIONS.c.type,
    Dimension.STATUS: INTERACTIONS.c.status,
    Dimension.PROMPT: INTERACTIONS.c.prompt,
    Dimension.PERSONA: INTERACTIONS.c.persona,
}
_OF_ATTEMPTS: dict[Dimension, ColumnElement[Any]] = {
    Dimension.PROVIDER: ATTEMPTS.c.provider,
    Dimension.MODEL: ATTEMPTS.c.provider + "/" + ATTEMPTS.c.model,
}


class Share(Struct, frozen=True, kw_only=True):
    """What falls to one value of each dimension; None: nothing was said of it."""

    keys: tuple[str | None, ...]
    count: int
    """Requests; where a provider or a model is told apart, calls to it: a request may take several."""
    used: Used


class Breakdown(Struct, frozen=True, kw_only=True):
    """All shares, the dearest first; they add up to `used` exactly."""

    requests: int
    failed: int
    """Ended otherwise than `ok`."""
    saved_nanos: int
    """What cached tokens of prompts cost less than others, by the price that each answer was billed at."""
    used: Used
    shares: tuple[Share, ...]


class Breakdowns:
    """Adds up the ledger; `Interactions` says how fresh it is."""

    def __init__(self, database: Database, flush: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._flush = flush

    async def of(self, wanted: Filter, by: Sequence[Dimension]) -> Breakdown:
        """The sums over the interactions wanted, by these dimensions.

        Raises:
            Unavailable: the database is away.
        """
        await self._flush()
        columns = [(_OF_ATTEMPTS.get(each), _OF_INTERACTIONS.get(each)) for each in by]
        parts = [(one if one is not None else other) for one, other in columns]
        labelled = [part.label(f"key{place}") for place, part in enumerate(parts) if part is not None]
        of_calls = any(each in _OF_ATTEMPTS for each in by)
        async with self._database.read() as connection:
            asked = (
                (await connection.execute(_requests(wanted, () if of_calls else labelled))).mappings().all()
            )
            used = (
                used_by_all if _only_timed(wanted) and all(each in _OF_ATTEMPTS for each in by) else used_by
            )
            took = (await connection.execute(used(wanted, *labelled))).mappings().all()
        names = [label.name for label in labelled]
        counts = (
            {} if of_calls else {tuple(row[name] for name in names): int(row["requests"]) for row in asked}
        )
        found = {tuple(row[name] for name in names): (int(row["attempts"]), sums(row)) for row in took}
        nothing = (0, Used())
        shares = [
            Share(
                keys=tuple(_text(each, key) for each, key in zip(by, keys, strict=True)),
                count=found[keys][0] if of_calls else counts[keys],
                used=found.get(keys, nothing)[1],
            )
            for keys in (found if of_calls else counts)
        ]
        total = Used()
        for share in shares:
            total = total.plus(share.used)
        return Breakdown(
            requests=sum(int(row["requests"]) for row in asked),
            failed=sum(int(row["failed"]) for row in asked),
            saved_nanos=sum(int(row["saved"]) for row in asked),
            used=total,
            shares=tuple(sorted(shares, key=_rank)),
        )


def _only_timed(wanted: Filter) -> bool:
    return structs.replace(wanted, since_ms=None, until_ms=None) == Filter()


def _requests(wanted: Filter, parts: Sequence[ColumnElement[Any]]) -> Select[*tuple[Any, ...]]:
    columns = INTERACTIONS.c
    cheaper = columns.price_input - columns.price_cached
    saved = case((cheaper > 0, columns.cached_tokens * cheaper // _PER_PRICE), else_=0)
    return (
        select(
            *parts,
            func.count().label("requests"),
            func.count().filter(columns.status != Status.OK).label("failed"),
            func.coalesce(func.sum(saved), 0).label("saved"),
        )
        .select_from(INTERACTIONS)
        .where(*conditions(wanted))
        .group_by(*parts)
    )


def _text(dimension: Dimension, key: Any) -> str | None:
    if key is None:
        return None
    if dimension is Dimension.DATE:
        return datetime.fromtimestamp(int(key) * _DAY_MS / 1000, UTC).date().isoformat()
    return str(key)


def _rank(share: Share) -> tuple[int, tuple[str, ...]]:
    """The dearest first, then by name."""
    return -share.used.cost_nanos, tuple(key or "" for key in share.keys)
