"""Where lies what users have chosen. Money is whole nano-USD, times are Unix milliseconds."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, Text

from baton.access.identity.tables import USERS
from baton.storage.metadata import METADATA

USER_CHOICES = Table(
    "user_choices",
    METADATA,
    Column("user_id", String(36), ForeignKey(USERS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("serial", BigInteger, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("profile", String(32), nullable=False),
    Column("model", Text),
    Column("agent_recommendations", Boolean, nullable=False),
    Column("max_cost_nanos", BigInteger),
    Column("opted_out_at_ms", BigInteger),
    Column("opted_out_by", String(36)),
)
"""One row per user who has ever chosen anything. `serial` grows with every change of any row, in the order of
commits: what changed since is what has a higher one."""
