"""How long the sound was that an interaction is paid by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("interactions", sa.Column("audio_seconds", sa.Float()))


def downgrade() -> None:
    with op.batch_alter_table("interactions") as table:
        table.drop_column("audio_seconds")
