"""Which prompt and which persona a request was served with."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_INDEX = "ix_interactions_prompt_id"
_COLUMNS = {"prompt": 160, "persona": 64}


def upgrade() -> None:
    for name, length in _COLUMNS.items():
        op.add_column("interactions", sa.Column(name, sa.String(length)))
    with_one = sa.text("prompt IS NOT NULL")
    op.create_index(
        _INDEX, "interactions", ["prompt", "id"], sqlite_where=with_one, postgresql_where=with_one
    )


def downgrade() -> None:
    op.drop_index(_INDEX, "interactions")
    with op.batch_alter_table("interactions") as table:
        for name in reversed(_COLUMNS):
            table.drop_column(name)
