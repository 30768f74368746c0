"""What a call costs: the same code before it (estimates) and after it (the ledger)."""

from enum import StrEnum

from msgspec import Struct

from baton.catalog.prices import Prices, Rates
from baton.core.money import cost_nanos
from baton.core.usage import Usage

BATCH = "batch"
"""The one processing that price lists have a price for."""


class Standing(StrEnum):
    """How much of a call the price list covers."""

    PRICED = "priced"
    PARTLY = "partly_priced"
    """Something was used that the list has no price for; it is counted at the nearest one."""
    UNPRICED = "unpriced"


class Cost(Struct, frozen=True, kw_only=True):
    """What one attempt cost, in nano-USD; `total` is the sum of the others, each rounded by itself.

    Unpriced calls have None throughout: nobody knows what they cost, and it is not nothing.
    """

    input: int | None
    """Fresh input, audio included."""
    cached: int | None
    cache_write: int | None
    output: int | None
    """Reasoning and audio included."""
    standing: Standing

    @property
    def total(self) -> int | None:
        """Everything together, nano-USD."""
        if self.input is None or self.cached is None or self.cache_write is None or self.output is None:
            return None
        return self.input + self.cached + self.cache_write + self.output


UNPRICED = Cost(input=None, cached=None, cache_write=None, output=None, standing=Standing.UNPRICED)


def cost(usage: Usage, prices: Prices | None, *, batch: bool = False) -> Cost:
    """The cost of `usage` at `prices`; None for the prices of an unpriced model.

    A batch without a batch price pays the standard one, as does any other processing. Each component is
    rounded half even to the nano-dollar. Counts that contradict each other (more cached than prompt) never
    make a component negative.
    """
    if prices is None:
        return UNPRICED
    batched = (batch or usage.processing == BATCH) and prices.batch is not None
    tariff = prices.batch if batched and prices.batch is not None else prices.standard
    rates = tariff.rates_for(usage.prompt)
    if not (
        usage.cached
        or usage.cache_write
        or usage.reasoning
        or usage.audio_in
        or usage.audio_out
        or usage.processing
        or usage.beside
    ):
        return _plain_cost(usage, rates)
    fresh = max(0, usage.prompt - usage.cached - usage.cache_write)
    audio_in = min(usage.audio_in, fresh)
    kept_long = min(usage.cache_write_long, usage.cache_write)
    write_rate = _or(rates.cache_write, rates.input)
    reasoning = min(usage.reasoning, usage.completion)
    audio_out = min(usage.audio_out, usage.completion - reasoning)
    plain = usage.completion - reasoning - audio_out
    return Cost(
        input=_sum(
            (fresh - audio_in, rates.input),
            (audio_in, _or(rates.audio_in, rates.input)),
        ),
        cached=cost_nanos(usage.cached, _or(rates.cached, rates.input)),
        cache_write=_sum(
            (usage.cache_write - kept_long, write_rate),
            (kept_long, _or(rates.cache_write_long, write_rate)),
        ),
        output=_sum(
            (plain, rates.output),
            (reasoning, _or(rates.reasoning, rates.output)),
            (audio_out, _or(rates.audio_out, rates.output)),
        ),
        standing=_standing(usage, rates, batched=batched),
    )


def _plain_cost(usage: Usage, rates: Rates) -> Cost:
    """The same for the usual call, which used nothing with a price of its own."""
    return Cost(
        input=cost_nanos(usage.prompt, rates.input),
        cached=0,
        cache_write=0,
        output=cost_nanos(usage.completion, rates.output),
        standing=Standing.PRICED,
    )


def _standing(usage: Usage, rates: Rates, *, batched: bool) -> Standing:
    """Where everything is free there is nothing to guess."""
    if not (rates.input or rates.output):
        return Standing.PRICED
    guessed = (
        usage.beside
        or (usage.processing and not (usage.processing == BATCH and batched))
        or (usage.audio_in and rates.audio_in is None)
        or (usage.audio_out and rates.audio_out is None)
        or (usage.cache_write_long and rates.cache_write_long is None)
    )
    return Standing.PARTLY if guessed else Standing.PRICED


def _or(price: int | None, otherwise: int) -> int:
    return otherwise if price is None else price


def _sum(*parts: tuple[int, int]) -> int:
    """The cost of (tokens, price) pairs that make up one component, rounded once."""
    return cost_nanos(1, sum(tokens * price for tokens, price in parts))
