"""Where users and API keys lie. Times are whole milliseconds since the Unix epoch."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, LargeBinary, String, Table

from baton.storage.metadata import METADATA

USERS = Table(
    "users",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("tier", String(64), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)
"""`roles` is a JSON list of words."""

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
)
"""`hint` is what may be shown of a key, `digest` its keyed hash; `tier` NULL means the user's."""
