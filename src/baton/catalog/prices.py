"""What a model costs, from when, and at which hours.

Every price is an `int` of nano-USD per one million tokens (`core/money.py`), a fee one of nano-USD per
`FEE_UNITS`; 0 means free, None means that the provider names no price of its own for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from baton.core.money import cost_nanos
from baton.core.usage import Charge

Price = Annotated[int, Meta(ge=0)]
Processing = Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,32}$")]
MinuteOfDay = Annotated[int, Meta(ge=0, le=1440)]

BATCH = "batch"
"""The processing of work that is handed to a provider's batch API."""

FEE_UNITS: Mapping[Charge, int] = MappingProxyType(
    dict.fromkeys(Charge, 1000) | {Charge.PICTURE: 1, Charge.SOUND: 3_600_000}
)
"""How many of what is counted a fee pays for: a thousand searches or requests, one picture, one hour."""

OF_REQUESTS = (Charge.REQUEST_LOW, Charge.REQUEST_MEDIUM, Charge.REQUEST_HIGH)
"""One of these is charged for each call of a model that has them."""

_FOREVER_S = float("inf")


class Dearest(Struct, frozen=True):
    """The most that a token can cost, of whatever kind it is."""

    text: int
    """Of a prompt that is but text, written to a cache or not."""
    prompt: int
    """Of any prompt."""
    output: int

    def or_dearer(self, other: "Dearest") -> "Dearest":
        """Whichever of two is more."""
        return Dearest(
            max(self.text, other.text), max(self.prompt, other.prompt), max(self.output, other.output)
        )


class Rates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One price per kind of token."""

    input: Price
    output: Price
    cached: Price | None = None
    """Input read from the provider's cache; None: as `input`."""
    cache_write: Price | None = None
    """Input written to the provider's cache; None: as `input`."""
    cache_write_long: Price | None = None
    """Input written there to be kept for an hour; None: nobody says."""
    reasoning: Price | None = None
    """Hidden thought; None: as `output`."""
    audio_in: Price | None = None
    audio_out: Price | None = None
    image_in: Price | None = None
    """Pictures seen; None: as `input`."""
    image_out: Price | None = None

    @cached_property
    def dearest(self) -> Dearest:
        """What is held for a token before it is known of what kind it is; worked out once."""
        text = max(self.input, self.cache_write or 0, self.cache_write_long or 0)
        return Dearest(
            text,
            max(text, self.audio_in or 0, self.image_in or 0),
            max(self.output, self.reasoning or 0, self.audio_out or 0, self.image_out or 0),
        )


