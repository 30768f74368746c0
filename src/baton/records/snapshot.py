"""The records of a kind as every process holds them in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

import structlog
from msgspec import Struct

from baton.core.errors import Invalid, Unavailable
from baton.records import rows
from baton.records.kind import Record, RecordKind
from baton.records.rows import RecordRow
from baton.storage.database import Database

T = TypeVar("T", bound=Struct)
Listener = Callable[[Mapping[str, Record[T]]], Awaitable[None]]
"""Called with each new snapshot."""

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Snapshot(Generic[T]):
    """The live records by key: read without waiting, swapped as a whole, never changed in place."""

    def __init__(self, kind: RecordKind[T], database: Database) -> None:
        self._kind = kind
        self._database = database
        self._live: Mapping[str, Record[T]] | None = None
        self._told: Mapping[str, Record[T]] | None = None
        self._listeners: list[Listener[T]] = []
        self._turn = asyncio.Lock()

    @property
    def live(self) -> Mapping[str, Record[T]]:
        """The records by key, in the order of their keys. Whoever holds it keeps what they hold.

        Raises:
            Unavailable: not loaded yet.
        """
        if self._live is None:
            raise Unavailable(f"The {self._kind.name} records are not loaded yet.", retry_after_s=1.0)
        return self._live

    def listen(self, listener: Listener[T]) -> Callable[[], None]:
        """Have `listener` called after each swap; gives the way to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def reload(self) -> None:
        """Read what is stored; swap and tell the listeners only if something differs.

        A row that cannot be read as its type is left out and logged; the others stay served.

        Raises:
            Unavailable: the database is away; the old snapshot stays.
        """
        async with self._turn:
            async with self._database.read() as connection:
                stored = await rows.all_current(connection, self._kind.name)
            before = self._live or {}
            after: dict[str, Record[T]] = {}
            for key, row in stored.items():
                known = before.get(key)
                record = known if known is not None and known.revision == row.revision else self._read(row)
                if record is not None and not record.deleted:
                    after[key] = record
            if self._live is None or after != before:
                self._live = MappingProxyType(after)
            if self._told is not self._live:
                for listener in tuple(self._listeners):
                    await listener(self._live)
                self._told = self._live

    def readable(self, stored: Sequence[RecordRow]) -> tuple[Record[T], ...]:
        """The records of the rows that can be read as today's type."""
        read = (self._read(row) for row in stored)
        return tuple(record for record in read if record is not None)

    def _read(self, row: RecordRow) -> Record[T] | None:
        try:
            return record_of(self._kind, row)
        except Invalid as error:
            logger.error("record_unreadable", kind=row.kind, key=row.key, reason=error.message)
            return None


def record_of(kind: RecordKind[T], row: RecordRow) -> Record[T]:
    """The typed record of a row.

    Raises:
        Invalid: the stored value is not of today's type.
    """
    return Record(
        key=row.key,
        value=kind.decode(row.body),
        revision=row.revision,
        origin=row.origin,
        changed_at_ms=row.changed_at_ms,
        changed_by=row.changed_by,
        deleted=row.deleted,
    )
