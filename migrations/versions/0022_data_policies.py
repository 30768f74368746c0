"""What a project requires of the data policy of whoever serves it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projects", sa.Column("data_needs", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    with op.batch_alter_table("projects") as table:
        table.drop_column("data_needs")
