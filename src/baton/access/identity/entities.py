"""Users and API keys as values. Times are whole milliseconds since the Unix epoch."""

from msgspec import UNSET, Struct, UnsetType

from baton.core.caller import KeyBudget, KeyLimits

ADMIN = "admin"
ROLES = ("user", "strategist", "reviewer", "analyst", ADMIN)
"""What somebody may be; everybody may be several of them."""


class User(Struct, frozen=True, kw_only=True):
    """A person or an application. `roles`: of `ROLES`."""

    id: str
    name: str
    tier: str
    roles: frozenset[str]
    created_at_ms: int
    email: str | None = None
    """In lower case; nobody else has it."""
    locale: str | None = None
    """A language tag (RFC 5646), e.g. `de-CH`."""
    subject: str | None = None
    """Whom a single sign-on knows them as; nobody else has it."""
    disabled_at_ms: int | None = None
    """Since then none of their keys is good."""
    revision: int = 1

    @property
    def is_admin(self) -> bool:
        """May manage the system."""
        return ADMIN in self.roles


class UserWish(Struct, frozen=True, kw_only=True):
    """The user that shall be made."""

    name: str
    tier: str = "free"
    roles: frozenset[str] = frozenset({"user"})
    email: str | None = None
    locale: str | None = None
    subject: str | None = None


class UserChange(Struct, frozen=True, kw_only=True):
    """What shall be different of a user; what is left out stays."""

    name: str | UnsetType = UNSET
    tier: str | UnsetType = UNSET
    roles: frozenset[str] | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    locale: str | UnsetType | None = UNSET
    subject: str | UnsetType | None = UNSET
    disabled: bool | UnsetType = UNSET


class ApiKey(Struct, frozen=True, kw_only=True):
    """What is known of a key: everything but the key. `tier` None: its user's."""

    id: str
    name: str
    hint: str
    """Its first 8 and last 4 characters."""
    user_id: str
    tier: str | None
    created_at_ms: int
    expires_at_ms: int | None = None
    """From this moment on it is refused."""
    revoked_at_ms: int | None = None
    last_used_at_ms: int | None = None
    """Behind by up to a minute."""
    scopes: frozenset[str] | None = None
    """What it may be used for; None: for everything."""
    models: frozenset[str] | None = None
    """Names of models and patterns with `*`; None: whatever its tier may."""
    limits: KeyLimits | None = None
    """None: the tier's."""
    budget: KeyBudget | None = None
    """None: none of its own."""
    before_until_ms: int | None = None
    """Until then the secret that it had before its rotation is good as well."""
    revision: int = 1


class KeyWish(Struct, frozen=True, kw_only=True):
    """The key that shall be made. `tier` None: its user's."""

    name: str
    user_id: str
    tier: str | None = "free"
    expires_at_ms: int | None = None
    scopes: frozenset[str] | None = None
    models: frozenset[str] | None = None
    limits: KeyLimits | None = None
    budget: KeyBudget | None = None


class KeyChange(Struct, frozen=True, kw_only=True):
    """What shall be different of a key; what is left out stays."""

    name: str | UnsetType = UNSET
    tier: str | UnsetType | None = UNSET
    expires_at_ms: int | UnsetType | None = UNSET
    scopes: frozenset[str] | UnsetType | None = UNSET
    models: frozenset[str] | UnsetType | None = UNSET
    limits: KeyLimits | UnsetType | None = UNSET
    budget: KeyBudget | UnsetType | None = UNSET


class NewKey(Struct, frozen=True, kw_only=True):
    """A key just made, or its new secret. `secret` is the key itself: shown once, stored nowhere."""

    key: ApiKey
    secret: str
