"""Answers that the database keeps to be given again."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cached_answers",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_cached_answers_until_ms", "cached_answers", ["until_ms"])
    op.create_index("ix_cached_answers_used_ms", "cached_answers", ["used_ms"])
    op.create_table(
        "cached_answer_marks",
        sa.Column(
            "key", sa.String(64), sa.ForeignKey("cached_answers.key", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("mark", sa.String(24), primary_key=True),
    )
    op.create_index("ix_cached_answer_marks_mark", "cached_answer_marks", ["mark"])


def downgrade() -> None:
    op.drop_table("cached_answer_marks")
    op.drop_table("cached_answers")
