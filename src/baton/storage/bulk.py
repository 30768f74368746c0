"""Many rows at once, past everything that costs time per row."""

from collections.abc import Sequence

from sqlalchemy import Dialect, Table, column, insert, table
from sqlalchemy.ext.asyncio import AsyncConnection


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
        text = self._texts.get(connection.dialect.name)
        if text is None:
            text = self._texts[connection.dialect.name] = self._compose(connection.dialect)
        result = await connection.exec_driver_sql(text, list(rows))
        return result.rowcount

    def _compose(self, dialect: Dialect) -> str:
        ordered = table(self._table.name, *(column(name, self._table.c[name].type) for name in self._columns))
        text = str(insert(ordered).compile(dialect=dialect, column_keys=self._columns))
        return f"{text} ON CONFLICT DO NOTHING" if self._skip_present else text
