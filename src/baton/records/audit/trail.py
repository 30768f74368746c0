"""Reading the audit: page by page, and whole, in the order of the chain."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.errors import Invalid
from baton.records.audit.entry import CHANNELS, AuditEntry, AuditFilter, AuditPage
from baton.records.audit.keys import AuditKeys
from baton.records.audit.personal import Personal, joined, lost
from baton.records.audit.persons import ERASED, UNREADABLE, Part, PersonKey, Persons
from baton.records.audit.tables import AUDIT_ENTRIES
from baton.storage.database import Database

PAGE_LIMIT = 500
"""Entries per page at most; each holds two whole bodies."""

_LOOK = 1000
"""So many rows are looked at in one step where only opening them tells whether they are wanted."""

_LONGEST_LOOK = 20_000
"""And so many for one page; what is further back is behind the page's cursor."""

_LAST_ID = 2**63 - 1
_C = AUDIT_ENTRIES.c
_Keys = dict[str, PersonKey | None]


class Trail:
    """The audit as it is read. Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, keys: AuditKeys) -> None:
        self._database = database
        self._persons = Persons(keys.persons)

    async def page(self, wanted: AuditFilter, cursor: str | None = None, limit: int = 50) -> AuditPage:
        """Entries newest first. `cursor` is a page's `next`; entries written meanwhile do not shift pages.

        Addresses are sealed, so those of a `source` are found by opening one row after the other: a page may
        then hold fewer than `limit` entries, or none, and still have a next one.

        Raises:
            Invalid: a cursor that is not ours, or a limit not from 1 to `PAGE_LIMIT`.
        """
        if not 1 <= limit <= PAGE_LIMIT:
            raise Invalid(f"The limit must lie between 1 and {PAGE_LIMIT}.", param="limit")
        before = _LAST_ID if cursor is None else _id_of(cursor)
        step = _LOOK if _is_sealed(wanted.source) else limit + 1
        found: list[AuditEntry] = []
        keys: _Keys = {}
        async with self._database.read() as connection:
            for _ in range(_LONGEST_LOOK // _LOOK):
                query = _narrowed(wanted).where(_C.id < before).order_by(_C.id.desc()).limit(step)
                rows = (await connection.execute(query)).mappings().all()
                entries = await self._opened(connection, rows, keys)
                found += [each for each in entries if wanted.source in (None, each.source)]
                if len(found) > limit:
                    return AuditPage(tuple(found[:limit]), _cursor_of(found[limit - 1].id))
                if len(rows) < step:
                    return AuditPage(tuple(found), None)
                before = rows[-1]["id"]
        return AuditPage(tuple(found), _cursor_of(before))

    async def all(self, wanted: AuditFilter) -> AsyncGenerator[tuple[AuditEntry, ...]]:
        """All entries there are now, oldest first, some at a time."""
        async with self._database.read() as connection:
            last_id: int = (await connection.execute(select(func.max(_C.id)))).scalar() or 0
        after = 0
        while True:
            query = _narrowed(wanted).where(_C.id > after, _C.id <= last_id).order_by(_C.id).limit(_LOOK)
            async with self._database.read() as connection:
                rows = (await connection.execute(query)).mappings().all()
                entries = await self._opened(connection, rows, {})
            yield tuple(each for each in entries if wanted.source in (None, each.source))
            if len(rows) < _LOOK:
                return
            after = rows[-1]["id"]

    async def _opened(
        self, connection: AsyncConnection, rows: Sequence[RowMapping], keys: _Keys
    ) -> list[AuditEntry]:
        """The rows as they may be read; `keys`: those of persons that were met before."""
        people = {row["actor_id"] for row in rows if row["address"] is not None}
        people |= {row["person"] for row in rows if row["personal"] is not None}
        fresh = people - keys.keys()
        if fresh:
            keys.update(dict.fromkeys(fresh))
            keys.update(await self._persons.keys(connection, fresh))
        return [_entry(row, keys) for row in rows]


def _is_sealed(source: str | None) -> bool:
    """Whether rows of this source can be told only by opening them."""
    return source is not None and source not in CHANNELS


def _narrowed(wanted: AuditFilter) -> Select[Any]:
    query = select(AUDIT_ENTRIES)
    equal = ((_C.kind, wanted.kind), (_C.key, wanted.key), (_C.actor_id, wanted.actor_id))
    for column, value in (*equal, (_C.action, wanted.action)):
        if value is not None:
            query = query.where(column == value)
    if wanted.source is not None and not _is_sealed(wanted.source):
        query = query.where(_C.source == wanted.source)
    if wanted.from_ms is not None:
        query = query.where(_C.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        query = query.where(_C.at_ms < wanted.to_ms)
    if wanted.text is not None:
        query = query.where(_C.key.icontains(wanted.text, autoescape=True))
    return query


def _entry(row: RowMapping, keys: _Keys) -> AuditEntry:
    before, after = _bodies(row, keys)
    return AuditEntry(
        id=row["id"],
        at_ms=row["at_ms"],
        actor_id=row["actor_id"],
        source=_source(row, keys),
        action=row["action"],
        kind=row["kind"],
        key=row["key"],
        before=before,
        after=after,
    )


def _source(row: RowMapping, keys: _Keys) -> str:
    if row["address"] is None:
        return row["source"]
    plain, word = _plain(keys[row["actor_id"]], Part.ADDRESS, row["address"])
    return word if plain is None else plain.decode()


def _bodies(row: RowMapping, keys: _Keys) -> tuple[msgspec.Raw | None, msgspec.Raw | None]:
    if row["personal"] is None:
        return joined(row["before"], {}), joined(row["after"], {})
    plain, word = _plain(keys[row["person"]], Part.PERSONAL, row["personal"])
    if plain is None:
        return lost(row["before"], word), lost(row["after"], word)
    own = msgspec.json.decode(plain, type=Personal)
    return joined(row["before"], own.before), joined(row["after"], own.after)


def _plain(key: PersonKey | None, part: Part, sealed: bytes) -> tuple[bytes | None, str]:
    """What was sealed; or None, and the word for why it cannot be read."""
    if key is None:
        return None, UNREADABLE
    try:
        return key.open(part, sealed), ERASED
    except InvalidTag:
        return None, UNREADABLE


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
