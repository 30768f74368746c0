"""Tables out of a database and into one, whichever kind either is of; some rows at a time.

A row is a JSON array. Truths are truths, JSON is a text, bytes are `{"base64": …}`: so a value of any kind
may stand in any column, as SQLite allows, and comes back as what it was.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import JSON, Boolean, Column, Connection, MetaData, Table, delete, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.storage.archive.manifest import StoredTable
from baton.storage.bulk import BulkInsert
from baton.storage.metadata import METADATA, PASSING

_PAGE = 500
"""Rows that are fetched, or inserted, at a time."""

_CHUNK = 4 << 20
"""Bytes of a member, before it is compressed; it ends with the row with which it has so many."""

_FOLDER = "tables"

Row = Sequence[Any]


class _Bytes(msgspec.Struct):
    base64: bytes


_decode = msgspec.json.Decoder(list[_Bytes | str | int | float | bool | None]).decode
_encode = msgspec.json.Encoder().encode


def own_tables(connection: Connection) -> list[str]:
    """Baton's own tables that are there, each behind those that it refers to."""
    there = set(inspect(connection).get_table_names())
    return [table.name for table in METADATA.sorted_tables if table.name in there]


async def write_tables(
    connection: AsyncConnection, add: Callable[[str, bytes], None]
) -> tuple[StoredTable, ...]:
    """Give every row of Baton's own tables to `add`, as members of an archive, but for those that are only
    `passing`; in one state, if the connection sees one."""
    stored: list[StoredTable] = []
    for name in await connection.run_sync(own_tables):
        if METADATA.tables[name].info.get(PASSING):
            continue
        table = await connection.run_sync(_reflected, name)
        stored.append(await _write_table(connection, table, add))
    return tuple(stored)


class TableReader:
    """Puts rows into tables that are there, in the transaction of a connection."""

    def __init__(self, connection: AsyncConnection, tables: Iterable[StoredTable]) -> None:
        self._connection = connection
        self._stored = {table.name: table for table in tables}
        self._tables: dict[str, Table] = {}
        self._inserts: dict[str, BulkInsert] = {}
        self.inserted = dict.fromkeys(self._stored, 0)
        """Rows, by the table's name."""

    async def clear(self) -> None:
        """Take away what migrations have put in."""
        for name in self._stored:
            self._tables[name] = table = await self._connection.run_sync(_reflected, name)
            self._inserts[name] = BulkInsert(table, self._stored[name].columns)
        for table in reversed(self._tables.values()):
            await self._connection.execute(delete(table))

    async def read(self, member: str, data: bytes) -> bool:
        """Insert the rows of a member; whether it is one of these tables'."""
        folder, _, rest = member.partition("/")
        name = rest.partition("/")[0]
        if folder != _FOLDER or name not in self._inserts:
            return False
        lines = data.splitlines()
        for at in range(0, len(lines), _PAGE):
            rows = [tuple(_value(cell) for cell in _decode(line)) for line in lines[at : at + _PAGE]]
            self.inserted[name] += await self._inserts[name](self._connection, rows)
        return True

    async def count_on(self) -> None:
        """Have keys that a server counts up go on behind the rows that are there."""
        if self._connection.dialect.name == "sqlite":
            return  # it looks for itself
        for table in self._tables.values():
            for column in table.columns:
                if "nextval(" in str(getattr(column.server_default, "arg", "")):
                    last = select(func.max(column))
                    sequence = func.pg_get_serial_sequence(table.name, column.name)
                    value = (await self._connection.execute(last)).scalar_one()
                    if value is not None:
                        await self._connection.execute(select(func.setval(sequence, value)))


def _reflected(connection: Connection, name: str) -> Table:
    """As it is in this database, which may be an older one's."""
    return Table(name, MetaData(), autoload_with=connection, resolve_fks=False)


async def _write_table(
    connection: AsyncConnection, table: Table, add: Callable[[str, bytes], None]
) -> StoredTable:
    names = tuple(str(column.name) for column in table.columns)
    # Past the columns' types: what SQLite holds may be nothing that they can convert.
    quote = connection.dialect.identifier_preparer.quote
    listed = ", ".join(_selected(connection, column) for column in table.columns)
    query = text(f"SELECT {listed} FROM {quote(table.name)}")  # noqa: S608  names of ours
    truths = {at for at, column in enumerate(table.columns) if isinstance(column.type, Boolean)}
    chunk = bytearray()
    rows = members = 0

    def flush() -> None:
        nonlocal members
        members += 1
        add(f"{_FOLDER}/{table.name}/{members:06d}.jsonl", bytes(chunk))
        chunk.clear()

    result = await connection.stream(query)
    async for page in result.partitions(_PAGE):
        for row in page:
            chunk += _line(row, truths)
            rows += 1
            if len(chunk) >= _CHUNK:
                flush()
    if chunk:
        flush()
    return StoredTable(name=str(table.name), columns=names, rows=rows)


def _selected(connection: AsyncConnection, column: Column[Any]) -> str:
    """A column as it is asked for: JSON as a text, which SQLite has in any case."""
    name = connection.dialect.identifier_preparer.quote(column.name)
    is_json = isinstance(column.type, JSON) and connection.dialect.name != "sqlite"
    return f"CAST({name} AS TEXT)" if is_json else name


def _line(row: Row, truths: set[int]) -> bytes:
    cells: list[Any] = [_Bytes(base64=cell) if isinstance(cell, bytes) else cell for cell in row]
    for at in truths:
        if cells[at] in (0, 1):
            cells[at] = bool(cells[at])
    return _encode(cells) + b"\n"


def _value(cell: object) -> object:
    return cell.base64 if isinstance(cell, _Bytes) else cell
