"""What came of a backtest. Money is nano-USD, times are milliseconds, quality is in points of 100."""

from collections.abc import Mapping

from msgspec import Struct

from baton.ledger.past import Period
from baton.watch.backtest.figures import Share, Why
from baton.watch.backtest.interval import Interval


class Coverage(Struct, frozen=True, kw_only=True):
    """Which interactions of the period were looked at, and what became of them."""

    interactions: int
    """Of the period."""
    examined: int
    """Fewer where a sample was drawn; the others add up to it."""
    named: int
    """Whose request named the model: left alone."""
    cached: int
    """Given again, or shared with another request: left alone."""
    unanswered: int
    """Failed, or were cut off: left alone."""
    illegible: int
    """Whose decision another version wrote."""
    nobody_now: int
    """That nobody could serve now, whatever is proposed."""
    refused: int
    """That nobody could serve under the proposal: they are in no sum."""
    replayed: int


class Control(Struct, frozen=True, kw_only=True):
    """How the decisions come out by what is in force."""

    replayed: int
    same: int
    """As they were made."""
    otherwise: Mapping[Why, int]
    """The others."""
    kept_out: int
    """Where a breaker or a budget kept models out, as it did then."""


class Compared(Struct, frozen=True, kw_only=True):
    """One figure on the three sides."""

    requests: int
    """Whose figure is known on all of them."""
    happened: float
    in_force: float
    proposed: float
    difference: float
    """Proposed − in force."""
    interval: Interval | None
    """Of the difference, 95 %."""
    why_none: str | None = None
    """Where there is none."""


class UseCase(Struct, frozen=True, kw_only=True):
    """The differences of one; None: no figure is known."""

    use_case: str | None
    requests: int
    moved: int
    cost_in_force: float
    cost_proposed: float
    latency_ms: float | None
    """Mean, proposed − in force."""
    quality: float | None
    """Mean, proposed − in force, points."""


class Model(Struct, frozen=True, kw_only=True):
    """How often one would be chosen, and what its answers were like."""

    model: str
    share: Share
    answers: int
    """In the ledger, by which its latency is told."""
    p50_ms: int | None
    mean_ms: float | None


class Moved(Struct, frozen=True, kw_only=True):
    """One of those that change most."""

    id: str
    in_force: str
    proposed: str
    cost_nanos: int
    """Difference, as the next two; None: not known."""
    latency_ms: float | None
    quality: float | None


class Report(Struct, frozen=True, kw_only=True):
    """All of it."""

    period: Period
    coverage: Coverage
    control: Control
    users: int
    moved: int
    """Requests that the proposal gives to another model than is in force."""
    cost: Compared
    """Sums over the period: a sample's are told for all."""
    latency: Compared
    """Means."""
    median: tuple[int | None, int | None, int | None]
    """Latency: happened, in force, proposed."""
    quality: Compared
    """Means."""
    models: tuple[Model, ...]
    use_cases: tuple[UseCase, ...]
    largest: tuple[Moved, ...]
    assumed: tuple[str, ...]
    """In sentences: what was taken to be so."""
    verdict: str
