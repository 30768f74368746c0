"""Scores of outputs, and what people said of them."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quality_scores",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("interaction_id", sa.String(36)),
        sa.Column("run_id", sa.String(36)),
        sa.Column("step", sa.String(100)),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("project", sa.Text()),
        sa.Column("use_case", sa.Text()),
        sa.Column("provider", sa.String(64)),
        sa.Column("model", sa.Text()),
        sa.Column("prompt", sa.String(160)),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("completeness", sa.Integer()),
        sa.Column("coherence", sa.Integer()),
        sa.Column("actionability", sa.Integer()),
        sa.Column("objections", sa.Text(), nullable=False),
        sa.Column("judge", sa.Text()),
        sa.Column("judge_prompt", sa.String(160)),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.BigInteger(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.Boolean(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("interaction_id", name="uq_quality_scores_interaction_id"),
    )
    op.create_index("ix_quality_scores_at_ms", "quality_scores", ["at_ms"])
    op.create_index("ix_quality_scores_run_id", "quality_scores", ["run_id"])
    op.create_table(
        "quality_reviews",
        sa.Column(
            "score_id",
            sa.String(36),
            sa.ForeignKey("quality_scores.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("reviewer", sa.String(36), primary_key=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("score", sa.Integer()),
        sa.Column("notes", sa.LargeBinary()),
    )


def downgrade() -> None:
    op.drop_table("quality_reviews")
    op.drop_table("quality_scores")
