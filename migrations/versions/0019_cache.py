"""Answers that were given again, and what that saved."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interactions", sa.Column("cache", sa.String(16)))
    op.add_column("interactions", sa.Column("cache_key", sa.String(64)))
    op.add_column("interactions", sa.Column("cached_from", sa.String(36)))
    for name in ("saved_nanos", "saved_ms"):
        column = sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        op.add_column("interactions", column)


def downgrade() -> None:
    with op.batch_alter_table("interactions") as table:
        for name in ("saved_ms", "saved_nanos", "cached_from", "cache_key", "cache"):
            table.drop_column(name)
