"""What people think of answers; what was asked for, for which project, and why another model answered."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("interaction_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_feedback")),
        sqlite_with_rowid=False,
    )
    op.add_column("interactions", sa.Column("type", sa.String(32)))
    op.add_column("interactions", sa.Column("project", sa.Text()))
    op.add_column("interactions", sa.Column("original_provider", sa.String(64)))
    op.add_column("interactions", sa.Column("fallback_reason", sa.String(64)))


def downgrade() -> None:
    with op.batch_alter_table("interactions") as table:
        for name in ("fallback_reason", "original_provider", "project", "type"):
            table.drop_column(name)
    op.drop_table("feedback")
