"""Where documents of projects lie. Times are whole Unix milliseconds; what stands in them is sealed."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from baton.access.identity.tables import PROJECTS
from baton.storage.metadata import METADATA

DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column(
        "project_id",
        String(36),
        ForeignKey(PROJECTS.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("kind", String(16), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("by", String(36), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""`content` is the whole of it as it was read, its name and title among it; the file itself is not kept."""
