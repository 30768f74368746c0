"""Who asks, what they may do, and what is set for their key alone."""

from enum import StrEnum

from msgspec import Struct


class Scope(StrEnum):
    """What a key may be used for; each route wants one of them, or none."""

    CHAT = "chat"
    """Chats in every dialect, counting their tokens, and judging the answers."""
    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    AUDIO = "audio"
    MODERATIONS = "moderations"
    READ = "read"
    """Looking at what is one's own: interactions, usage, projects, oneself."""
    ACCOUNT = "account"
    """Changing what is one's own: keys, projects, preferences."""
    ADMIN = "admin"
    """What only admins may, for an admin's key."""


SCOPES = frozenset(scope.value for scope in Scope)
"""All of them: what a key may that says nothing of them."""


class BudgetPeriod(StrEnum):
    """How long a sum has to last."""

    DAY = "day"
    MONTH = "month"
    LIFETIME = "lifetime"


class KeyLimits(Struct, frozen=True, kw_only=True):
    """A key's own rate limits, in place of its tier's; None: as the tier has it."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    unlimited: bool = False
    """None at all for what is None here, neither its own nor its tier's."""


class KeyBudget(Struct, frozen=True, kw_only=True):
    """What may be spent with a key in each period."""

    nanos: int
    """Nano-USD; 0: nothing."""
    period: BudgetPeriod


class Caller(Struct, frozen=True, kw_only=True):
    """An authenticated caller: a key, its owner, and what they may do."""

    user_id: str
    key_id: str
    tier: str
    roles: frozenset[str]
    """The owner's; `admin` is among them only where the key may be used for that."""
    scopes: frozenset[str] = SCOPES
    models: frozenset[str] | None = None
    """Names of models, and patterns with `*`, that the key may use; None: whatever its tier may."""
    projects: frozenset[str] = frozenset()
    """Ids of the projects for that they may ask; archived ones are not among them."""
    limits: KeyLimits | None = None
    budget: KeyBudget | None = None
    replaced: bool = False
    """By the secret that the key had before its rotation: it serves on, and changes nothing any more."""

    @property
    def is_admin(self) -> bool:
        """May manage the system."""
        return "admin" in self.roles
