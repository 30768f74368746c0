"""What all assessments come to: how many, how good, at what cost; by whom and for what."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Float, and_, case, cast, exists, func, select

from baton.gateway.routing.judgements import Graded
from baton.quality.queue.item import Opinion
from baton.quality.queue.store import Wanted, conditions
from baton.quality.queue.tables import REVIEWS, SCORES
from baton.quality.verdict import Verdict
from baton.storage.database import Database

_C = SCORES.c
_MOST = 100.0
_MOST_VERSIONS = 10_000


class Dimension(StrEnum):
    """What is told apart."""

    USE_CASE = "useCase"
    MODEL = "model"
    """`provider/name` of who made it."""
    PROMPT = "prompt"


_COLUMNS: Mapping[Dimension, ColumnElement[Any]] = {
    Dimension.USE_CASE: _C.use_case,
    Dimension.MODEL: _C.provider + "/" + _C.model,
    Dimension.PROMPT: _C.prompt,
}


class Figure(Struct, frozen=True, kw_only=True):
    """Sums over some assessments."""

    key: str | None = None
    """Of what is told apart; None: nothing is, or nothing was said of it."""
    assessed: int = 0
    scored: int = 0
    mean: float | None = None
    """Of the scores, 0-100; None: there are none."""
    verdicts: Mapping[Verdict, int] = {}
    cost_nanos: int = 0
    """Of asking judges."""
    unpriced: int = 0
    """Assessments whose cost is not wholly known."""

    @property
    def unscored_share(self) -> float | None:
        """The share of which nobody could say anything; None: there are none."""
        return self.verdicts.get(Verdict.UNSCORED, 0) / self.assessed if self.assessed else None


class Figures:
    """Adds up. Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def total(self, wanted: Wanted) -> Figure:
        """Over all that is wanted."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(*_sums()).where(*conditions(wanted)))).one()
        return _figure(None, *row)

    async def by(self, dimension: Dimension, wanted: Wanted, *, most: int = 100) -> tuple[Figure, ...]:
        """The same apart, those with the most assessments first."""
        key = _COLUMNS[dimension]
        query = (
            select(key, *_sums())
            .where(*conditions(wanted))
            .group_by(key)
            .order_by(func.count().desc(), key)
            .limit(most)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(_figure(*row) for row in rows)

    async def of_prompt(self, name: str, since_ms: int) -> Mapping[str, Figure]:
        """Those of a prompt's versions since then, by `name@version`."""
        found = await self.by(Dimension.PROMPT, Wanted(prompt=name, since_ms=since_ms), most=_MOST_VERSIONS)
        return {each.key: each for each in found if each.key is not None}

    async def by_model(self, since_ms: int) -> list[Graded]:
        """What judges thought of each model since then (Unix milliseconds), for routing.

        What was rejected without a score counts as 0, what a reviewer contradicts not at all.
        """
        grade = case(
            (_C.score.is_not(None), _C.score / _MOST),
            (_C.verdict == Verdict.REJECTED.value, 0.0),
        )
        contradicted = exists(
            select(REVIEWS.c.score_id).where(
                REVIEWS.c.score_id == _C.id,
                (REVIEWS.c.verdict == Opinion.ACCEPT.value)
                != _C.verdict.in_([verdict.value for verdict in Verdict if verdict.passes]),
            )
        )
        query = (
            select(_C.provider + "/" + _C.model, func.avg(cast(grade, Float)), func.count(grade))
            .where(and_(_C.at_ms >= since_ms, _C.provider.is_not(None), _C.model.is_not(None), ~contradicted))
            .group_by(_C.provider, _C.model)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Graded(model, float(mean), number) for model, mean, number in rows if number]


def _sums() -> list[ColumnElement[Any]]:
    return [
        func.count(),
        func.count(_C.score),
        func.avg(_C.score),
        func.coalesce(func.sum(_C.cost_nanos), 0),
        func.count(case((_C.unpriced, 1))),
        *(func.count(case((_C.verdict == verdict.value, 1))) for verdict in Verdict),
    ]


def _figure(
    key: str | None, assessed: int, scored: int, mean: float | None, cost: int, unpriced: int, *verdicts: int
) -> Figure:
    return Figure(
        key=key,
        assessed=assessed,
        scored=scored,
        mean=None if mean is None else float(mean),
        verdicts=dict(zip(Verdict, verdicts, strict=True)),
        cost_nanos=int(cost),
        unpriced=unpriced,
    )
