"""Where the audit lies. Times are whole Unix milliseconds."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from baton.storage.metadata import METADATA, SEQUENCE

AUDIT_ENTRIES = Table(
    "audit_entries",
    METADATA,
    Column("id", SEQUENCE, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor_id", String(64), nullable=False),
    Column("source", String(255), nullable=False),
    Column("action", String(32), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("key", String(255), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("address", LargeBinary),
    Column("person", String(64)),
    Column("personal", LargeBinary),
    Column("form", Integer),
    Column("previous", LargeBinary),
    Column("digest", LargeBinary),
    Index(None, "kind", "key", "id"),
    Index(None, "actor_id", "id"),
)
"""Who did what, when, from where; `before` and `after` with secrets masked. Rows are only ever added.

`address`: where the actor was, sealed under the actor's key. `personal`: what of `before` and `after` belongs
to `person`, sealed under that person's key. `form`, `previous` and `digest`: how it hangs in the chain; NULL:
it is older than the chain, and the next start hangs it in.
"""

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("begun_ms", BigInteger, nullable=False),
    Column("older_rows", BigInteger, nullable=False),
    Column("seal", LargeBinary),
)
"""One row: where the chain ends. `seal` NULL: it has not begun."""

AUDIT_PERSONS = Table(
    "audit_persons",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("wrapped", LargeBinary),
    Column("made_ms", BigInteger, nullable=False),
    Column("erased_ms", BigInteger),
)
"""The key of each person, wrapped; NULL once the person was erased."""
