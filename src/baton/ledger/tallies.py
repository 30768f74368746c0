"""What this process has counted since it started, for whoever reads metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from baton.ledger.rows import UNPRICED, Settled

_AT_ONCE = 100

_log = structlog.stdlib.get_logger(__name__)


class Series(NamedTuple):
    """What is counted apart. Provider and model are empty where nobody served."""

    status: str
    provider: str
    model: str


@dataclass(slots=True)
class Tally:
    """Sums; they only grow."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nanos: int = 0
    unpriced: int = 0
    """Requests whose cost is not, or not wholly, known."""
    attempts: int = 0
    retries: int = 0
    fallbacks: int = 0
    """Requests that asked more than one model."""


class Tallies:
    """Plain integers, counted on the request path and read at a scrape."""

    def __init__(self) -> None:
        self._by_series: dict[Series, Tally] = {}
        self._waiting: list[Settled] = []
        """To be added up together: one by one that costs a request several times as much."""

    @property
    def by_series(self) -> Mapping[Series, Tally]:
        """The sums so far; do not change them."""
        self._add_up()
        return self._by_series

    def count(self, settled: Settled) -> None:
        """Add one interaction."""
        waiting = self._waiting
        waiting.append(settled)
        to_warn_of = settled.price is None or len(settled.attempts) > 1
        if to_warn_of or len(waiting) >= _AT_ONCE:
            self._add_up()

    def _add_up(self) -> None:
        waiting, self._waiting = self._waiting, []
        for settled in waiting:
            self._add(settled)

    def _add(self, settled: Settled) -> None:
        series = Series(settled.status, settled.provider or "", settled.model or "")
        tally = self._by_series.get(series)
        if tally is None:
            tally = self._by_series[series] = Tally()
        tally.requests += 1
        tally.prompt_tokens += settled.usage.prompt
        tally.completion_tokens += settled.usage.completion
        tally.cached_tokens += settled.usage.cached
        tally.reasoning_tokens += settled.usage.reasoning
        tally.cost_nanos += settled.cost.total_nanos
        tally.attempts += len(settled.attempts)
        if settled.unpriced:
            if not tally.unpriced:
                _warn(settled)
            tally.unpriced += 1
        if len(settled.attempts) > 1:
            tally.retries += settled.retries
            tally.fallbacks += settled.fell_back


def _warn(settled: Settled) -> None:
    """Once for each series: sums leave such calls out until a price is known and they are repriced."""
    for attempt in settled.attempts:
        if attempt.pricing == UNPRICED:
            _log.warning(
                "no_price_known", provider=attempt.provider, model=attempt.model, interaction=settled.id
            )
            return
