"""How the model that was chosen had scored."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interactions", sa.Column("scores", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("interactions") as table:
        table.drop_column("scores")
