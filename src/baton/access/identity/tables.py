"""Where users, API keys and projects lie. Times are whole milliseconds since the Unix epoch."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from baton.storage.metadata import METADATA

_MAYBE = JSON(none_as_null=True)
"""NULL where nothing is said, and no JSON `null`."""

USERS = Table(
    "users",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("tier", String(64), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("email", String(255), unique=True),
    Column("locale", String(35)),
    Column("subject", String(255), unique=True),
    Column("disabled_at_ms", BigInteger),
    Column("revision", Integer, nullable=False, server_default="1"),
)
"""`roles` is a JSON list of words, `locale` a language tag (RFC 5646), `subject` whom a single sign-on knows
them as."""

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("hint", String(32), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("user_id", String(36), ForeignKey(USERS.c.id), nullable=False, index=True),
    Column("tier", String(64)),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
    Column("last_used_at_ms", BigInteger),
    Column("scopes", _MAYBE),
    Column("models", _MAYBE),
    Column("limits", _MAYBE),
    Column("budget_nanos", BigInteger),
    Column("budget_period", String(16)),
    Column("digest_before", LargeBinary(32), unique=True),
    Column("before_until_ms", BigInteger),
    Column("revision", Integer, nullable=False, server_default="1"),
)
"""`hint` is what may be shown of a key, `digest` its keyed hash, `digest_before` that of the secret it had
before its rotation, good until `before_until_ms`; `tier` NULL means the user's, `scopes` NULL all, `models`
NULL whatever the tier may; both are JSON lists. `limits` is a JSON object of `KeyLimits`' fields."""

PROJECTS = Table(
    "projects",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("archived_at_ms", BigInteger),
    Column("revision", Integer, nullable=False),
    Column("data_needs", _MAYBE),
)
"""`data_needs` is a JSON list of words; NULL: nothing is required."""

PROJECT_MEMBERS = Table(
    "project_members",
    METADATA,
    Column("project_id", String(36), ForeignKey(PROJECTS.c.id), primary_key=True),
    Column("user_id", String(36), ForeignKey(USERS.c.id), primary_key=True, index=True),
    Column("role", String(16), nullable=False),
)
"""`role` is `owner`, `member` or `viewer`; each project has an owner."""
