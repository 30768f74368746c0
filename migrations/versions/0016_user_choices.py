"""What users have chosen: how a model is picked for them, and whether AI serves them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_choices",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("model", sa.Text()),
        sa.Column("agent_recommendations", sa.Boolean(), nullable=False),
        sa.Column("max_cost_nanos", sa.BigInteger()),
        sa.Column("opted_out_at_ms", sa.BigInteger()),
        sa.Column("opted_out_by", sa.String(36)),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_choices_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_choices")),
    )
    op.create_index(op.f("ix_user_choices_serial"), "user_choices", ["serial"])


def downgrade() -> None:
    op.drop_table("user_choices")
