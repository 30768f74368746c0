"""What kind of work a request was, and how its model was chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interactions", sa.Column("task_type", sa.String(32)))
    op.add_column("interactions", sa.Column("complexity", sa.Float()))
    op.add_column("interactions", sa.Column("routing", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("interactions") as table:
        table.drop_column("routing")
        table.drop_column("complexity")
        table.drop_column("task_type")
