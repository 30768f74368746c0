"""What attempts were like, by provider, model and hour."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SUMS = (
    "calls",
    "failures",
    "limited",
    "minutes",
    "well",
    "recoveries",
    "recovery_ms",
    "longest_ms",
)


def upgrade() -> None:
    op.create_table(
        "health_hours",
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint("provider", "model", "hour", name=op.f("pk_health_hours")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "health_times",
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.String(16), nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "provider", "model", "hour", "measure", "bucket", name=op.f("pk_health_times")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "health_latest",
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("success_ms", sa.BigInteger(), nullable=False),
        sa.Column("error_ms", sa.BigInteger(), nullable=False),
        sa.Column("error_kind", sa.String(64), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("error_status", sa.Integer()),
        sa.PrimaryKeyConstraint("provider", "model", name=op.f("pk_health_latest")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("health_latest")
    op.drop_table("health_times")
    op.drop_table("health_hours")
