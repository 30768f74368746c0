"""Interactions and their attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "interactions",
        sa.Column("id", sa.String(36), nullable=False),
        *_beginning(),
        *_end(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interactions")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("interactions") as table:
        table.create_index(op.f("ix_interactions_user_id_id"), ["user_id", "id"])
    op.create_table(
        "attempts",
        sa.Column("interaction_id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("credential", sa.String(8), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_token_ms", sa.BigInteger()),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("http_status", sa.Integer()),
        sa.Column("error", sa.Text()),
        *_usage(),
        sa.Column("cost_input_nanos", sa.BigInteger()),
        sa.Column("cost_output_nanos", sa.BigInteger()),
        sa.Column("cost_nanos", sa.BigInteger()),
        sa.PrimaryKeyConstraint("interaction_id", "n", name=op.f("pk_attempts")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("attempts")
    op.drop_table("interactions")


def _beginning() -> list[sa.Column[object]]:
    return [
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("key_id", sa.String(36), nullable=False),
        sa.Column("tier", sa.String(64), nullable=False),
        sa.Column("session", sa.Text()),
        sa.Column("agent", sa.Text()),
        sa.Column("use_case", sa.Text()),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("dialect", sa.String(32), nullable=False),
        sa.Column("requested_model", sa.Text(), nullable=False),
        sa.Column("stream", sa.Boolean(), nullable=False),
        sa.Column("tags", sa.Text()),
        sa.Column("context", sa.Text()),
        sa.Column("prompt_hash", sa.Text()),
        sa.Column("estimated_prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("estimated_cost_nanos", sa.BigInteger()),
    ]


def _end() -> list[sa.Column[object]]:
    return [
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("http_status", sa.Integer()),
        sa.Column("provider", sa.String(64)),
        sa.Column("model", sa.Text()),
        sa.Column("model_version", sa.Text()),
        sa.Column("finish", sa.Text()),
        *_usage(),
        sa.Column("price_input", sa.BigInteger()),
        sa.Column("price_output", sa.BigInteger()),
        sa.Column("price_cached", sa.BigInteger()),
        sa.Column("price_cache_write", sa.BigInteger()),
        sa.Column("price_revision", sa.Text()),
        sa.Column("cost_input_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_output_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.Boolean(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger()),
        sa.Column("upstream_ms", sa.BigInteger()),
        sa.Column("first_token_ms", sa.BigInteger()),
        sa.Column("overhead_us", sa.BigInteger()),
        sa.Column("generated_chars", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("fell_back", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.Text()),
    ]


def _usage() -> list[sa.Column[object]]:
    return [
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("audio_in_tokens", sa.BigInteger(), nullable=False),
        sa.Column("audio_out_tokens", sa.BigInteger(), nullable=False),
        sa.Column("usage_estimated", sa.Boolean(), nullable=False),
    ]
