"""What people and judges thought of models' answers, as it moves their quality; read now and then."""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import NamedTuple, Protocol, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from baton.core.clock import Clock
from baton.core.errors import Unavailable
from baton.gateway.routing.observed import Judged
from baton.ledger.feedback import Feedback, Opinions

_EVERY_S = 60.0
_LOOK_BACK_MS = 90 * 86_400_000
"""Models change under their names; what is older says nothing of them."""

_MOST_OF_ONE = 5
"""Opinions of one person about one model that count: nobody outvotes all others."""

A_JUDGES_WORD = 0.2
"""What a judge's score weighs, a person's opinion being 1: it was cheap, and judges err alike. All of them
about one model weigh as much together as one person can, so that people outvote them."""

_LEAST, _MOST = 1, 5
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Graded(NamedTuple):
    """What judges thought of one model's answers."""

    model: str
    """`provider/name`."""
    mean: float
    """0-1."""
    number: int


class Grades(Protocol):
    """Knows what judges thought; who composes the program hands it in."""

    async def by_model(self, since_ms: int) -> Sequence[Graded]:
        """Of each model, since then (Unix milliseconds).

        Raises:
            Unavailable: the database is away.
        """
        ...


class Judgements:
    """One task; `async with` reads for the first time and starts it."""

    def __init__(
        self, feedback: Feedback, clock: Clock, every_s: float = _EVERY_S, grades: Grades | None = None
    ) -> None:
        """`grades`: what judges thought; None: there are none."""
        self._feedback = feedback
        self._grades = grades
        self._clock = clock
        self._every_s = every_s
        self._judged: Mapping[str, Judged] = MappingProxyType({})
        self._task: asyncio.Task[None] | None = None

    def judged(self) -> Mapping[str, Judged]:
        """By `provider/name`; a look-up, on the request's path."""
        return self._judged

    async def look(self) -> None:
        """Read them now; what was known stays while the database is away."""
        since_ms = int(self._clock.wall() * 1000) - _LOOK_BACK_MS
        try:
            graded = () if self._grades is None else await self._grades.by_model(since_ms)
            self._judged = judged(await self._feedback.by_model(since_ms), graded)
        except (Unavailable, SQLAlchemyError, OSError) as error:
            _log.debug("opinions_not_read", error=str(error)[:200])

    async def __aenter__(self) -> Self:
        await self.look()
        self._task = asyncio.create_task(self._look_on(), name="judgements")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.look()


def judged(opinions: Sequence[Opinions], graded: Sequence[Graded] = ()) -> Mapping[str, Judged]:
    """Means and weights by model: of opinions 1 is 0, 5 is 1."""
    sums: dict[str, tuple[float, float]] = {}
    for each in opinions:
        weight = float(min(each.number, _MOST_OF_ONE))
        mean, before = sums.get(each.model, (0.0, 0.0))
        sums[each.model] = (mean + weight * (each.score - _LEAST) / (_MOST - _LEAST), before + weight)
    for each in graded:
        weight = min(A_JUDGES_WORD * each.number, float(_MOST_OF_ONE))
        mean, before = sums.get(each.model, (0.0, 0.0))
        sums[each.model] = (mean + weight * each.mean, before + weight)
    return MappingProxyType(
        {model: Judged(total / weight, weight) for model, (total, weight) in sums.items() if weight}
    )
