"""What past interactions would cost at prices that became known later, beside what was recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repricings",
        sa.Column("interaction_id", sa.String(36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("price_revision", sa.Text(), nullable=False),
        sa.Column("cost_input_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_output_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_repricings")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("repricings")
