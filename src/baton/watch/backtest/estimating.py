"""What a case would have come to at each side, and what of that is drawn from other answers."""

from typing import NamedTuple

from msgspec import Struct

from baton.catalog.pricing import cost
from baton.watch.backtest.case import Case, Pick, as_it_went, scaled
from baton.watch.backtest.means import LEAST, Cell, Means, Work, length_class


class Length(NamedTuple):
    """A model's answers to some work."""

    model: str
    work: Work


class Ratio(NamedTuple):
    """How long the answers of one model are for each token of another's."""

    of: Length
    to: Length


class Outcome(Struct, frozen=True, kw_only=True):
    """Of one case at one side. None: nobody knows."""

    cost_nanos: int | None
    latency_ms: float | None
    quality: float | None
    varying_nanos: int = 0
    """What of the cost goes with `ratio`."""
    ratio: Ratio | None = None
    """By which its length was told; None: it is as it was."""
    cell: Cell | None = None
    """By which its latency was told; None: it is as it was, or the catalog's."""
    length_assumed: bool = False
    """Whether nothing is known of the two models' lengths, so that they were taken to be equal."""
    latency_listed: bool = False
    """Whether the latency is the catalog's."""


class Estimating:
    """Tells them from the ledger's own answers."""

    def __init__(self, lengths: Means[Length], latencies: Means[Cell]) -> None:
        """`lengths`: tokens of answers; `latencies`: milliseconds to their last byte."""
        self._lengths = lengths
        self._latencies = latencies
        self._ratios: dict[tuple[str, str, Work], Ratio | None] = {}
        self._cells: dict[Cell, Cell | None] = {}
        self._values: dict[Ratio, float] = {}
        self._times: dict[Cell, float] = {}

    def outcome(self, case: Case, pick: Pick) -> Outcome:
        """What it came to where the model is the one it was sent to; else what it would have."""
        if pick.model == case.first:
            return Outcome(
                cost_nanos=as_it_went(case, pick), latency_ms=case.latency_ms, quality=pick.quality
            )
        ratio = self._ratio(pick.model, case.served, case.work)
        used = scaled(case, pick, 1.0 if ratio is None else self.value(ratio))
        latency_ms, cell = self._latency(pick, used.usage.completion)
        found = cost(used.usage, pick.prices)
        free = ratio is not None and not used.bounded
        return Outcome(
            cost_nanos=found.total,
            latency_ms=latency_ms,
            quality=pick.quality,
            varying_nanos=(found.output or 0) if free else 0,
            ratio=ratio if free else None,
            cell=cell,
            length_assumed=ratio is None and pick.model != case.served,
            latency_listed=cell is None and latency_ms is not None,
        )

    def value(self, ratio: Ratio) -> float:
        """As all answers have it."""
        found = self._values.get(ratio)
        if found is None:
            found = self._values[ratio] = self._lengths.mean(ratio.of) / self._lengths.mean(ratio.to)
        return found

    def time_ms(self, cell: Cell) -> float:
        """The mean of all answers."""
        found = self._times.get(cell)
        if found is None:
            found = self._times[cell] = self._latencies.mean(cell)
        return found

    def _ratio(self, of: str, to: str, work: Work) -> Ratio | None:
        """None: there are too few answers of one of them."""
        if of == to:
            return None
        key = (of, to, work)
        if key not in self._ratios:
            pairs = [Ratio(Length(of, each), Length(to, each)) for each in (work, work.broader())]
            enough = [pair for pair in pairs if min(map(self._lengths.count, pair)) >= LEAST]
            self._ratios[key] = next((pair for pair in enough if self._lengths.mean(pair.to)), None)
        return self._ratios[key]

    def _latency(self, pick: Pick, completion: int) -> tuple[float | None, Cell | None]:
        wanted = Cell(pick.model, length_class(completion))
        if wanted not in self._cells:
            cells = (wanted, Cell(pick.model, None))
            self._cells[wanted] = next((each for each in cells if self._latencies.count(each) >= LEAST), None)
        cell = self._cells[wanted]
        if cell is not None:
            return self.time_ms(cell), cell
        listed = None if pick.offer is None else pick.offer.model.avg_latency_ms
        return (None if listed is None else float(listed)), None
