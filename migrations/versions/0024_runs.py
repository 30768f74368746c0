"""Runs of pipelines, their steps, their events, what people said to them, and their workers."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("user_id", sa.String(36), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("recipe", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(100)),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("notes", sa.Integer(), nullable=False),
        sa.Column("budget_nanos", sa.BigInteger()),
        sa.Column("spent_nanos", sa.BigInteger(), nullable=False),
        sa.Column("held_nanos", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.String(36)),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("began_ms", sa.BigInteger()),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("input", sa.LargeBinary(), nullable=False),
        sa.Column("output", sa.LargeBinary()),
        sa.Column("failure", sa.LargeBinary()),
    )
    op.create_index("ix_runs_user_id", "runs", ["user_id"])
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_table(
        "run_steps",
        _run_id(),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("gate", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(100)),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("notes", sa.Integer(), nullable=False),
        sa.Column("began_event", sa.Integer(), nullable=False),
        sa.Column("ended_event", sa.Integer()),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("held_nanos", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Integer()),
        sa.Column("total", sa.Integer()),
        sa.Column("interim", sa.LargeBinary()),
        sa.Column("output", sa.LargeBinary()),
        sa.Column("edited", sa.LargeBinary()),
        sa.Column("failure", sa.LargeBinary()),
    )
    op.create_table(
        "run_events",
        _run_id(),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("step", sa.String(100)),
        sa.Column("detail", sa.LargeBinary()),
    )
    op.create_table(
        "run_notes",
        _run_id(),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(36), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "run_workers",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("recipes", sa.Text(), nullable=False),
    )
    op.create_index("ix_run_workers_seen_ms", "run_workers", ["seen_ms"])


def downgrade() -> None:
    for table in ("run_workers", "run_notes", "run_events", "run_steps", "runs"):
        op.drop_table(table)


def _run_id() -> sa.Column[str]:
    return sa.Column("run_id", sa.String(36), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
