"""Where records and their history lie. Bodies are JSON texts, times whole milliseconds."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from baton.storage.metadata import METADATA

RECORDS = Table(
    "records",
    METADATA,
    Column("kind", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("origin", String(16), nullable=False),
)
"""The current revision of each; a deleted one stays, so that its revisions go on counting."""

RECORD_HISTORY = Table(
    "record_history",
    METADATA,
    Column("kind", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("origin", String(16), nullable=False),
)
"""Every revision there ever was, the current one included."""
