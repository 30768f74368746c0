"""Which arm of which experiment a request counts for."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_COLUMNS = {"experiment": 64, "arm": 64, "phase": 16}
_INDEX = "ix_interactions_experiment_id"


def upgrade() -> None:
    for name, length in _COLUMNS.items():
        op.add_column("interactions", sa.Column(name, sa.String(length)))
    in_one = sa.text("experiment IS NOT NULL")
    op.create_index(
        _INDEX, "interactions", ["experiment", "id"], sqlite_where=in_one, postgresql_where=in_one
    )


def downgrade() -> None:
    op.drop_index(_INDEX, "interactions")
    with op.batch_alter_table("interactions") as table:
        for name in reversed(_COLUMNS):
            table.drop_column(name)
