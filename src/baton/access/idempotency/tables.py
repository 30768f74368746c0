"""Where claims and kept answers lie. Times are whole milliseconds since the Unix epoch."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from baton.access.identity.tables import USERS
from baton.storage.metadata import METADATA

CLAIMS = Table(
    "idempotency_claims",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column(
        "user_id",
        String(36),
        ForeignKey(USERS.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("digest", LargeBinary(32), nullable=False),
    Column("request_id", String(36), nullable=False),
    Column("holder", String(36), nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
    Column("ended_at_ms", BigInteger),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary),
)
"""`id` is a keyed hash of a user and their idempotency key, `digest` one of what was asked, `request_id` the
request that claimed it, `holder` the process that serves that. `ended_at_ms` NULL: under way, as long as its
lease lasts. `sealed` NULL where it has ended: its answer was too big to be kept; `size` is the bytes kept."""
