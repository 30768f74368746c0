"""What signing in needs to remember. Times are whole milliseconds since the Unix epoch; nothing here lets
anybody in who has the database alone."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, LargeBinary, String, Table, Text

from baton.access.identity.tables import USERS
from baton.storage.metadata import METADATA


def _owner(*, key: bool = True) -> Column[str]:
    """Whose it is: part of the key, or looked up by; it goes with its user."""
    user = ForeignKey(USERS.c.id, ondelete="CASCADE")
    return Column("user_id", String(36), user, nullable=False, primary_key=key, index=not key)


LOGINS = Table(
    "logins",
    METADATA,
    _owner(),
    Column("name", String(128), nullable=False),
    Column("folded", String(512), nullable=False, unique=True),
    Column("password_hash", Text),
    Column("changed_at_ms", BigInteger, nullable=False),
    Column("lifted_at_ms", BigInteger, nullable=False),
)
"""By which name and password users sign in. `folded` is the name however it is written; `password_hash` NULL:
invited."""

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    _owner(key=False),
    Column("complete", Boolean, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("used_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
    Column("factor_at_ms", BigInteger),
    Column("seen", LargeBinary, nullable=False),
)
"""`digest` is the keyed hash of the token, `seen` the sealed address and browser."""

INVITATIONS = Table(
    "invitations",
    METADATA,
    _owner(),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("expires_at_ms", BigInteger, nullable=False),
)
"""One at most for each user: a new one ends the old."""

FACTORS = Table(
    "second_factors",
    METADATA,
    _owner(),
    Column("secret", LargeBinary, nullable=False),
    Column("begun_at_ms", BigInteger, nullable=False),
    Column("enrolled_at_ms", BigInteger),
    Column("last_counter", BigInteger, nullable=False),
)
"""`secret` is sealed; `enrolled_at_ms` NULL: waits for its first code; `last_counter` is that of the last
code that was taken."""

RECOVERY_CODES = Table(
    "recovery_codes",
    METADATA,
    _owner(),
    Column("digest", LargeBinary(32), primary_key=True),
)
"""A code is gone once it is used."""
