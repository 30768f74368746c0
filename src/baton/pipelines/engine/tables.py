"""Where runs lie. Times are whole Unix milliseconds, money nano-USD; what people or models said is sealed."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from baton.access.identity.tables import USERS
from baton.storage.metadata import METADATA, PASSING

RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column(
        "user_id",
        String(36),
        ForeignKey(USERS.c.id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("key_id", String(36), nullable=False, server_default=text("''")),
    Column("project_id", String(36), index=True),
    Column("recipe", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("code", String(100)),
    Column("turn", Integer, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("notes", Integer, nullable=False),
    Column("budget_nanos", BigInteger),
    Column("spent_nanos", BigInteger, nullable=False),
    Column("held_nanos", BigInteger, nullable=False),
    Column("worker", String(36)),
    Column("created_ms", BigInteger, nullable=False),
    Column("began_ms", BigInteger),
    Column("changed_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("input", LargeBinary, nullable=False),
    Column("output", LargeBinary),
    Column("failure", LargeBinary),
)
"""`turn` counts who may write: whoever carries a run out has the number it had when they began, and an order
that takes it from them counts on. `edition` counts the times that something of it was done again; `orders`
what was said to it while it runs, so that its worker looks. `events` and `notes` number the rows below."""

STEPS = Table(
    "run_steps",
    METADATA,
    Column("run_id", String(36), ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("gate", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("code", String(100)),
    Column("edition", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("notes", Integer, nullable=False),
    Column("began_event", Integer, nullable=False),
    Column("ended_event", Integer),
    Column("began_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("held_nanos", BigInteger, nullable=False),
    Column("calls", Text),
    Column("done", Integer),
    Column("total", Integer),
    Column("interim", LargeBinary),
    Column("output", LargeBinary),
    Column("edited", LargeBinary),
    Column("failure", LargeBinary),
)
"""`position` is its number in the durable engine. `notes` is how many instructions its attempt was given.
`began_event` and `ended_event` order steps: what began after another's end may rest on it. `edited` is what a
person put in the place of `output`, which stays. `calls` are those of models, as JSON."""

EVENTS = Table(
    "run_events",
    METADATA,
    Column("run_id", String(36), ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("step", String(100)),
    Column("detail", LargeBinary),
)

NOTES = Table(
    "run_notes",
    METADATA,
    Column("run_id", String(36), ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", String(36), nullable=False),
    Column("text", LargeBinary, nullable=False),
)
"""Instructions that people added to a run."""

ANSWERS = Table(
    "run_answers",
    METADATA,
    Column("run_id", String(36), ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    info={PASSING: True},
)
"""What paid calls of unfinished steps came to, so that they are not paid again; gone when the run is over."""

WORKERS = Table(
    "run_workers",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("seen_ms", BigInteger, nullable=False, index=True),
    Column("recipes", Text, nullable=False),
    info={PASSING: True},
)
"""Who carries runs out, one row for each life of a process. `recipes`: those it knows, as `name@version`,
one a line."""
