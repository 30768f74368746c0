"""Databases of earlier versions, with a row in every table of each."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
)

from baton.storage.database import Database
from baton.storage.migration import migrate, revisions

Shape = dict[str, tuple[str, ...]]
"""Each table's columns."""

Rows = list[tuple[str, dict[str, Any]]]
"""Tables, each with a row that was written to it."""


def older() -> list[str]:
    """Every version but the newest, the oldest first."""
    return revisions()[:-1]


async def lay(database: Database, revision: str, number: int = 1) -> Rows:
    """Bring a database to a version, and write a row to each of its tables, of that number."""
    async with database.migrate() as connection:
        await connection.run_sync(migrate, revision)
        return await connection.run_sync(write, number)


def reflected(connection: Connection) -> list[Table]:
    """The tables that are there, each behind those that it refers to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def shape(connection: Connection) -> Shape:
    return {table.name: tuple(column.name for column in table.columns) for table in reflected(connection)}


def write(connection: Connection, number: int, of: Shape | None = None) -> Rows:
    """Write a row to each table; `of`: only those tables and columns, as who knows no others would."""
    written: Rows = []
    for table in reflected(connection):
        if of is not None and table.name not in of:
            continue
        row = {
            column.name: _value(column, number)
            for column in table.columns
            if of is None or column.name in of[table.name]
        }
        connection.execute(insert(table).values(row))
        written.append((table.name, row))
    return written


def missing(connection: Connection, written: Rows) -> Rows:
    """Those rows that are not there any more as they were written."""
    there = {
        table.name: [_plain(row) for row in connection.execute(select(table)).mappings()]
        for table in reflected(connection)
    }
    return [
        (name, row)
        for name, row in written
        if not any(row.items() <= each.items() for each in there.get(name, ()))
    ]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: tuple(cell) if isinstance(cell, list) else cell for name, cell in row.items()}


def _value(column: Column[Any], number: int) -> Any:
    """The same for the same number, so that what refers to another row finds it."""
    for key in column.foreign_keys:
        return _value(key.column, number)
    kind = column.type
    if isinstance(kind, JSON):
        return (f"json {number}",)
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, LargeBinary):
        return number.to_bytes(2, "big") * 16
    if isinstance(kind, Float):
        return number + 0.5
    if isinstance(kind, Integer):
        return 10_000 + number
    assert isinstance(kind, String)
    return f"ä{number}"[: kind.length]
