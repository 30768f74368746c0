"""Where trips lie. Times are whole Unix milliseconds; what people or models said is sealed."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from baton.access.identity.tables import USERS
from baton.storage.metadata import METADATA

ITINERARIES = Table(
    "itineraries",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey(USERS.c.id, ondelete="CASCADE"), nullable=False),
    Column("project_id", String(36)),
    Column("version", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("summary", LargeBinary, nullable=False),
)
"""`id` is that of the run that made it; `version` the newest, which `summary` is of."""

Index("ix_itineraries_user_id_created_ms", ITINERARIES.c.user_id, ITINERARIES.c.created_ms)

VERSIONS = Table(
    "itinerary_versions",
    METADATA,
    Column("itinerary_id", String(36), ForeignKey(ITINERARIES.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("key", String(150), nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("itinerary_id", "key"),
)
"""`key` tells the run that made it, and what: done again after a crash, it makes no second one."""
