"""What came of an experiment's arms, user by user."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import StrEnum
from math import inf
from typing import Any

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Float, and_, case, cast, func, or_, select

from baton.ledger.filter import equals
from baton.ledger.rows import PRICED, Status
from baton.ledger.tables import FEEDBACK, INTERACTIONS
from baton.storage.database import Database

_Sql = ColumnElement[Any]

_NANOS = 1e9
_row = INTERACTIONS.c
_FAILED = or_(_row.status != Status.OK, _row.fell_back)
"""Its first model has not answered it, whoever did then."""


class Metric(StrEnum):
    """What arms are compared by: of each user the mean over their requests."""

    COST = "cost"
    """USD a request; of those that are priced."""
    LATENCY = "latency"
    """Milliseconds; of those that were answered."""
    FAILURES = "failures"
    """The share that ended with an error, or that another model than the first had to answer."""
    FEEDBACK = "feedback"
    """1-5; of those that somebody judged."""


class Moments(Struct, frozen=True):
    """Of users' means, weighed: sums over users of `w`, `w²`, `w·mean`, `w²·mean`, `w²·mean²`."""

    users: int = 0
    weight: float = 0.0
    weights2: float = 0.0
    total: float = 0.0
    total2: float = 0.0
    squares2: float = 0.0

    @property
    def mean(self) -> float:
        """Of all users; 0 where there is none."""
        return self.total / self.weight if self.weight else 0.0

    @property
    def freedom(self) -> float:
        """How many users of one weight would say as much, less one."""
        return self.weight * self.weight / self.weights2 - 1 if self.weight else -1.0

    @property
    def variance(self) -> float:
        """Of the mean, as users differ from each other; infinite where that cannot be known."""
        freedom = self.freedom
        if freedom <= 0:
            return inf
        mean = self.mean
        spread = max(0.0, self.squares2 - 2 * mean * self.total2 + mean * mean * self.weights2)
        return spread / (self.weight * self.weight) * (freedom + 1) / freedom

    def with_users(self, *means: float) -> "Moments":
        """The same with some more, of one request each."""
        number, total, weight = len(means), sum(means), weight_of(1.0)
        weight2 = weight * weight
        return Moments(
            self.users + number,
            self.weight + number * weight,
            self.weights2 + number * weight2,
            self.total + total * weight,
            self.total2 + total * weight2,
            self.squares2 + sum(each * each for each in means) * weight2,
        )


HALF_WEIGHT = 5
"""Of how many requests a user's mean weighs half of what it would weigh of endlessly many."""


def weight_of(requests: float) -> float:
    """What a user's mean over so many requests weighs, 0-1.

    The weight of the best linear estimate of a mean over users whose own means differ (variance b) and are
    seen through requests that differ (variance e): n / (n + e/b). Nobody knows e/b. Being some way off costs
    little: it is from 3 to 15 in the simulation of `tools.experiments`, by metric.
    """
    return requests / (requests + HALF_WEIGHT)


class ArmTally(Struct, frozen=True, kw_only=True):
    """What is counted of an arm. What its caller or a death of the process cut off is not, nor what was
    answered from the cache."""

    requests: int = 0
    users: int = 0
    failures: int = 0
    cost_nanos: int = 0
    """Of all that have a price."""
    moments: Mapping[Metric, Moments] = field(default_factory=lambda: dict.fromkeys(Metric, Moments()))


class Last(Struct, frozen=True):
    """One of the last requests of an arm."""

    id: str
    user_id: str
    failed: bool


NOTHING_TALLIED = ArmTally()


class Trials:
    """Reads from the database; `Interactions` says how fresh that is."""

    def __init__(self, database: Database, flush: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._flush = flush

    async def tally(self, experiment: str, phase: str) -> Mapping[str, ArmTally]:
        """Every arm of a phase that has been asked for anything, by name.

        Raises:
            Unavailable: the database is away.
        """
        each = (
            select(
                _row.arm,
                func.count().label("requests"),
                func.sum(case((_FAILED, 1), else_=0)).label("failed"),
                func.sum(_row.cost_nanos).label("nanos"),
                *(_mean(value).label(metric.value) for metric, value in _VALUES.items()),
                *(_weight(value).label(_weighed(metric)) for metric, value in _VALUES.items()),
            )
            .join_from(INTERACTIONS, FEEDBACK, FEEDBACK.c.interaction_id == _row.id, isouter=True)
            .where(_counted(experiment, phase))
            .group_by(_row.arm, _row.user_id)
            .subquery()
        )
        query = select(
            each.c.arm,
            func.count().label("users"),
            *(func.sum(each.c[name]).label(name) for name in ("requests", "failed", "nanos")),
            *(part for metric in Metric for part in _sums(each.c[metric.value], each.c[_weighed(metric)])),
        ).group_by(each.c.arm)
        await self._flush()
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {row[0]: _arm_tally(*row[1:]) for row in rows}

    async def last(
        self, experiment: str, phase: str, arm: str, number: int, since: str = ""
    ) -> tuple[Last, ...]:
        """The last requests of an arm, newest first; `number` at most, none before the id `since`.

        Raises:
            Unavailable: the database is away.
        """
        query = (
            select(_row.id, _row.user_id, _FAILED)
            .where(_counted(experiment, phase), equals(_row.arm, arm), _row.id >= since)
            .order_by(_row.id.desc())
            .limit(number)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(Last(id, user, bool(failed)) for id, user, failed in rows)


def _counted(experiment: str, phase: str) -> ColumnElement[bool]:
    return and_(
        equals(_row.experiment, experiment),
        equals(_row.phase, phase),
        _row.status.not_in((Status.CANCELLED, Status.CRASHED)),
        _row.cache.is_(None),
    )


_VALUES = {
    Metric.COST: case((_row.pricing == PRICED, cast(_row.cost_nanos, Float) / _NANOS)),
    Metric.LATENCY: case((_row.status == Status.OK, cast(_row.latency_ms, Float))),
    Metric.FAILURES: case((_FAILED, 1.0), else_=0.0),
    Metric.FEEDBACK: cast(FEEDBACK.c.score, Float),
}
"""Of a request; null: it says nothing of that."""


def _mean(value: _Sql) -> _Sql:
    """Of a user. Whole numbers have means that are decimals on some databases."""
    return cast(func.avg(value), Float)


def _weight(value: _Sql) -> _Sql:
    """`weight_of` that mean."""
    requests = cast(func.count(value), Float)
    return requests / (requests + HALF_WEIGHT)


def _weighed(metric: Metric) -> str:
    return f"{metric.value}_weight"


def _sums(mean: _Sql, weight: _Sql) -> Iterable[_Sql]:
    """The fields of `Moments`, in their order; a user without a mean weighs nothing."""
    weight2 = weight * weight
    yield func.count(mean)
    for value in (weight, weight2, weight * mean, weight2 * mean, weight2 * mean * mean):
        yield func.coalesce(func.sum(value), 0.0)


def _arm_tally(users: int, requests: int, failed: int, nanos: int, *sums: float) -> ArmTally:
    width = len(Moments.__struct_fields__)
    return ArmTally(
        users=users,
        requests=int(requests),
        failures=int(failed),
        cost_nanos=int(nanos),
        moments={
            metric: Moments(int(sums[width * at]), *map(float, sums[width * at + 1 : width * (at + 1)]))
            for at, metric in enumerate(Metric)
        },
    )
