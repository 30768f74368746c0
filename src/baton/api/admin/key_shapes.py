"""API keys as they are asked for and shown."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import UNSET, structs
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.access.identity.entities import ApiKey, KeyChange
from baton.api.bodies import Asked, Shown, milliseconds, moment, moment_or_none
from baton.catalog.tiers import Tiers
from baton.core.caller import BudgetPeriod, KeyBudget, KeyLimits
from baton.core.money import nanos_from_usd, usd_text

ScopeWord = Literal["chat", "embeddings", "images", "audio", "moderations", "read", "account", "admin"]
Scopes = Annotated[list[ScopeWord], Field(min_length=1, max_length=8)]
Models = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=255)]], Field(min_length=1, max_length=64)
]
Count = Annotated[int, Field(ge=1, lt=1 << 53, strict=True)]
_DEAREST = Decimal(1_000_000_000)


def storable(text: str) -> str:
    """Text that every database keeps. Raises ValueError."""
    if "\0" in text:  # PostgreSQL keeps none
        raise ValueError("must not hold the character U+0000")
    return text


Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(storable)]


class LimitsBody(Asked):
    """A key's own rate limits; null: as its tier has it. `unlimited`: no limit where none is given."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        json_schema_extra={"example": {"requestsPerMinute": 100, "tokensPerDay": 2_000_000}},
    )

    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    requests_per_day: Count | None = None
    tokens_per_day: Count | None = None
    unlimited: bool = False

    def value(self) -> KeyLimits:
        """As it is kept."""
        return KeyLimits(**self.model_dump())


class BudgetBody(Asked):
    """What may be spent with a key in each period, USD."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"usd": "25.00", "period": "month"}},
    )

    usd: Annotated[Decimal, Field(ge=0, le=_DEAREST, decimal_places=9)]
    period: Literal["day", "month", "lifetime"]

    def value(self) -> KeyBudget:
        """As it is kept."""
        return KeyBudget(nanos=nanos_from_usd(self.usd), period=BudgetPeriod(self.period))


class BudgetShown(Shown):
    """What may be spent with a key in each period, USD."""

    usd: str
    period: str


class KeyAsked(Asked):
    """A key that shall be made. `tier` null: its user's. `userId` absent: the caller's own. `scopes` null:
    all; `models` null: whatever its tier may; `limits` null: its tier's; `budget` null: none of its own.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "name": "checkout service",
                "tier": "pro",
                "scopes": ["chat"],
                "models": ["openai/*", "gemini-2.5-flash"],
                "budget": {"usd": "25.00", "period": "month"},
            }
        },
    )

    name: Name
    user_id: str | None = None
    tier: str | None = "free"
    expires_at: datetime | None = None
    scopes: Scopes | None = None
    models: Models | None = None
    limits: LimitsBody | None = None
    budget: BudgetBody | None = None


class KeyChanged(Asked):
    """What shall be different of a key; what is left out stays. Null as in a new one."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"limits": {"requestsPerMinute": 600}, "expiresAt": None}},
    )

    name: Name = ""
    tier: str | None = None
    expires_at: datetime | None = None
    scopes: Scopes | None = None
    models: Models | None = None
    limits: LimitsBody | None = None
    budget: BudgetBody | None = None

    def change(self, tiers: Tiers) -> KeyChange:
        """What was said of it.

        Raises:
            Invalid: there is no such tier.
        """
        said = self.model_fields_set

        def value(name: str, of: Any) -> Any:
            return of if name in said else UNSET

        return KeyChange(
            name=value("name", self.name),
            tier=value("tier", None if self.tier is None else tiers.resolve(self.tier)),
            expires_at_ms=value(
                "expires_at", None if self.expires_at is None else milliseconds(self.expires_at)
            ),
            scopes=value("scopes", words(self.scopes)),
            models=value("models", words(self.models)),
            limits=value("limits", None if self.limits is None else self.limits.value()),
            budget=value("budget", None if self.budget is None else self.budget.value()),
        )


class RotationAsked(Asked):
    """For how many seconds the secret that a key has stays good beside its new one."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"overlapSeconds": 86_400}},
    )

    overlap_seconds: Annotated[int, Field(ge=0, le=30 * 86_400, strict=True)] = 0


class KeyShown(Shown):
    """A key, without the key; `hint` is its beginning and its end. `previousUntil`: until then the secret it
    had before its rotation is good as well. `revision` is what a change wants as `If-Match`.
    """

    id: str
    name: str
    hint: str
    user_id: str
    tier: str | None
    scopes: list[str] | None
    models: list[str] | None
    limits: LimitsBody | None
    budget: BudgetShown | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    previous_until: datetime | None
    last_used_at: datetime | None
    revision: int


class KeyMade(KeyShown):
    """A key just made, or rotated; `key` is shown this once."""

    key: str


class KeyList(Shown):
    """A page, oldest first."""

    keys: list[KeyShown]
    next_cursor: str | None


def words(listed: list[Any] | None) -> frozenset[str] | None:
    """A list as a set, where there is one."""
    return None if listed is None else frozenset(listed)


def limits_shown(limits: KeyLimits | None) -> LimitsBody | None:
    """A key's own limits, where it has any."""
    return None if limits is None else LimitsBody(**structs.asdict(limits))


def budget_shown(budget: KeyBudget | None) -> BudgetShown | None:
    """A key's own budget, where it has one."""
    return None if budget is None else BudgetShown(usd=usd_text(budget.nanos), period=budget.period)


def key_shown(key: ApiKey) -> KeyShown:
    """A key as it is shown."""
    return KeyShown(
        id=key.id,
        name=key.name,
        hint=key.hint,
        user_id=key.user_id,
        tier=key.tier,
        scopes=None if key.scopes is None else sorted(key.scopes),
        models=None if key.models is None else sorted(key.models),
        limits=limits_shown(key.limits),
        budget=budget_shown(key.budget),
        created_at=moment(key.created_at_ms),
        expires_at=moment_or_none(key.expires_at_ms),
        revoked_at=moment_or_none(key.revoked_at_ms),
        previous_until=moment_or_none(key.before_until_ms),
        last_used_at=moment_or_none(key.last_used_at_ms),
        revision=key.revision,
    )


def key_made(key: ApiKey, secret: str) -> KeyMade:
    """A key with its secret."""
    return KeyMade(**dict(key_shown(key)), key=secret)
