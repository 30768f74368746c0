"""A backtest as the API tells it."""

from msgspec import Struct


class CoverageView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Interactions by what became of them."""

    interactions: int
    examined: int
    named: int
    cached: int
    unanswered: int
    illegible: int
    nobody_now: int
    refused: int
    replayed: int


class ControlView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How decisions come out by what is in force."""

    replayed: int
    same: int
    otherwise: dict[str, int]
    kept_out: int


class MoneyIntervalView(Struct, frozen=True):
    """USD."""

    low: str
    high: str


class IntervalView(Struct, frozen=True):
    """In the figure's unit."""

    low: float
    high: float


class CostView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Sums."""

    requests: int
    happened_usd: str
    in_force_usd: str
    proposed_usd: str
    difference_usd: str
    interval: MoneyIntervalView | None
    why_none: str | None


class MeanView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Means."""

    requests: int
    happened: float
    in_force: float
    proposed: float
    difference: float
    interval: IntervalView | None
    why_none: str | None


class LatencyView(MeanView, frozen=True, kw_only=True):
    """Milliseconds."""

    happened_p50_ms: int | None
    in_force_p50_ms: int | None
    proposed_p50_ms: int | None


class ModelView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How often a model is chosen."""

    model: str
    happened: int
    in_force: int
    proposed: int
    gains: int
    loses: int
    answers: int
    p50_ms: int | None
    mean_ms: float | None


class UseCaseView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of one use case."""

    use_case: str | None
    requests: int
    moved: int
    cost_in_force_usd: str
    cost_proposed_usd: str
    latency_ms: float | None
    quality: float | None


class MovedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One interaction."""

    id: str
    in_force: str
    proposed: str
    cost_usd: str
    latency_ms: float | None
    quality: float | None


class ReportView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The backtest, as the API tells it."""

    since: str
    until: str
    verdict: str
    assumed: tuple[str, ...]
    coverage: CoverageView
    control: ControlView
    users: int
    moved: int
    cost: CostView
    latency: LatencyView
    quality: MeanView
    models: tuple[ModelView, ...]
    use_cases: tuple[UseCaseView, ...]
    largest: tuple[MovedView, ...]
