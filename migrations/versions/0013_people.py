"""More of users and keys; projects and their members."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_UNLIMITED = '{"unlimited": true}'
"""The first admin's key has no rate limit unless one is set; of those made before it is the first."""


def upgrade() -> None:
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("email", sa.String(255)))
        table.add_column(sa.Column("locale", sa.String(35)))
        table.add_column(sa.Column("subject", sa.String(255)))
        table.add_column(sa.Column("disabled_at_ms", sa.BigInteger()))
        table.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        table.create_unique_constraint(op.f("uq_users_email"), ["email"])
        table.create_unique_constraint(op.f("uq_users_subject"), ["subject"])
    with op.batch_alter_table("api_keys") as table:
        table.add_column(sa.Column("scopes", sa.JSON()))
        table.add_column(sa.Column("models", sa.JSON()))
        table.add_column(sa.Column("limits", sa.JSON()))
        table.add_column(sa.Column("budget_nanos", sa.BigInteger()))
        table.add_column(sa.Column("budget_period", sa.String(16)))
        table.add_column(sa.Column("digest_before", sa.LargeBinary(32)))
        table.add_column(sa.Column("before_until_ms", sa.BigInteger()))
        table.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        table.create_unique_constraint(op.f("uq_api_keys_digest_before"), ["digest_before"])
    first = (
        "SELECT id FROM api_keys WHERE user_id = (SELECT id FROM users ORDER BY created_at_ms, id LIMIT 1)"
        " ORDER BY created_at_ms, id LIMIT 1"
    )
    op.execute(f"UPDATE api_keys SET limits = '{_UNLIMITED}' WHERE id = ({first})")  # noqa: S608 (constants)
    op.create_table(
        "projects",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("archived_at_ms", sa.BigInteger()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_table(
        "project_members",
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_members_project_id_projects")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_project_members_user_id_users")),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_project_members")),
    )
    with op.batch_alter_table("project_members") as table:
        table.create_index(op.f("ix_project_members_user_id"), ["user_id"])


def downgrade() -> None:
    op.drop_table("project_members")
    op.drop_table("projects")
    with op.batch_alter_table("api_keys") as table:
        table.drop_constraint(op.f("uq_api_keys_digest_before"), type_="unique")
        for name in (
            "revision",
            "before_until_ms",
            "digest_before",
            "budget_period",
            "budget_nanos",
            "limits",
            "models",
            "scopes",
        ):
            table.drop_column(name)
    with op.batch_alter_table("users") as table:
        table.drop_constraint(op.f("uq_users_subject"), type_="unique")
        table.drop_constraint(op.f("uq_users_email"), type_="unique")
        for name in ("revision", "disabled_at_ms", "subject", "locale", "email"):
            table.drop_column(name)
