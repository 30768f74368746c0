"""Prices as callers see them."""

from pydantic.alias_generators import to_camel

from baton.api.bodies import Shown, usd
from baton.catalog.price_body import FEE_NAMES
from baton.catalog.prices import Prices, Rates, Tariff
from baton.core.money import usd_text


class RatesShown(Shown):
    """USD per one million tokens; null: as input, or output."""

    input_usd: str
    output_usd: str
    cached_read_usd: str | None
    cache_write_usd: str | None
    cache_write_long_usd: str | None
    reasoning_usd: str | None
    audio_in_usd: str | None
    audio_out_usd: str | None
    image_in_usd: str | None
    image_out_usd: str | None


class StepShown(RatesShown):
    """Of requests with a longer prompt than so many tokens, all of their tokens."""

    above_tokens: int


class TariffShown(RatesShown):
    """And of long prompts."""

    long_context: list[StepShown]


class PricesShown(TariffShown):
    """Those in force now. `processing`: other tariffs, by the provider's word; `fees`: USD for what the name
    says, beside the tokens or in their place."""

    processing: dict[str, TariffShown]
    fees: dict[str, str]
    price_version: str


def prices_shown(prices: Prices, version: str) -> PricesShown:
    """An entry of a price list, and which it is."""
    return PricesShown(
        **_tariff(prices.standard).model_dump(),
        processing={word: _tariff(tariff) for word, tariff in prices.tariffs.items() if word},
        fees={to_camel(FEE_NAMES[charge]): usd_text(fee) for charge, fee in prices.fees.items()},
        price_version=version,
    )


def _tariff(tariff: Tariff) -> TariffShown:
    steps = [
        StepShown(**_rates(step.rates).model_dump(), above_tokens=step.above) for step in tariff.long_context
    ]
    return TariffShown(**_rates(tariff.rates).model_dump(), long_context=steps)


def _rates(rates: Rates) -> RatesShown:
    return RatesShown(
        input_usd=usd_text(rates.input),
        output_usd=usd_text(rates.output),
        cached_read_usd=usd(rates.cached),
        cache_write_usd=usd(rates.cache_write),
        cache_write_long_usd=usd(rates.cache_write_long),
        reasoning_usd=usd(rates.reasoning),
        audio_in_usd=usd(rates.audio_in),
        audio_out_usd=usd(rates.audio_out),
        image_in_usd=usd(rates.image_in),
        image_out_usd=usd(rates.image_out),
    )
