"""Users and API keys as values. Times are whole milliseconds since the Unix epoch."""

from msgspec import Struct


class User(Struct, frozen=True, kw_only=True):
    """A person or an application. Roles: `user`, `strategist`, `reviewer`, `analyst`, `admin`."""

    id: str
    name: str
    tier: str
    roles: frozenset[str]
    created_at_ms: int


class UserWish(Struct, frozen=True, kw_only=True):
    """The user that shall be made."""

    name: str
    tier: str = "free"
    roles: frozenset[str] = frozenset({"user"})


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


class KeyWish(Struct, frozen=True, kw_only=True):
    """The key that shall be made. `tier` None: its user's."""

    name: str
    user_id: str
    tier: str | None = "free"
    expires_at_ms: int | None = None


class NewKey(Struct, frozen=True, kw_only=True):
    """A key just made. `secret` is the key itself: shown once, stored nowhere."""

    key: ApiKey
    secret: str
