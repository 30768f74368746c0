"""Where outputs lie. Times are whole Unix milliseconds, money nano-USD; what was written is sealed."""

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
    UniqueConstraint,
)

from baton.access.identity.tables import PROJECTS
from baton.storage.metadata import METADATA

OUTPUTS = Table(
    "outputs",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column(
        "project_id",
        String(36),
        ForeignKey(PROJECTS.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("kind", String(32), nullable=False),
    Column("run_id", String(36)),
    Column("versions", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    UniqueConstraint("run_id", "kind"),
)
"""`versions` counts those below, so it is the number of the newest. A run has one output of each kind."""

OUTPUT_VERSIONS = Table(
    "output_versions",
    METADATA,
    Column("output_id", String(36), ForeignKey(OUTPUTS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("origin", String(16), nullable=False),
    Column("based_on", Integer),
    Column("by", String(36), nullable=False),
    Column("source", String(200), unique=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("score", Float),
    Column("verdict", String(16)),
    Column("interaction", String(36)),
    Column("provider", String(64)),
    Column("model", String(255)),
    Column("prompt", String(128)),
    Column("tokens", Integer, nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("cached", Boolean, nullable=False),
)
"""`origin` says whether a model or a person wrote it; `based_on` which version a person changed. `source` is
the key of the step or request that made it: what is saved again after a crash is saved once."""
