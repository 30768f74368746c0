"""Proposed − in force by clusters of users, so that resamples of them can be summed up."""

from collections.abc import Sequence
from operator import mul

from baton.watch.backtest.case import Case
from baton.watch.backtest.estimating import Length, Outcome, Ratio
from baton.watch.backtest.interval import CLUSTERS
from baton.watch.backtest.means import Cell, Means


class Difference:
    """What is fixed, and what depends on models' answers: resamples take that anew from their users."""

    def __init__(
        self, lengths: Means[Length], latencies: Means[Cell], timed: Sequence[int], rated: Sequence[int]
    ) -> None:
        """`timed`, `rated`: requests that stay and have a latency, or a quality, by cluster."""
        self._lengths = lengths
        self._latencies = latencies
        self._timed = list(timed)
        self._rated = list(rated)
        self._cost = [0.0] * CLUSTERS
        self._varying: dict[Ratio, list[float]] = {}
        self._latency = [0.0] * CLUSTERS
        self._cells: dict[Cell, list[float]] = {}
        self._quality = [0.0] * CLUSTERS
        self.dearer: set[int] = set()
        """Clusters in which a cost differs; and a latency, and a quality."""
        self.later: set[int] = set()
        self.better: set[int] = set()

    def add_cost(self, case: Case, in_force: Outcome, proposed: Outcome) -> None:
        """One more whose cost is known on both sides."""
        if (in_force.cost_nanos, in_force.ratio) == (proposed.cost_nanos, proposed.ratio):
            return
        self.dearer.add(case.cluster)
        for sign, each in ((-1, in_force), (1, proposed)):
            assert each.cost_nanos is not None
            self._cost[case.cluster] += sign * (each.cost_nanos - each.varying_nanos)
            if each.ratio is not None:
                column = self._varying.setdefault(each.ratio, [0.0] * CLUSTERS)
                column[case.cluster] += sign * each.varying_nanos

    def add_latency(self, case: Case, in_force: Outcome, proposed: Outcome) -> None:
        """One more whose latency is known on both sides."""
        self._timed[case.cluster] += 1
        if (in_force.latency_ms, in_force.cell) == (proposed.latency_ms, proposed.cell):
            return
        self.later.add(case.cluster)
        for sign, each in ((-1, in_force), (1, proposed)):
            assert each.latency_ms is not None
            if each.cell is None:
                self._latency[case.cluster] += sign * each.latency_ms
            else:
                self._cells.setdefault(each.cell, [0.0] * CLUSTERS)[case.cluster] += sign

    def add_quality(self, case: Case, in_force: float, proposed: float) -> None:
        """One more whose quality is known on both sides."""
        self._rated[case.cluster] += 1
        if in_force == proposed:
            return
        self.better.add(case.cluster)
        self._quality[case.cluster] += proposed - in_force

    def cost(self, drawn: Sequence[int]) -> float:
        """The sum of a resample, nano-USD."""
        total = _dot(drawn, self._cost)
        for ratio, column in self._varying.items():
            total += _dot(drawn, column) * self._moved(ratio, drawn)
        return total

    def latency(self, drawn: Sequence[int]) -> float | None:
        """The mean of a resample, milliseconds."""
        requests = _dot(drawn, self._timed)
        if not requests:
            return None
        total = _dot(drawn, self._latency)
        for cell, column in self._cells.items():
            mean = self._latencies.mean_of(cell, drawn)
            total += _dot(drawn, column) * (self._latencies.mean(cell) if mean is None else mean)
        return total / requests

    def quality(self, drawn: Sequence[int]) -> float | None:
        """The mean of a resample, 0-1."""
        requests = _dot(drawn, self._rated)
        return _dot(drawn, self._quality) / requests if requests else None

    def _moved(self, ratio: Ratio, drawn: Sequence[int]) -> float:
        """By how much a resample's ratio of lengths differs from that of all."""
        of, to = (self._lengths.mean_of(each, drawn) for each in ratio)
        if not of or not to:
            return 1.0
        return of / to * self._lengths.mean(ratio.to) / self._lengths.mean(ratio.of)


def _dot(drawn: Sequence[int], column: Sequence[float]) -> float:
    return sum(map(mul, drawn, column))
