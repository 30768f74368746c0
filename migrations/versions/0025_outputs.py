"""On whose account runs are, what their calls came to, and what they have written for projects."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("key_id", sa.String(36), nullable=False, server_default=sa.text("''")))
        runs.add_column(sa.Column("project_id", sa.String(36)))
        runs.create_index("ix_runs_project_id", ["project_id"])
    with op.batch_alter_table("run_steps") as steps:
        steps.add_column(sa.Column("calls", sa.Text()))
    op.create_table(
        "run_answers",
        sa.Column("run_id", sa.String(36), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "outputs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "project_id", sa.String(36), sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("run_id", sa.String(36)),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("run_id", "kind"),
    )
    op.create_index("ix_outputs_project_id", "outputs", ["project_id"])
    op.create_table(
        "output_versions",
        sa.Column(
            "output_id", sa.String(36), sa.ForeignKey("outputs.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("based_on", sa.Integer()),
        sa.Column("by", sa.String(36), nullable=False),
        sa.Column("source", sa.String(200)),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("verdict", sa.String(16)),
        sa.Column("interaction", sa.String(36)),
        sa.Column("provider", sa.String(64)),
        sa.Column("model", sa.String(255)),
        sa.Column("prompt", sa.String(128)),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("source"),
    )


def downgrade() -> None:
    for table in ("output_versions", "outputs", "run_answers"):
        op.drop_table(table)
    with op.batch_alter_table("run_steps") as steps:
        steps.drop_column("calls")
    with op.batch_alter_table("runs") as runs:
        runs.drop_index("ix_runs_project_id")
        runs.drop_column("project_id")
        runs.drop_column("key_id")
