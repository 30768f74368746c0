"""95 % intervals by the bootstrap: users are drawn again, with all of their requests.

Requests of one user are alike, so users are what chance has drawn; each of 1000 resamples has as many.
The ends are percentiles of the resamples, a little further out than 2.5 %, as few users ask for (Hesterberg,
What Teachers Should Know About the Bootstrap, The American Statistician 69, 2015: expanded percentiles).
"""

import random
from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from statistics import NormalDist

from msgspec import Struct

RESAMPLES = 1000

LEAST_USERS = 30
"""Below that resamples say too little of how users differ."""

CLUSTERS = 200
"""Users beyond as many are put together: no interval gets better by more, and each resample costs as much."""

_SEED = 1
_TAIL = 0.025
_NORMAL = NormalDist()

Statistic = Callable[[Sequence[int]], float | None]
"""A figure of a resample: how often each cluster was drawn. None: nothing of it was."""


class Interval(Struct, frozen=True):
    """Where the true value lies, most likely."""

    low: float
    high: float


class Draws:
    """Resamples of some clusters, the same ones each time."""

    def __init__(self, clusters: int, resamples: int = RESAMPLES) -> None:
        """`clusters`: two at least."""
        self._tail = expanded_tail(clusters)
        rng = random.Random(_SEED)  # noqa: S311 (no secret)
        self._drawn = [_counted(rng, clusters) for _ in range(resamples)]

    def interval(self, statistic: Statistic, rest: Callable[[], None] = lambda: None) -> Interval | None:
        """Of a statistic; None: most resamples have none of it. `rest` is called between them."""
        found = sorted(self._found(statistic, rest))
        if len(found) <= len(self._drawn) / 2:
            return None
        return Interval(_quantile(found, self._tail), _quantile(found, 1 - self._tail))

    def _found(self, statistic: Statistic, rest: Callable[[], None]) -> Iterator[float]:
        for drawn in self._drawn:
            rest()
            value = statistic(drawn)
            if value is not None:
                yield value


def expanded_tail(clusters: int) -> float:
    """The share of resamples beyond each end where so many clusters were drawn; less than 2.5 %."""
    return _NORMAL.cdf(-sqrt(clusters / (clusters - 1)) * _student(clusters - 1))


def _student(freedom: int) -> float:
    """The 97.5th percentile of Student's t (Abramowitz and Stegun, 26.7.5): right to four digits from 10
    degrees of freedom on."""
    z = _NORMAL.inv_cdf(1 - _TAIL)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def _counted(rng: random.Random, clusters: int) -> list[int]:
    counts = [0] * clusters
    for drawn in rng.choices(range(clusters), k=clusters):
        counts[drawn] += 1
    return counts


def _quantile(ranked: Sequence[float], share: float) -> float:
    """Linear between the two nearest."""
    place = share * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (place - below) * (ranked[above] - ranked[below])
