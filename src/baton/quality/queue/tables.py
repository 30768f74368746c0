"""Where scores and reviews lie. Times are whole Unix milliseconds, money nano-USD; words are sealed."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from baton.storage.metadata import METADATA

SCORES = Table(
    "quality_scores",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("interaction_id", String(36), unique=True),
    Column("run_id", String(36), index=True),
    Column("step", String(100)),
    Column("user_id", String(36), nullable=False),
    Column("project", Text),
    Column("use_case", Text),
    Column("provider", String(64)),
    Column("model", Text),
    Column("prompt", String(160)),
    Column("verdict", String(16), nullable=False),
    Column("score", Float),
    Column("completeness", Integer),
    Column("coherence", Integer),
    Column("actionability", Integer),
    Column("objections", Text, nullable=False),
    Column("judge", Text),
    Column("judge_prompt", String(160)),
    Column("asked", Integer, nullable=False),
    Column("left_out", BigInteger, nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("unpriced", Boolean, nullable=False),
    Column("said", LargeBinary, nullable=False),
)
"""One row for each output that was assessed: of an interaction, or of a run's step. The id holds its time."""

REVIEWS = Table(
    "quality_reviews",
    METADATA,
    Column("score_id", String(36), ForeignKey(SCORES.c.id, ondelete="CASCADE"), primary_key=True),
    Column("reviewer", String(36), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("score", Integer),
    Column("notes", LargeBinary),
)
"""What people said of it, one row for each of them."""
