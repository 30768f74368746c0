"""From a tally to a report: what each case comes to, and how sure the differences are."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from heapq import nlargest

from baton.ledger.past import Period
from baton.watch.backtest.case import Case
from baton.watch.backtest.difference import Difference
from baton.watch.backtest.estimating import Estimating, Outcome
from baton.watch.backtest.figures import Figures, Sums
from baton.watch.backtest.interval import CLUSTERS, LEAST_USERS, Draws, Interval, Statistic
from baton.watch.backtest.means import Cell, Spread
from baton.watch.backtest.pace import Pace
from baton.watch.backtest.report import Compared, Control, Coverage, Model, Moved, Report, UseCase
from baton.watch.backtest.saying import Assumed, verdict_of
from baton.watch.backtest.tally import Tally

MOST_MOVED = 10
"""Interactions that are told one by one."""

_POINTS = 100


class Reckoning:
    """Made of one tally, which is taken over: its sums become those of all."""

    def __init__(self, tally: Tally, pace: Pace, draws: Callable[[int], Draws] = Draws) -> None:
        """`draws`: makes the resamples of so many clusters."""
        self._tally = tally
        self._draws = cache(draws)
        self._pace = pace
        self._estimating = Estimating(tally.lengths, tally.latencies)
        self._difference = Difference(tally.lengths, tally.latencies, tally.timed, tally.rated)
        self._assumed = Assumed()
        self._largest: list[Moved] = []
        self._spreads = (Spread(), Spread(), Spread())
        self._cells: tuple[Counter[Cell], ...] = (Counter(), Counter())

    def report(self, period: Period, interactions: int) -> Report:
        """All that can be said of it. `interactions`: of the period, also those that were not drawn."""
        tally, figures, difference = self._tally, self._tally.figures, self._difference
        self._assumed.unpriced += tally.unpriced
        for case in tally.cases:
            self._pace.rest()
            self._reckon(case)
        scale = interactions / tally.examined if tally.examined else 1.0
        cost, latency, quality = (
            self._compared(sums, statistic, len(clusters), times, mean=mean)
            for sums, statistic, clusters, times, mean in (
                (figures.cost, difference.cost, difference.dearer, scale, False),
                (figures.latency, difference.latency, difference.later, 1.0, True),
                (figures.quality, difference.quality, difference.better, _POINTS, True),
            )
        )
        report = Report(
            period=period,
            coverage=self._coverage(interactions),
            control=Control(
                replayed=tally.replayed,
                same=tally.same,
                otherwise=dict(tally.otherwise),
                kept_out=tally.kept_out,
            ),
            users=tally.users,
            moved=figures.moved,
            cost=cost,
            latency=latency,
            median=self._medians(),
            quality=quality,
            models=self._models(),
            use_cases=tuple(_use_case(name, each, scale) for name, each in _by_moved(tally.by_use_case)),
            largest=tuple(self._largest),
            assumed=self._assumed.sentences(interactions, tally.examined, figures.moved),
            verdict="",
        )
        return verdict_of(report)

    def _reckon(self, case: Case) -> None:
        now = self._estimating.outcome(case, case.in_force)
        then = self._estimating.outcome(case, case.proposed)
        moved = case.in_force.model != case.proposed.model
        every = (self._tally.figures, self._tally.figures_of(case.use_case))
        for figures in every:
            figures.requests += 1
            figures.moved += moved
        if case.recorded_nanos is None or now.cost_nanos is None or then.cost_nanos is None:
            self._assumed.unpriced += 1
        else:
            self._difference.add_cost(case, now, then)
            for figures in every:
                figures.cost.add(case.cost_nanos, now.cost_nanos, then.cost_nanos)
        if case.latency_ms is None or now.latency_ms is None or then.latency_ms is None:
            self._assumed.untimed += 1
        else:
            self._difference.add_latency(case, now, then)
            for figures in every:
                figures.latency.add(case.latency_ms, now.latency_ms, then.latency_ms)
            self._spread(case.latency_ms, now, then)
        if case.happened_quality is not None and now.quality is not None and then.quality is not None:
            self._difference.add_quality(case, now.quality, then.quality)
            for figures in every:
                figures.quality.add(case.happened_quality, now.quality, then.quality)
        self._assumed.note(case, now, then)
        if now != then:
            self._largest = nlargest(
                MOST_MOVED, [*self._largest, _moved(case, now, then)], key=lambda each: abs(each.cost_nanos)
            )

    def _spread(self, happened_ms: int, now: Outcome, then: Outcome) -> None:
        self._spreads[0].add(happened_ms)
        for cells, spread, outcome in zip(self._cells, self._spreads[1:], (now, then), strict=True):
            if outcome.cell is not None:
                cells[outcome.cell] += 1
            elif outcome.latency_ms is not None:
                spread.add(outcome.latency_ms)

    def _medians(self) -> tuple[int | None, int | None, int | None]:
        for cells, spread in zip(self._cells, self._spreads[1:], strict=True):
            for cell, count in cells.items():
                spread.take(self._tally.spreads[cell], count)
        for spread in self._spreads:
            spread.take(self._tally.stayed)
        happened, in_force, proposed = (spread.median() for spread in self._spreads)
        return happened, in_force, proposed

    def _compared(
        self, sums: Sums, statistic: Statistic, clusters: int, scale: float, *, mean: bool
    ) -> Compared:
        over = scale / max(sums.requests, 1) if mean else scale
        interval, why_none = None, None
        if not clusters:
            why_none = "nothing changes"
        elif clusters < LEAST_USERS:
            why_none = (
                f"what changes is of {clusters} users, and an interval takes {LEAST_USERS}: fewer say too"
                " little of how users differ"
            )
        else:
            found = self._draws(min(self._tally.users, CLUSTERS)).interval(statistic, self._pace.rest)
            interval = None if found is None else Interval(found.low * scale, found.high * scale)
        return Compared(
            requests=sums.requests,
            happened=sums.happened * over,
            in_force=sums.in_force * over,
            proposed=sums.proposed * over,
            difference=(sums.proposed - sums.in_force) * over,
            interval=interval,
            why_none=why_none,
        )

    def _coverage(self, interactions: int) -> Coverage:
        tally = self._tally
        return Coverage(
            interactions=interactions,
            examined=tally.examined,
            named=tally.named,
            cached=tally.cached,
            unanswered=tally.unanswered,
            illegible=tally.illegible,
            nobody_now=tally.nobody_now,
            refused=tally.refused,
            replayed=tally.replayed,
        )

    def _models(self) -> tuple[Model, ...]:
        """Who gains most comes first, who loses most last."""
        shares = sorted(
            self._tally.shares.items(), key=lambda each: (each[1].in_force - each[1].proposed, each[0])
        )
        return tuple(self._model(name) for name, _ in shares)

    def _model(self, name: str) -> Model:
        tally, cell = self._tally, Cell(name, None)
        answers = tally.latencies.count(cell)
        return Model(
            model=name,
            share=tally.shares[name],
            answers=answers,
            p50_ms=tally.spreads[cell].median() if answers else None,
            mean_ms=tally.latencies.mean(cell) if answers else None,
        )


def _by_moved(by_use_case: dict[str | None, Figures]) -> list[tuple[str | None, Figures]]:
    return sorted(by_use_case.items(), key=lambda each: (-each[1].moved, -each[1].requests, each[0] or ""))


def _use_case(name: str | None, figures: Figures, scale: float) -> UseCase:
    return UseCase(
        use_case=name,
        requests=figures.requests,
        moved=figures.moved,
        cost_in_force=figures.cost.in_force * scale,
        cost_proposed=figures.cost.proposed * scale,
        latency_ms=_mean_difference(figures.latency),
        quality=_mean_difference(figures.quality, _POINTS),
    )


def _mean_difference(sums: Sums, scale: float = 1.0) -> float | None:
    return (sums.proposed - sums.in_force) / sums.requests * scale if sums.requests else None


def _moved(case: Case, now: Outcome, then: Outcome) -> Moved:
    timed = now.latency_ms is not None and then.latency_ms is not None
    return Moved(
        id=case.id,
        in_force=case.in_force.model,
        proposed=case.proposed.model,
        cost_nanos=(then.cost_nanos or 0) - (now.cost_nanos or 0),
        latency_ms=(then.latency_ms or 0) - (now.latency_ms or 0) if timed else None,
        quality=None if now.quality is None or then.quality is None else (then.quality - now.quality) * 100,
    )
