"""A model of the catalog: a row that admins edit and everything else reads."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.prices import Prices

ProviderName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
# Together with the provider's name it is a record's key, of 255 characters at most.
ModelName = Annotated[str, Meta(pattern=r"^(?!(?:.*/)?\.{1,2}(?:/|$))[^\s\x00-\x1f\x7f]{1,190}$")]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Line = Annotated[str, Meta(max_length=200)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000_000)]
Nanos = Annotated[int, Meta(ge=0)]

NEUTRAL_PRIORITY = 100


class SpeedTier(StrEnum):
    """How quick a model is, compared with others."""

    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"


class Model(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One model of one provider.

    Money is in nano-USD, prices in nano-USD per one million tokens; days are in UTC. `admin_body.py` writes
    and reads it with decimal strings in USD.

    Raises:
        ValueError: two fields contradict each other; the message begins with the field's JSON name.
    """

    provider: ProviderName
    name: ModelName
    """As the provider wants to be asked for it."""
    display_name: Line = ""
    version: Line = ""
    description: Annotated[str, Meta(max_length=2000)] = ""
    docs_url: Annotated[str, Meta(pattern=r"^(https?://\S+)?$", max_length=500)] = ""
    release_date: date | None = None
    aliases: tuple[ModelName, ...] = ()

    capabilities: frozenset[Word] = frozenset({"text"})
    context_window: Count | None = None
    """Tokens of prompt and answer together; None: unknown."""
    max_output_tokens: Count | None = None

    quality: Fraction = 0.5
    """0.95 is about the best."""
    speed_tier: SpeedTier = SpeedTier.MEDIUM
    avg_latency_ms: Annotated[int, Meta(ge=0, le=3_600_000)] | None = None
    """Of a whole answer."""
    reliability_score: Fraction | None = None

    prices: tuple[Prices, ...] = ()
    """Oldest first; the last entry that applies counts. Empty: unpriced."""

    tier_access: frozenset[Word] = frozenset()
    is_enabled: bool = True
    deprecated_at: date | None = None
    retired_at: date | None = None
    """From this day on the provider does not serve it."""
    replaced_by: ModelName | None = None
    """`provider/name` of what takes its place."""

    priority: Annotated[int, Meta(ge=0, le=1000)] = NEUTRAL_PRIORITY
    preferred_for: tuple[Word, ...] = ()
    """Use cases."""
    avoid_for: tuple[Word, ...] = ()
    required_capabilities: frozenset[Word] = frozenset()
    """What a request must need before this model is considered for it."""

    rpm: Count | None = None
    tpm: Count | None = None
    rpd: Count | None = None
    max_retries: Annotated[int, Meta(ge=0, le=10)] | None = None
    """How often a call to it that failed is made again; None: as often as to any other."""
    daily_budget: Nanos | None = None
    monthly_budget: Nanos | None = None
    default_temperature: Annotated[float, Meta(ge=0, le=2)] = 0.7
    default_top_p: Annotated[float, Meta(gt=0, le=1)] = 1.0
    default_max_tokens: Count | None = None

    @property
    def id(self) -> str:
        """`provider/name`."""
        return f"{self.provider}/{self.name}"

    def __post_init__(self) -> None:
        window, output = self.context_window, self.max_output_tokens
        if window is not None and output is not None and output > window:
            raise ValueError(f"maxOutputTokens: {output} is more than the context window of {window}")
        if self.replaced_by is not None and self.replaced_by.lower() == self.id.lower():
            raise ValueError("replacedBy: a model cannot take its own place")
        if self.deprecated_at and self.retired_at and self.retired_at < self.deprecated_at:
            raise ValueError("retiredAt: retired before it was deprecated")
        for entry in self.prices:
            for tariff in entry.tariffs.values():
                steps = [step.above for step in tariff.long_context]
                if steps != sorted(set(steps)):
                    raise ValueError("prices: long-context steps must rise")
            if entry.hours is not None and entry.hours.start >= entry.hours.end:
                raise ValueError("prices: hours must begin before they end; split them at midnight")
