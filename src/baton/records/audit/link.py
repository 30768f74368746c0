"""How a row hangs on the one before it: its bytes, and the signature over them.

Every digest is an HMAC-SHA256 (RFC 2104) under a key that is not in the database, so who can write the tables
can make no row that holds, and none that follows another. Bytes, not JSON: two ways to write the same value
would be two digests.
"""

import hmac
from collections.abc import Sequence

from msgspec import Struct

FORM = 1
"""Which columns are signed, and how; a later form leaves older rows as they are."""

GENESIS = bytes(32)
"""What the first row follows."""

SIGNED = (
    "form",
    "id",
    "at_ms",
    "actor_id",
    "source",
    "action",
    "kind",
    "key",
    "before",
    "after",
    "address",
    "person",
    "personal",
    "previous",
)
"""The columns of a row in the order of its bytes: all but the digest itself."""

Stored = int | float | str | bytes | None
"""What a driver gives for a column, also for one that somebody has put something wrong into."""

_ROW = b"baton audit row\0"
_HEAD = b"baton audit head\0"
_LENGTH_BYTES = 8


class Head(Struct, frozen=True, kw_only=True):
    """Where the chain ends: its rows, the last one's id and digest; and when it began with how many."""

    rows: int
    last_id: int
    digest: bytes
    begun_ms: int
    older_rows: int


def sign_row(key: bytes, values: Sequence[Stored]) -> bytes:
    """The digest of a row; `values` in the order of `SIGNED`."""
    return hmac.digest(key, _ROW + canonical(values), "sha256")


def sign_head(key: bytes, head: Head) -> bytes:
    """The seal of a head."""
    values = (FORM, head.rows, head.last_id, head.digest, head.begun_ms, head.older_rows)
    return hmac.digest(key, _HEAD + canonical(values), "sha256")


def canonical(values: Sequence[Stored]) -> bytes:
    """The values as bytes that no other values have: each one's kind, its length in eight bytes, itself."""
    parts: list[bytes] = []
    for value in values:
        kind, content = _bytes_of(value)
        parts += (kind, len(content).to_bytes(_LENGTH_BYTES, "big"), content)
    return b"".join(parts)


def _bytes_of(value: Stored) -> tuple[bytes, bytes]:
    match value:
        case None:
            return b"n", b""
        case str():
            return b"t", value.encode("utf-8", "surrogatepass")
        case int():
            return b"i", b"%d" % value
        case bytes():
            return b"b", value
        case _:
            return b"f", repr(value).encode()
