"""A backtest as it is shown: money in USD, times in milliseconds, quality in points."""

from datetime import datetime

from pydantic import ConfigDict

from baton.api.bodies import Shown, moment
from baton.core.money import usd_text
from baton.watch.backtest.report import Compared, Control, Model, Moved, Report, UseCase


class CoverageShown(Shown):
    """Interactions of the period. `examined` is smaller where a sample was drawn; the others add up to it:
    `named`, `cached` and `unanswered` are left alone, `nobodyNow` and `refused` (under the proposal) find no
    model, `illegible` were written by another version, `replayed` are what is compared."""

    interactions: int
    examined: int
    named: int
    cached: int
    unanswered: int
    illegible: int
    nobody_now: int
    refused: int
    replayed: int


class ControlShown(Shown):
    """How many decisions come out by what is in force as they were made; `otherwise` the others by what is
    another one since: `gone` models, a `budget`, `rules`, `weights`, `scores`. `keptOut`: where a breaker
    or a budget kept models out, as it did then."""

    replayed: int
    same: int
    otherwise: dict[str, int]
    kept_out: int


class MoneyIntervalShown(Shown):
    """USD."""

    low: str
    high: str


class IntervalShown(Shown):
    """In the figure's unit."""

    low: float
    high: float


class CostShown(Shown):
    """Sums in USD over `requests`; `difference` is proposed − in force, `interval` its 95 % one, else
    `whyNone`."""

    requests: int
    happened_usd: str
    in_force_usd: str
    proposed_usd: str
    difference_usd: str
    interval: MoneyIntervalShown | None
    why_none: str | None


class MeanShown(Shown):
    """Means over `requests`, as costs are told."""

    requests: int
    happened: float
    in_force: float
    proposed: float
    difference: float
    interval: IntervalShown | None
    why_none: str | None


class LatencyShown(MeanShown):
    """Milliseconds to the last byte; medians to 5 %."""

    happened_p50_ms: int | None
    in_force_p50_ms: int | None
    proposed_p50_ms: int | None


class ModelShiftShown(Shown):
    """How many of the replayed requests a model was, is and would be chosen for; `answers` in the ledger,
    with their latency."""

    model: str
    happened: int
    in_force: int
    proposed: int
    gains: int
    loses: int
    answers: int
    p50_ms: int | None
    mean_ms: float | None


class UseCaseShiftShown(Shown):
    """A use case's replayed requests; `latencyMs` and `quality` (points) are differences of means."""

    use_case: str | None
    requests: int
    moved: int
    cost_in_force_usd: str
    cost_proposed_usd: str
    latency_ms: float | None
    quality: float | None


class MovedShown(Shown):
    """One of the ten whose cost changes most; differences, proposed − in force."""

    id: str
    in_force: str
    proposed: str
    cost_usd: str
    latency_ms: float | None
    quality: float | None


class BacktestShown(Shown):
    """What a proposal would have done; `assumed` says in sentences what was taken to be so."""

    model_config = ConfigDict(title="Backtest")

    since: datetime
    until: datetime
    verdict: str
    assumed: list[str]
    coverage: CoverageShown
    control: ControlShown
    users: int
    moved: int
    cost: CostShown
    latency: LatencyShown
    quality: MeanShown
    models: list[ModelShiftShown]
    use_cases: list[UseCaseShiftShown]
    largest: list[MovedShown]


def backtest_shown(report: Report) -> BacktestShown:
    """A report as the API tells it: money as text in USD, times in UTC."""
    coverage = report.coverage
    return BacktestShown(
        since=moment(report.period.since_ms),
        until=moment(report.period.until_ms),
        verdict=report.verdict,
        assumed=list(report.assumed),
        coverage=CoverageShown(
            interactions=coverage.interactions,
            examined=coverage.examined,
            named=coverage.named,
            cached=coverage.cached,
            unanswered=coverage.unanswered,
            illegible=coverage.illegible,
            nobody_now=coverage.nobody_now,
            refused=coverage.refused,
            replayed=coverage.replayed,
        ),
        control=_control(report.control),
        users=report.users,
        moved=report.moved,
        cost=_cost(report.cost),
        latency=_latency(report),
        quality=_mean(report.quality),
        models=[_model(each) for each in report.models],
        use_cases=[_use_case(each) for each in report.use_cases],
        largest=[_moved(each) for each in report.largest],
    )


def _control(control: Control) -> ControlShown:
    return ControlShown(
        replayed=control.replayed,
        same=control.same,
        otherwise={why.value: count for why, count in control.otherwise.items()},
        kept_out=control.kept_out,
    )


def _cost(cost: Compared) -> CostShown:
    interval = cost.interval
    return CostShown(
        requests=cost.requests,
        happened_usd=_usd(cost.happened),
        in_force_usd=_usd(cost.in_force),
        proposed_usd=_usd(cost.proposed),
        difference_usd=_usd(cost.difference),
        interval=None
        if interval is None
        else MoneyIntervalShown(low=_usd(interval.low), high=_usd(interval.high)),
        why_none=cost.why_none,
    )


def _mean(each: Compared, digits: int = 3) -> MeanShown:
    interval = each.interval
    return MeanShown(
        requests=each.requests,
        happened=round(each.happened, digits),
        in_force=round(each.in_force, digits),
        proposed=round(each.proposed, digits),
        difference=round(each.difference, digits),
        interval=None
        if interval is None
        else IntervalShown(low=round(interval.low, digits), high=round(interval.high, digits)),
        why_none=each.why_none,
    )


def _latency(report: Report) -> LatencyShown:
    happened, in_force, proposed = report.median
    return LatencyShown(
        **_mean(report.latency).model_dump(),
        happened_p50_ms=happened,
        in_force_p50_ms=in_force,
        proposed_p50_ms=proposed,
    )


def _model(seen: Model) -> ModelShiftShown:
    share = seen.share
    return ModelShiftShown(
        model=seen.model,
        happened=share.happened,
        in_force=share.in_force,
        proposed=share.proposed,
        gains=share.gains,
        loses=share.loses,
        answers=seen.answers,
        p50_ms=seen.p50_ms,
        mean_ms=None if seen.mean_ms is None else round(seen.mean_ms, 1),
    )


def _use_case(each: UseCase) -> UseCaseShiftShown:
    return UseCaseShiftShown(
        use_case=each.use_case,
        requests=each.requests,
        moved=each.moved,
        cost_in_force_usd=_usd(each.cost_in_force),
        cost_proposed_usd=_usd(each.cost_proposed),
        latency_ms=_rounded(each.latency_ms),
        quality=_rounded(each.quality),
    )


def _moved(each: Moved) -> MovedShown:
    return MovedShown(
        id=each.id,
        in_force=each.in_force,
        proposed=each.proposed,
        cost_usd=_usd(each.cost_nanos),
        latency_ms=_rounded(each.latency_ms),
        quality=_rounded(each.quality),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _usd(nanos: float) -> str:
    return usd_text(round(nanos))
