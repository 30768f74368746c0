"""What a call costs: the same code before it (estimates) and after it (the ledger)."""

from enum import StrEnum

from msgspec import Struct

from baton.catalog.prices import BATCH, Prices, Rates, Tariff
from baton.core.money import cost_nanos
from baton.core.usage import Charge, Usage

_OF_EVERY_CALL = frozenset(Charge) - {Charge.WEB_SEARCH, Charge.FILE_SEARCH}
"""What each call of a model is charged that is charged for it at all."""


class Standing(StrEnum):
    """How much of a call the price list covers."""

    PRICED = "priced"
    PARTLY = "partly_priced"
    """Something was used that the list has no price for; it is counted at the nearest one, if at all."""
    UNPRICED = "unpriced"


class Cost(Struct, frozen=True, kw_only=True):
    """What one attempt cost, in nano-USD; `total` is the sum of its components, each rounded by itself.

    Unpriced calls have None throughout: nobody knows what they cost, and it is not nothing.
    """

    input: int | None
    """Fresh input, audio and pictures included."""
    cached: int | None
    cache_write: int | None
    output: int | None
    """Reasoning, audio and pictures included."""
    total: int | None
    """Everything together, the fees as well."""
    standing: Standing
    input_fees: int = 0
    """Searches, requests, sound by the hour."""
    output_fees: int = 0
    """Pictures by the piece."""

    @property
    def fees(self) -> int:
        """What is paid by the piece."""
        return self.input_fees + self.output_fees


UNPRICED = Cost(
    input=None, cached=None, cache_write=None, output=None, total=None, standing=Standing.UNPRICED
)


def cost(usage: Usage, prices: Prices | None, *, batch: bool = False) -> Cost:
    """The cost of `usage` at `prices`; None for the prices of an unpriced model.

    Processing without a price of its own pays the standard one. Each component is rounded half even to the
    nano-dollar. Counts that contradict each other (more cached than prompt) never make a component negative.
    """
    if prices is None:
        return UNPRICED
    if not (
        usage.cached
        or usage.cache_write
        or usage.reasoning
        or usage.audio_in
        or usage.audio_out
        or usage.processing
        or usage.beside
        or usage.image_in
        or usage.image_out
        or usage.charges
        or batch
        or (prices.fees and not _OF_EVERY_CALL.isdisjoint(prices.fees))
    ):
        return _plain_cost(usage.prompt, usage.completion, prices)
    tariff = prices.tariff_for(BATCH if batch else usage.processing)
    rates = (tariff or prices.standard).rates_for(usage.prompt)
    if prices.fees and _is_untold(usage, prices, rates):
        return UNPRICED
    fresh = max(0, usage.prompt - usage.cached - usage.cache_write)
    audio_in = min(usage.audio_in, fresh)
    image_in = min(usage.image_in, fresh - audio_in)
    kept_long = min(usage.cache_write_long, usage.cache_write)
    write_rate = _or(rates.cache_write, rates.input)
    reasoning = min(usage.reasoning, usage.completion)
    audio_out = min(usage.audio_out, usage.completion - reasoning)
    image_out = min(usage.image_out, usage.completion - reasoning - audio_out)
    read = _sum(
        (fresh - audio_in - image_in, rates.input),
        (audio_in, _or(rates.audio_in, rates.input)),
        (image_in, _or(rates.image_in, rates.input)),
    )
    cached = cost_nanos(usage.cached, _or(rates.cached, rates.input))
    cache_write = _sum(
        (usage.cache_write - kept_long, write_rate),
        (kept_long, _or(rates.cache_write_long, write_rate)),
    )
    written = _sum(
        (usage.completion - reasoning - audio_out - image_out, rates.output),
        (reasoning, _or(rates.reasoning, rates.output)),
        (audio_out, _or(rates.audio_out, rates.output)),
        (image_out, _or(rates.image_out, rates.output)),
    )
    input_fees = _fees(usage, prices, pictures=False) if usage.charges else 0
    output_fees = _fees(usage, prices, pictures=True) if usage.charges else 0
    return Cost(
        input=read,
        cached=cached,
        cache_write=cache_write,
        output=written,
        total=read + cached + cache_write + written + input_fees + output_fees,
        input_fees=input_fees,
        output_fees=output_fees,
        standing=_standing(usage, prices, tariff, rates),
    )


def estimate(prompt: int, completion: int, prices: Prices | None) -> Cost:
    """As `cost`, of a call that is yet to be made and of which only its tokens are foreseen."""
    if prices is None or prices.fees:
        return cost(Usage(prompt=prompt, completion=completion, estimated=True), prices)
    return _plain_cost(prompt, completion, prices)


def _plain_cost(prompt: int, completion: int, prices: Prices) -> Cost:
    """The same for the usual call, which used nothing with a price of its own."""
    rates = prices.standard.rates_for(prompt)
    read, written = cost_nanos(prompt, rates.input), cost_nanos(completion, rates.output)
    return Cost(
        input=read, cached=0, cache_write=0, output=written, total=read + written, standing=Standing.PRICED
    )


def _fees(usage: Usage, prices: Prices, *, pictures: bool) -> int:
    """The fees of one side; pictures are what comes out, all else goes in."""
    return sum(
        prices.fee_nanos(charge, count)
        for charge, count in usage.charges
        if (charge is Charge.PICTURE) is pictures
    )


def _is_untold(usage: Usage, prices: Prices, rates: Rates) -> bool:
    """Whether all that would be paid for is something nobody has counted: seconds of which only the words
    came back."""
    return (
        not (rates.input or rates.output)
        and usage.estimated
        and not any(charge in prices.fees for charge, _ in usage.charges)
    )


def _standing(usage: Usage, prices: Prices, tariff: Tariff | None, rates: Rates) -> Standing:
    """Where everything is free there is nothing to guess."""
    if not (rates.input or rates.output or prices.fees):
        return Standing.PRICED
    guessed = (
        usage.beside
        or tariff is None
        or (usage.audio_in and (rates.audio_in is None or usage.cached))
        or (usage.audio_out and rates.audio_out is None)
        or (usage.image_in and usage.cached and rates.image_in is not None)
        or (usage.image_out and rates.image_out is None)
        or (usage.cache_write_long and rates.cache_write_long is None)
        or ((usage.charges or prices.fees) and _lacks_fees(usage, prices))
    )
    return Standing.PARTLY if guessed else Standing.PRICED


def _lacks_fees(usage: Usage, prices: Prices) -> bool:
    """Whether a charge has no fee, or each call is charged for something and this one does not say for how
    much of it."""
    told = {charge for charge, _ in usage.charges}
    if not told <= prices.fees.keys():
        return True
    asked = bool(usage.total or usage.estimated)
    return asked and not told & _OF_EVERY_CALL and not _OF_EVERY_CALL.isdisjoint(prices.fees)


def _or(price: int | None, otherwise: int) -> int:
    return otherwise if price is None else price


def _sum(*parts: tuple[int, int]) -> int:
    """The cost of (tokens, price) pairs that make up one component, rounded once."""
    whole = 0
    for tokens, price in parts:
        whole += tokens * price
    return cost_nanos(1, whole)
