"""A price list as admins and the seed file write it: decimal strings in USD per million or thousand tokens.

{"input": "0.15", "output": "0.60", "cachedRead": "0.075",
 "longContext": [{"aboveTokens": 200000, "input": "0.30", "output": "1.20"}],
 "batch": {"input": "0.075", "output": "0.30"},
 "processing": {"priority": {"input": "0.30", "output": "1.20"}},
 "fees": {"thousandWebSearches": "10", "hourOfSound": "0.36"},
 "validFrom": "2026-08-17", "hours": {"from": "01:00", "to": "04:00"}}

Fees say themselves what they are for, whatever the unit of tokens.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, TypedDict

from msgspec import Meta, Struct, field

from baton.catalog.prices import Hours, LongContext, Prices, Processing, Rates, Tariff, clock_text
from baton.core.errors import Invalid
from baton.core.money import NANOS_PER_USD, usd_text
from baton.core.usage import Charge

TimeOfDay = Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]

_MOST_USD = 1_000_000_000
"""Beyond any price per 1M tokens and any budget; ten times as much would fit no column of the ledger."""


class RatesBody(
    Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """One amount in USD per kind of token; the unit of tokens stands beside the list."""

    input: Decimal
    output: Decimal
    cached_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_long: Decimal | None = None
    reasoning: Decimal | None = None
    audio_in: Decimal | None = None
    audio_out: Decimal | None = None
    image_in: Decimal | None = None
    image_out: Decimal | None = None


class StepBody(RatesBody, frozen=True, kw_only=True):
    """The rates of requests with a prompt above so many tokens."""

    above_tokens: int


class TariffBody(RatesBody, frozen=True, kw_only=True):
    """Rates and their long-context steps."""

    long_context: tuple[StepBody, ...] = ()


class HoursBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span of the day in UTC, `to` not included."""

    start: TimeOfDay = field(name="from")
    end: TimeOfDay = field(name="to")

    @property
    def value(self) -> Hours:
        """The span that it means."""
        return Hours(start=_minute(self.start), end=_minute(self.end))


