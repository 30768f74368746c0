"""Itineraries and their versions."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "itineraries",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("project_id", sa.String(36)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_itineraries_user_id_created_ms", "itineraries", ["user_id", "created_ms"])
    op.create_table(
        "itinerary_versions",
        sa.Column(
            "itinerary_id",
            sa.String(36),
            sa.ForeignKey("itineraries.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(150), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("itinerary_id", "key"),
    )


def downgrade() -> None:
    op.drop_table("itinerary_versions")
    op.drop_table("itineraries")
