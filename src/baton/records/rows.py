"""Records as rows: the SQL of this room."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.errors import Conflict
from baton.records.kind import Origin
from baton.records.tables import RECORD_HISTORY, RECORDS


class RecordRow(Struct, frozen=True, kw_only=True):
    """One revision, its value still JSON."""

    kind: str
    key: str
    revision: int
    body: str
    deleted: bool
    changed_at_ms: int
    changed_by: str
    origin: Origin


class State(Struct, frozen=True, kw_only=True):
    """What a new revision shall say."""

    body: str
    deleted: bool = False
    origin: Origin = Origin.ADMIN


class Step(Struct, frozen=True, kw_only=True):
    """From one revision to the next, and what the audit calls it. `before` None: the first of its key."""

    action: str
    before: RecordRow | None
    after: RecordRow


def moved(key: str, expected: int, current: RecordRow) -> Conflict:
    """The refusal for who wanted to change a revision that is no longer the current one."""
    state = "deleted" if current.deleted else f"at revision {current.revision}"
    return Conflict(
        f"'{key}' was changed meanwhile: it is {state}, not at revision {expected}. Read it again first.",
        code="revision_conflict",
    )


async def current(connection: AsyncConnection, kind: str, key: str) -> RecordRow | None:
    """The current revision of one key, deleted or not."""
    query = select(RECORDS).where(RECORDS.c.kind == kind, RECORDS.c.key == key)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _row(row)


async def all_current(connection: AsyncConnection, kind: str) -> dict[str, RecordRow]:
    """The current revisions of a kind by key, in the order of their keys, deleted ones included."""
    query = select(RECORDS).where(RECORDS.c.kind == kind).order_by(RECORDS.c.key)
    return {row.key: row for row in map(_row, (await connection.execute(query)).mappings())}


async def revision(connection: AsyncConnection, kind: str, key: str, number: int) -> RecordRow | None:
    """One revision of one key."""
    table = RECORD_HISTORY.c
    query = select(RECORD_HISTORY).where(table.kind == kind, table.key == key, table.revision == number)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _row(row)


async def history(connection: AsyncConnection, kind: str, key: str) -> list[RecordRow]:
    """Every revision of one key, newest first."""
    table = RECORD_HISTORY.c
    query = select(RECORD_HISTORY).where(table.kind == kind, table.key == key).order_by(table.revision.desc())
    return [_row(row) for row in (await connection.execute(query)).mappings()]


async def touched(connection: AsyncConnection, kind: str, key: str) -> bool:
    """Whether anybody but seeds ever changed one key."""
    table = RECORD_HISTORY.c
    query = select(table.revision).where(
        table.kind == kind, table.key == key, table.origin != Origin.SEED.value
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def store(connection: AsyncConnection, steps: Sequence[Step]) -> None:
    """Make the steps' ends the current revisions.

    Raises:
        Conflict: the current revision is not the one a step begins at.
    """
    fresh = [_values(step.after) for step in steps if step.before is None]
    if fresh:
        await connection.execute(insert(RECORDS), fresh)
    for step in steps:
        if step.before is not None:
            await _replace(connection, step.before, step.after)
    await connection.execute(insert(RECORD_HISTORY), [_values(step.after) for step in steps])


async def _replace(connection: AsyncConnection, before: RecordRow, after: RecordRow) -> None:
    table = RECORDS.c
    statement = (
        update(RECORDS)
        .where(table.kind == before.kind, table.key == before.key, table.revision == before.revision)
        .values(_values(after))
    )
    if (await connection.execute(statement)).rowcount != 1:
        raise moved(before.key, before.revision, await current(connection, before.kind, before.key) or before)


def _row(row: RowMapping) -> RecordRow:
    return RecordRow(
        kind=row["kind"],
        key=row["key"],
        revision=row["revision"],
        body=row["body"],
        deleted=row["deleted"],
        changed_at_ms=row["changed_at_ms"],
        changed_by=row["changed_by"],
        origin=Origin(row["origin"]),
    )


def _values(row: RecordRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}