class FeesBody(
    Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """What is paid by the piece, in USD for what the name says."""

    thousand_web_searches: Decimal | None = None
    thousand_file_searches: Decimal | None = None
    thousand_requests_low: Decimal | None = None
    thousand_requests_medium: Decimal | None = None
    thousand_requests_high: Decimal | None = None
    hour_of_sound: Decimal | None = None
    picture: Decimal | None = None


FEE_NAMES: Mapping[Charge, str] = MappingProxyType(
    {
        Charge.WEB_SEARCH: "thousand_web_searches",
        Charge.FILE_SEARCH: "thousand_file_searches",
        Charge.REQUEST_LOW: "thousand_requests_low",
        Charge.REQUEST_MEDIUM: "thousand_requests_medium",
        Charge.REQUEST_HIGH: "thousand_requests_high",
        Charge.SOUND: "hour_of_sound",
        Charge.PICTURE: "picture",
    }
)
"""The field of `FeesBody` for each charge; what it is for is the unit in `prices.FEE_UNITS`."""


class EntryBody(TariffBody, frozen=True, kw_only=True):
    """One entry of a price list."""

    batch: TariffBody | None = None
    processing: dict[Processing, TariffBody] = {}
    fees: FeesBody | None = None
    valid_from: date | None = None
    hours: HoursBody | None = None


def entry_from(body: EntryBody, per_tokens: int) -> Prices:
    """The entry that a body means; its amounts are per `per_tokens` tokens (1 000 or 1 000 000).

    Raises:
        Invalid: an amount is negative or finer than a nano-dollar per million.
    """
    return Prices(
        standard=_tariff(body, per_tokens),
        batch=_tariff(body.batch, per_tokens) if body.batch else None,
        processing={word: _tariff(tariff, per_tokens) for word, tariff in body.processing.items()},
        fees=_fees(body.fees) if body.fees else {},
        valid_from=body.valid_from,
        hours=body.hours.value if body.hours else None,
    )


def entry_body(entry: Prices) -> EntryBody:
    """The body of an entry, per 1M tokens; what has no price stays out of the JSON."""
    standard, batch = entry.standard, entry.batch
    return EntryBody(
        **_amounts(standard.rates),
        long_context=_steps(standard),
        batch=_tariff_body(batch) if batch else None,
        processing={word: _tariff_body(tariff) for word, tariff in entry.processing.items()},
        fees=fees_body(entry),
        valid_from=entry.valid_from,
        hours=HoursBody(start=clock_text(entry.hours.start), end=clock_text(entry.hours.end))
        if entry.hours
        else None,
    )


def nanos(amount: Decimal, field_name: str, times: int = 1) -> int:
    """`amount` USD, `times` over, as nano-USD.

    Raises:
        Invalid: it is negative, above a thousand million, not finite, or not a whole number of nano-dollars.
    """
    if not amount.is_finite() or not 0 <= amount * times <= _MOST_USD:
        raise Invalid(f"An amount in USD is from 0 to {_MOST_USD}.", param=field_name)
    exact = amount * times * NANOS_PER_USD
    if exact != exact.to_integral_value():
        raise Invalid("Finer than a nano-dollar; that cannot be kept exactly.", param=field_name)
    return int(exact)


def _tariff(body: TariffBody, per_tokens: int) -> Tariff:
    return Tariff(
        rates=_rates(body, per_tokens),
        long_context=tuple(
            LongContext(above=step.above_tokens, rates=_rates(step, per_tokens)) for step in body.long_context
        ),
    )


def _fees(body: FeesBody) -> dict[Charge, int]:
    amounts = {charge: (name, getattr(body, name)) for charge, name in FEE_NAMES.items()}
    return {
        charge: nanos(amount, f"prices.fees.{name}")
        for charge, (name, amount) in amounts.items()
        if amount is not None
    }


def fees_body(entry: Prices) -> FeesBody | None:
    """The body of an entry's fees; None where it has none."""
    if not entry.fees:
        return None
    return FeesBody(**{FEE_NAMES[charge]: Decimal(usd_text(fee)) for charge, fee in entry.fees.items()})


def _rates(body: RatesBody, per_tokens: int) -> Rates:
    times = 1_000_000 // per_tokens

    def maybe(amount: Decimal | None, name: str) -> int | None:
        return None if amount is None else nanos(amount, f"prices.{name}", times)

    return Rates(
        input=nanos(body.input, "prices.input", times),
        output=nanos(body.output, "prices.output", times),
        cached=maybe(body.cached_read, "cachedRead"),
        cache_write=maybe(body.cache_write, "cacheWrite"),
        cache_write_long=maybe(body.cache_write_long, "cacheWriteLong"),
        reasoning=maybe(body.reasoning, "reasoning"),
        audio_in=maybe(body.audio_in, "audioIn"),
        audio_out=maybe(body.audio_out, "audioOut"),
        image_in=maybe(body.image_in, "imageIn"),
        image_out=maybe(body.image_out, "imageOut"),
    )


class _Amounts(TypedDict):
    input: Decimal
    output: Decimal
    cached_read: Decimal | None
    cache_write: Decimal | None
    cache_write_long: Decimal | None
    reasoning: Decimal | None
    audio_in: Decimal | None
    audio_out: Decimal | None
    image_in: Decimal | None
    image_out: Decimal | None


def _amounts(rates: Rates) -> _Amounts:
    def maybe(price: int | None) -> Decimal | None:
        return None if price is None else Decimal(usd_text(price))

    return {
        "input": Decimal(usd_text(rates.input)),
        "output": Decimal(usd_text(rates.output)),
        "cached_read": maybe(rates.cached),
        "cache_write": maybe(rates.cache_write),
        "cache_write_long": maybe(rates.cache_write_long),
        "reasoning": maybe(rates.reasoning),
        "audio_in": maybe(rates.audio_in),
        "audio_out": maybe(rates.audio_out),
        "image_in": maybe(rates.image_in),
        "image_out": maybe(rates.image_out),
    }


def _tariff_body(tariff: Tariff) -> TariffBody:
    return TariffBody(**_amounts(tariff.rates), long_context=_steps(tariff))


def _steps(tariff: Tariff) -> tuple[StepBody, ...]:
    return tuple(StepBody(**_amounts(step.rates), above_tokens=step.above) for step in tariff.long_context)


def _minute(time_of_day: str) -> int:
    hour, minute = time_of_day.split(":")
    return int(hour) * 60 + int(minute)
