"""Answers that were not true to the schema that was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interactions", sa.Column("schema_violation", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("interactions") as table:
        table.drop_column("schema_violation")
