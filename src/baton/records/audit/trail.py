"""Writing the audit with the change itself, and reading it back page by page."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from msgspec import Raw
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.errors import Invalid
from baton.records.audit.entry import Actor, AuditEntry, AuditFilter, AuditPage, Change
from baton.records.tables import AUDIT_ENTRIES
from baton.storage.bulk import BulkInsert
from baton.storage.database import Database

PAGE_LIMIT = 500
"""Entries per page at most; each holds two whole bodies."""

_INSERT = BulkInsert(
    AUDIT_ENTRIES, ("at_ms", "actor_id", "source", "action", "kind", "key", "before", "after")
)


async def append(connection: AsyncConnection, actor: Actor, at_ms: int, changes: Sequence[Change]) -> None:
    """Write down the changes in the transaction that makes them."""
    rows = [
        (at_ms, actor.id, actor.source, each.action, each.kind, each.key, each.before, each.after)
        for each in changes
    ]
    await _INSERT(connection, rows)


class Trail:
    """The audit as it is read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: AuditFilter, cursor: str | None = None, limit: int = 50) -> AuditPage:
        """Entries newest first. `cursor` is a page's `next`; entries written meanwhile do not shift pages.

        Raises:
            Invalid: a cursor that is not ours, or a limit not from 1 to `PAGE_LIMIT`.
        """
        if not 1 <= limit <= PAGE_LIMIT:
            raise Invalid(f"The limit must lie between 1 and {PAGE_LIMIT}.", param="limit")
        table = AUDIT_ENTRIES.c
        query = select(AUDIT_ENTRIES).order_by(table.id.desc()).limit(limit + 1)
        if wanted.kind is not None:
            query = query.where(table.kind == wanted.kind)
        if wanted.key is not None:
            query = query.where(table.key == wanted.key)
        if wanted.actor_id is not None:
            query = query.where(table.actor_id == wanted.actor_id)
        if cursor is not None:
            query = query.where(table.id < _id_of(cursor))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        entries = tuple(_entry(row) for row in rows[:limit])
        return AuditPage(entries, _cursor_of(entries[-1].id) if len(rows) > limit else None)


def _entry(row: Row[tuple[object, ...]]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at_ms=row.at_ms,
        actor_id=row.actor_id,
        source=row.source,
        action=row.action,
        kind=row.kind,
        key=row.key,
        before=None if row.before is None else Raw(row.before),
        after=None if row.after is None else Raw(row.after),
    )


def _cursor_of(entry_id: int) -> str:
    return urlsafe_b64encode(b"a%d" % entry_id).decode().rstrip("=")


def _id_of(cursor: str) -> int:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        text = b""
    if not (text.startswith(b"a") and text[1:].isdigit() and len(text) <= 20):
        raise Invalid("The cursor is not one that this list gave.", param="cursor")
    return int(text[1:])
