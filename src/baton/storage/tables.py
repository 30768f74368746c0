"""The table by which processes tell each other that something changed."""

from sqlalchemy import BigInteger, Column, String, Table

from baton.storage.metadata import METADATA

NOTICES = Table(
    "notices",
    METADATA,
    Column("topic", String(100), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""One counter per topic."""
