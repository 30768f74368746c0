"""Where answers lie that the database keeps. Times are whole milliseconds since the Unix epoch."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from baton.storage.metadata import METADATA, PASSING

ANSWERS = Table(
    "cached_answers",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("until_ms", BigInteger, nullable=False, index=True),
    Column("used_ms", BigInteger, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    info={PASSING: True},
)
"""`key` is that of a plan, `size` the bytes of `sealed`; until `until_ms` it is given again, and at `used_ms`
it was, or was put there. `sealed` stands last: who adds up the sizes is not to read it."""

MARKS = Table(
    "cached_answer_marks",
    METADATA,
    Column("key", String(64), ForeignKey(ANSWERS.c.key, ondelete="CASCADE"), primary_key=True),
    Column("mark", String(24), primary_key=True, index=True),
    info={PASSING: True},
)
"""By what answers are known when they are to be forgotten: keyed digests."""
