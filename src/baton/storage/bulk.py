"""Many rows at once, past everything that costs time per row."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Dialect, Table, column, insert, table
from sqlalchemy.ext.asyncio import AsyncConnection

_NUL = rb"\u0000"
_json = msgspec.json.Encoder().encode


class BulkInsert:
    """An INSERT prepared once, run over plain tuples.

    Values go to the driver as they are: integers, texts, bytes, None; no SQLAlchemy type converts them.
    """

    def __init__(self, target: Table, columns: Sequence[str], *, skip_present: bool = False) -> None:
        """`columns`: the order of each tuple; `skip_present`: rows whose unique key exists are left alone."""
        for name in columns:
            target.c[name]  # a wrong name fails here, not at the first row
        self._table = target
        self._columns = tuple(columns)
        self._skip_present = skip_present
        self._texts: dict[str, str] = {}

    async def __call__(self, connection: AsyncConnection, rows: Sequence[tuple[object, ...]]) -> int:
        """Insert the rows in the connection's transaction; the number really inserted."""
        if not rows:
            return 0
        dialect = connection.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = self._compose(dialect)
        if dialect.name == "sqlite":
            values = list(rows)
        else:
            values = tuple(map(list, zip(*_storable(rows), strict=True)))
        result = await connection.exec_driver_sql(text, values)
        return result.rowcount

    def _compose(self, dialect: Dialect) -> str:
        """For SQLite a statement of one row, run over all; a server is sent one statement of arrays, which
        costs one round trip and counts what it inserted."""
        columns = [self._table.c[name] for name in self._columns]
        if dialect.name == "sqlite":
            ordered = table(self._table.name, *(column(one.name, one.type) for one in columns))
            text = str(insert(ordered).compile(dialect=dialect, column_keys=self._columns))
        else:
            quote = dialect.identifier_preparer.quote
            names = ", ".join(quote(one.name) for one in columns)
            arrays = ", ".join(
                f"${n}::{one.type.compile(dialect=dialect)}[]" for n, one in enumerate(columns, 1)
            )
            text = f"INSERT INTO {quote(self._table.name)} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608  names of ours
        return f"{text} ON CONFLICT DO NOTHING" if self._skip_present else text


def _storable(rows: Sequence[tuple[object, ...]]) -> Sequence[tuple[object, ...]]:
    """The rows without a NUL in their texts: PostgreSQL takes none, and one would hold up all others."""
    if _NUL not in _json(rows):  # nearly always, and told sooner than by every cell
        return rows
    return [
        tuple(cell.replace("\0", "\ufffd") if isinstance(cell, str) else cell for cell in row) for row in rows
    ]
