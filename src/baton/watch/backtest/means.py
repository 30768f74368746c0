"""What models' answers were like in the ledger: how long they were, and how long they took."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import accumulate
from math import ceil, exp, log
from operator import mul
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct

K = TypeVar("K", bound=Hashable)

LEAST = 30
"""Answers of a kind that say something of it."""

_LENGTHS = (50, 150, 400, 1000, 3000)
"""Upper bounds of classes of answers by their tokens, inclusive; the last one has none."""

_STEP = log(1.05)
"""Times are told apart by 5 %: nobody decides anything by less."""


class Work(NamedTuple):
    """What answers of a length are expected of."""

    kind: str
    """Of the interaction: a chat, or one of the services beside it."""
    use_case: str | None
    task: str | None
    level: str | None
    """How complex; None: nobody knows."""

    def broader(self) -> "Work":
        """The same in all use cases."""
        return self._replace(use_case="*")


class Cell(NamedTuple):
    """A model's answers of some length."""

    model: str
    length: int | None
    """Which class of lengths; None: any."""


def length_class(tokens: float) -> int:
    """Which class an answer belongs to."""
    return bisect_left(_LENGTHS, tokens)


class Means(Generic[K]):
    """Means by key, of which each cluster of users can be told apart."""

    def __init__(self, clusters: int) -> None:
        self._clusters = clusters
        self._sums: dict[K, dict[int, _Sum]] = {}
        self._all: dict[K, _Sum] = {}
        self._columns: dict[K, tuple[list[int], list[float]]] = {}

    def add(self, key: K, cluster: int, value: float) -> None:
        """One more."""
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = {}
            self._all[key] = _Sum()
        own = sums.get(cluster)
        if own is None:
            own = sums[cluster] = _Sum()
        for each in (own, self._all[key]):
            each.count += 1
            each.total += value

    def count(self, key: K) -> int:
        """How many there are."""
        found = self._all.get(key)
        return 0 if found is None else found.count

    def mean(self, key: K) -> float:
        """Of all of them; there is at least one."""
        found = self._all[key]
        return found.total / found.count

    def mean_of(self, key: K, drawn: Sequence[int]) -> float | None:
        """Of a resample: how often each cluster was drawn; None: it has none of them. Nothing is added any
        more once this was asked."""
        columns = self._columns.get(key)
        if columns is None:
            columns = self._columns[key] = self._dense(key)
        count = sum(map(mul, drawn, columns[0]))
        return sum(map(mul, drawn, columns[1])) / count if count else None

    def _dense(self, key: K) -> tuple[list[int], list[float]]:
        counts, totals = [0] * self._clusters, [0.0] * self._clusters
        for cluster, each in self._sums[key].items():
            counts[cluster], totals[cluster] = each.count, each.total
        return counts, totals


class _Sum(Struct, gc=False):
    count: int = 0
    total: float = 0.0


class Spread:
    """Times in steps of 5 %: as much as a median needs."""

    def __init__(self) -> None:
        self._steps: defaultdict[int, float] = defaultdict(float)
        self._size = 0.0

    def add(self, value_ms: float) -> None:
        """One more."""
        self._steps[round(log(max(1.0, value_ms)) / _STEP)] += 1
        self._size += 1

    def take(self, other: "Spread", size: float | None = None) -> None:
        """So many more that are spread like others; None: those themselves."""
        if size is None:
            size = other._size
        share = size / other._size if other._size else 0.0
        for step, count in other._steps.items():
            self._steps[step] += count * share
        self._size += size

    def median(self) -> int | None:
        """To the next 5 %; None: there is nothing."""
        if self._size <= 0:
            return None
        steps = sorted(self._steps)
        until = list(accumulate(self._steps[step] for step in steps))
        return ceil(exp(steps[min(bisect_left(until, self._size / 2), len(steps) - 1)] * _STEP))
