"""What was counted beside text and sound: pictures, and what is paid for by the piece."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COLUMNS = ("image_in_tokens", "image_out_tokens", "charges")


def upgrade() -> None:
    for table in ("interactions", "attempts"):
        for name in _COLUMNS[:2]:
            op.add_column(
                table, sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
            )
        op.add_column(table, sa.Column("charges", sa.Text()))
    op.add_column(
        "repricings", sa.Column("pricing", sa.String(16), nullable=False, server_default=sa.text("'priced'"))
    )
    op.execute("UPDATE repricings SET pricing = 'unpriced' WHERE unpriced")


def downgrade() -> None:
    with op.batch_alter_table("repricings") as table:
        table.drop_column("pricing")
    for name in ("interactions", "attempts"):
        with op.batch_alter_table(name) as table:
            for column in reversed(_COLUMNS):
                table.drop_column(column)
