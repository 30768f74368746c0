"""How much of what was used has a price, and what of it was priced otherwise than usual."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LONG = "cache_write_long_tokens"
_COLUMNS = ("pricing", _LONG, "processing")


def upgrade() -> None:
    for table in ("interactions", "attempts"):
        op.add_column(
            table, sa.Column("pricing", sa.String(16), nullable=False, server_default=sa.text("'priced'"))
        )
        op.add_column(table, sa.Column(_LONG, sa.BigInteger(), nullable=False, server_default=sa.text("0")))
        op.add_column(table, sa.Column("processing", sa.String(32)))
    op.execute("UPDATE interactions SET pricing = 'unpriced' WHERE unpriced")
    op.execute("UPDATE attempts SET pricing = 'unpriced' WHERE cost_nanos IS NULL")


def downgrade() -> None:
    for name in ("interactions", "attempts"):
        with op.batch_alter_table(name) as table:
            for column in reversed(_COLUMNS):
                table.drop_column(column)
