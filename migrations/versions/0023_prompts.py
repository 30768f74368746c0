"""Which prompt and which persona a request was served with."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_COLUMNS = {"prompt": 160, "persona": 64}


def upgrade() -> None:
    for name, length in _COLUMNS.items():
        op.add_column("interactions", sa.Column(name, sa.String(length)))


def downgrade() -> None:
    with op.batch_alter_table("interactions") as table:
        for name in reversed(_COLUMNS):
            table.drop_column(name)
