"""The audit as a chain: what each row hangs on, where it ends, and the keys of people's own values.

Rows that are there already are hung in by the first start: a migration has no key that could sign them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("address", sa.LargeBinary()),
    ("person", sa.String(64)),
    ("personal", sa.LargeBinary()),
    ("form", sa.Integer()),
    ("previous", sa.LargeBinary()),
    ("digest", sa.LargeBinary()),
)


def upgrade() -> None:
    with op.batch_alter_table("audit_entries") as table:
        for name, kind in _COLUMNS:
            table.add_column(sa.Column(name, kind))
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("older_rows", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.bulk_insert(
        head,
        [{"id": 1, "rows": 0, "last_id": 0, "digest": bytes(32), "begun_ms": 0, "older_rows": 0}],
    )
    op.create_table(
        "audit_persons",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("erased_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_persons")),
    )


def downgrade() -> None:
    op.drop_table("audit_persons")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entries") as table:
        for name, _ in reversed(_COLUMNS):
            table.drop_column(name)