class LongContext(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rates of every token of a request whose prompt is longer than `above` tokens."""

    above: Annotated[int, Meta(ge=1)]
    rates: Rates


class Tariff(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates, and the dearer ones of long prompts, in rising order of their thresholds."""

    rates: Rates
    long_context: tuple[LongContext, ...] = ()

    def rates_for(self, prompt_tokens: int) -> Rates:
        """What a request with such a prompt pays, for all of its tokens."""
        rates = self.rates
        for step in self.long_context:
            if prompt_tokens <= step.above:
                break
            rates = step.rates
        return rates


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A span of every day, in minutes since midnight UTC; `start` is inside it, `end` is not."""

    start: MinuteOfDay
    end: MinuteOfDay


class Term(Protocol):
    """When an entry of a price list holds."""

    @property
    def valid_from(self) -> date | None:
        """The first day, in UTC; None: since ever."""
        ...

    @property
    def hours(self) -> Hours | None:
        """When of the day; None: always."""
        ...


class Prices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One entry of a model's price list."""

    standard: Tariff
    batch: Tariff | None = None
    """For work handed to the provider's batch API."""
    processing: dict[Processing, Tariff] = {}
    """For other processing, by the provider's word for it: `flex`, `priority`, `fast`."""
    fees: dict[Charge, Price] = {}
    """What is charged by the piece, whichever way it is processed."""
    valid_from: date | None = None
    """The first day, in UTC; None: since ever."""
    hours: Hours | None = None
    """When of the day; None: always."""

    @cached_property
    def call_nanos(self) -> int:
        """The most that a call is charged besides its tokens, whatever it asks for; worked out once."""
        return max((self.fee_nanos(charge, 1) for charge in OF_REQUESTS), default=0)

    def fee_nanos(self, charge: Charge, count: int) -> int:
        """What so many of it cost; nothing where the list has no fee for it."""
        return cost_nanos(count, self.fees.get(charge, 0), FEE_UNITS[charge])

    def dearest(self, prompt_tokens: int, processing: str) -> Dearest:
        """What a token of a call with such a prompt can cost that wishes for such processing: at the usual
        price, for a wish may not be met, or at that; where it has no price here, at the dearest listed."""
        usual = self.standard.rates_for(prompt_tokens).dearest
        if not processing or not self.processing:
            return usual
        wished = self.processing.get(processing)
        for tariff in self.processing.values() if wished is None else (wished,):
            usual = usual.or_dearer(tariff.rates_for(prompt_tokens).dearest)
        return usual

    def applies(self, at: datetime) -> bool:
        """Whether the entry holds at that moment (UTC)."""
        if self.valid_from is not None and at.date() < self.valid_from:
            return False
        if self.hours is None:
            return True
        minute = at.hour * 60 + at.minute
        return self.hours.start <= minute < self.hours.end

    def tariff_for(self, processing: str) -> Tariff | None:
        """What such processing pays; None: nobody says. The usual processing has an empty name."""
        if not processing:
            return self.standard
        return self.batch if processing == BATCH else self.processing.get(processing)

    @property
    def tariffs(self) -> Mapping[str, Tariff]:
        """Every tariff by its processing."""
        batch = {} if self.batch is None else {BATCH: self.batch}
        return {"": self.standard, **batch, **self.processing}

    @property
    def name(self) -> str:
        """What tells it from the others of its list: `initial`, `2026-08-17`, `2026-08-17/16:30-24:00`."""
        day = "initial" if self.valid_from is None else self.valid_from.isoformat()
        if self.hours is None:
            return day
        return f"{day}/{clock_text(self.hours.start)}-{clock_text(self.hours.end)}"


FREE = Prices(standard=Tariff(rates=Rates(input=0, output=0)))
"""What local models cost."""


def clock_text(minute: MinuteOfDay) -> str:
    """A minute of the day as `16:30`; the day's end is `24:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def in_force(price_list: tuple[Prices, ...], at_s: float) -> Prices | None:
    """The entry that holds at `at_s` (Unix seconds): the last of those that apply.

    Before the first entry's day the first entry is the best that is known. None: the model is unpriced.
    """
    if len(price_list) <= 1:
        return price_list[0] if price_list else None
    at = datetime.fromtimestamp(at_s, UTC)
    for entry in reversed(price_list):
        if entry.applies(at):
            return entry
    return price_list[0]


def next_change_s(price_lists: Iterable[Sequence[Term]], after_s: float) -> float:
    """The next moment (Unix seconds) at which `in_force` may answer differently; infinity where never."""
    soonest = _FOREVER_S
    midnight = datetime.combine(datetime.fromtimestamp(after_s, UTC).date(), time(), UTC)
    for price_list in price_lists:
        if len(price_list) <= 1:
            continue
        for entry in price_list:
            if entry.valid_from is not None:
                begins = datetime.combine(entry.valid_from, time(), UTC).timestamp()
                if after_s < begins < soonest:
                    soonest = begins
            if entry.hours is not None:
                soonest = min(soonest, _next_edge_s(entry.hours, midnight, after_s))
    return soonest


def _next_edge_s(hours: Hours, midnight: datetime, after_s: float) -> float:
    edges = [
        (midnight + timedelta(days=day, minutes=minute)).timestamp()
        for day in (0, 1)
        for minute in (hours.start, hours.end)
    ]
    return min(edge for edge in edges if edge > after_s)
