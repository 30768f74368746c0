"""On whose account runs are, for which projects, and which models their steps asked."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("key_id", sa.String(36), nullable=False, server_default=""))
        runs.add_column(sa.Column("project_id", sa.String(36)))
        runs.create_index("ix_runs_project_id", ["project_id"])
    with op.batch_alter_table("run_steps") as steps:
        steps.add_column(sa.Column("calls", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("run_steps") as steps:
        steps.drop_column("calls")
    with op.batch_alter_table("runs") as runs:
        runs.drop_index("ix_runs_project_id")
        runs.drop_column("project_id")
        runs.drop_column("key_id")
