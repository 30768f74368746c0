"""Where alerts lie. Times are whole Unix milliseconds."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text, text

from baton.storage.metadata import METADATA

_OPEN = text("resolved_ms IS NULL")

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("resolved_ms", BigInteger),
    Column("resolution", String(32)),
    Index("uq_alerts_open", "kind", "subject", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)
"""One row per trouble, of the open ones one per kind and subject. The id holds the time of the opening."""
