"""Many rows at once, past everything that costs time per row."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Boolean, Dialect, Table, column, insert, table
from sqlalchemy.ext.asyncio import AsyncConnection

_MOST_TEXTS = 100
_NUL = rb"\u0000"
_json = msgspec.json.Encoder().encode


class BulkInsert:
    """An INSERT prepared once, run over plain tuples.

    Values go to the driver as they are: integers, texts, bytes, None; no SQLAlchemy type converts them.
    """

    def __init__(self, target: Table, columns: Sequence[str], *, skip_present: bool = False) -> None:
        """`columns`: the order of each tuple; `skip_present`: rows whose unique key exists are left alone."""
        self._optional = frozenset(
            name for name in columns if target.c[name].nullable and target.c[name].server_default is None
        )
        self._truths = frozenset(name for name in columns if isinstance(target.c[name].type, Boolean))
        self._table = target
        self._columns = tuple(columns)
        self._skip_present = skip_present
        self._texts: dict[tuple[str, tuple[str, ...]], str] = {}

    async def __call__(self, connection: AsyncConnection, rows: Sequence[tuple[object, ...]]) -> int:
        """Insert the rows in the connection's transaction; the number really inserted."""
        if not rows:
            return 0
        dialect = connection.dialect
        if dialect.name == "sqlite":
            names, values = self._spoken_of(rows)
        else:
            names, values = self._columns, tuple(map(list, zip(*_storable(rows), strict=True)))
        place = (dialect.name, names)
        text = self._texts.get(place)
        if text is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            text = self._texts[place] = self._compose(dialect, names)
        result = await connection.exec_driver_sql(text, values)
        return result.rowcount

    def _spoken_of(
        self, rows: Sequence[tuple[object, ...]]
    ) -> tuple[tuple[str, ...], Sequence[tuple[object, ...]]]:
        """The columns that have a value in any row, and the rows without the others; truths as numbers.

        For each None and each truth that it is given Python's driver for SQLite looks for somebody who would
        adapt it, in vain: a quarter of what a row of the ledger costs.
        """
        kept: dict[str, Sequence[object]] = {}
        for name, cells in zip(self._columns, zip(*rows, strict=True), strict=True):
            if name not in self._optional or cells.count(None) < len(cells):
                kept[name] = [_number(cell) for cell in cells] if name in self._truths else cells
        return tuple(kept), list(zip(*kept.values(), strict=True))

    def _compose(self, dialect: Dialect, names: Sequence[str]) -> str:
        """For SQLite a statement of one row, run over all; a server is sent one statement of arrays, which
        costs one round trip and counts what it inserted."""
        columns = [self._table.c[name] for name in names]
        if dialect.name == "sqlite":
            ordered = table(self._table.name, *(column(one.name, one.type) for one in columns))
            text = str(insert(ordered).compile(dialect=dialect, column_keys=list(names)))
        else:
            quote = dialect.identifier_preparer.quote
            listed = ", ".join(quote(one.name) for one in columns)
            arrays = ", ".join(
                f"${n}::{one.type.compile(dialect=dialect)}[]" for n, one in enumerate(columns, 1)
            )
            text = f"INSERT INTO {quote(self._table.name)} ({listed}) SELECT * FROM unnest({arrays})"  # noqa: S608  names of ours
        return f"{text} ON CONFLICT DO NOTHING" if self._skip_present else text


def _storable(rows: Sequence[tuple[object, ...]]) -> Sequence[tuple[object, ...]]:
    """The rows without a NUL in their texts: PostgreSQL takes none, and one would hold up all others."""
    if _NUL not in _json(rows):  # nearly always, and told sooner than by every cell
        return rows
    return [
        tuple(cell.replace("\0", "\ufffd") if isinstance(cell, str) else cell for cell in row) for row in rows
    ]


def _number(truth: object) -> object:
    return int(truth) if isinstance(truth, bool) else truth
