"""The chain's head as a row: read and moved in the transaction of the rows that it moves over."""

import hmac
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import RowMapping, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.records.audit.link import GENESIS, Head, sign_head
from baton.records.audit.tables import AUDIT_HEAD
from baton.records.audit.verdict import Anchor
from baton.storage.faults import is_undecodable

_READ = 'SELECT "rows", last_id, digest, begun_ms, older_rows, seal FROM audit_head WHERE id = 1'
_BACK = text("SELECT digest FROM audit_entries ORDER BY id DESC LIMIT 1 OFFSET :back")
_LAST = text("SELECT id, digest FROM audit_entries ORDER BY id DESC LIMIT 1")


class HeadState(StrEnum):
    """How the head is."""

    GOOD = "good"
    FRESH = "fresh"
    """The chain has not begun."""
    FORGED = "forged"
    MISSING = "missing"
    ROLLED_BACK = "rolled_back"
    """It is good, and what was seen as the chain's end before is not in it."""


class End(Struct, frozen=True, kw_only=True):
    """What the next row follows."""

    state: HeadState
    last_id: int
    digest: bytes
    head: Head | None
    """None, but where its seal is good: nobody knows then where the chain ended, and no new seal may hide
    that."""


async def read(
    connection: AsyncConnection, key: bytes, *, lock: bool = False
) -> tuple[HeadState, Head | None]:
    """The head, if it is good; with `lock` nobody else reads it so until the transaction ends."""
    # Read past the columns' types: what somebody has put there may be nothing that they can convert.
    waits = " FOR UPDATE" if lock and connection.dialect.name != "sqlite" else ""
    try:
        row = (await connection.execute(text(_READ + waits))).mappings().one_or_none()
    except DBAPIError as error:
        if not is_undecodable(error):
            raise
        return HeadState.FORGED, None
    if row is None:
        return HeadState.MISSING, None
    if row["seal"] is None:
        return HeadState.FRESH, None
    head = _head(row)
    seal = row["seal"]
    good = isinstance(seal, bytes) and hmac.compare_digest(seal, sign_head(key, head))
    return (HeadState.GOOD, head) if good else (HeadState.FORGED, None)


async def meets(connection: AsyncConnection, head: Head, seen: Anchor | None) -> bool:
    """Whether the chain that ends in this head has what was seen as its end before; None: nothing was.

    It counts back from the last row, of which each follows the one before: a few, where it was seen lately.
    """
    if seen is None or seen.rows == 0:
        return True
    if seen.rows >= head.rows:
        return (seen.rows, seen.digest) == (head.rows, head.digest)
    try:
        found = await connection.execute(_BACK, {"back": head.rows - seen.rows})
    except DBAPIError as error:
        if not is_undecodable(error):
            raise
        return False
    return found.scalar_one_or_none() == seen.digest


async def end(connection: AsyncConnection, key: bytes, seen: Anchor | None = None) -> End:
    """Where the next row goes; the head is locked until the transaction ends. `seen`: an end before."""
    state, head = await read(connection, key, lock=True)
    if head is not None and not await meets(connection, head, seen):
        state = HeadState.ROLLED_BACK
    last = (await connection.execute(_LAST)).one_or_none()
    last_id = 0 if last is None else int(last.id)
    if head is not None:
        return End(state=state, last_id=max(last_id, head.last_id), digest=head.digest, head=head)
    digest = None if last is None else last.digest
    digest = digest if isinstance(digest, bytes) else GENESIS
    return End(state=state, last_id=last_id, digest=digest, head=None)


async def move(connection: AsyncConnection, key: bytes, head: Head) -> None:
    """Store the head under its seal."""
    values = {
        "rows": head.rows,
        "last_id": head.last_id,
        "digest": head.digest,
        "begun_ms": head.begun_ms,
        "older_rows": head.older_rows,
        "seal": sign_head(key, head),
    }
    await connection.execute(update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(values))


def _head(row: RowMapping) -> Head:
    return Head(
        rows=row["rows"],
        last_id=row["last_id"],
        digest=row["digest"],
        begun_ms=row["begun_ms"],
        older_rows=row["older_rows"],
    )
