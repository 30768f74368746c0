"""The tables of health."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from baton.storage.metadata import METADATA

HOURS = Table(
    "health_hours",
    METADATA,
    Column("provider", String(64), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("calls", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("limited", BigInteger, nullable=False),
    Column("minutes", BigInteger, nullable=False),
    Column("well", BigInteger, nullable=False),
    Column("recoveries", BigInteger, nullable=False),
    Column("recovery_ms", BigInteger, nullable=False),
    Column("longest_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per provider, model (empty: all of the provider) and hour since the epoch."""

TIMES = Table(
    "health_times",
    METADATA,
    Column("provider", String(64), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("measure", String(16), primary_key=True),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("answers", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How many answers took about so long: histograms, one row per bucket."""

LATEST = Table(
    "health_latest",
    METADATA,
    Column("provider", String(64), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("success_ms", BigInteger, nullable=False),
    Column("error_ms", BigInteger, nullable=False),
    Column("error_kind", String(64), nullable=False),
    Column("error_message", Text, nullable=False),
    Column("error_status", Integer),
    sqlite_with_rowid=False,
)
"""The last success and the last error of each; 0: there was none."""
