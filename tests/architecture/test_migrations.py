"""What a migration may do: an older process goes on working beside the new one, on the new tables."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.engine import Inspector

from baton.storage.metadata import METADATA
from baton.storage.migration import migrate, revisions
from tests.storage.versions import older

Columns = dict[str, Any]
Schema = dict[str, tuple[Columns, set[tuple[str, ...]]]]
"""Each table's columns by name, and the sets of columns that are unique in it."""


@pytest.fixture(scope="module")
def schemas() -> dict[str, Schema]:
    """The tables at each version."""
    found: dict[str, Schema] = {}
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        for revision in revisions():
            migrate(connection, revision)
            found[revision] = _schema(connection)
    engine.dispose()
    return found


@pytest.mark.parametrize(("before", "after"), list(pairwise(revisions())))
def test_a_migration_only_adds(schemas: dict[str, Schema], before: str, after: str) -> None:
    """No table, no column goes, is renamed or becomes narrower; what is new in a table that was there may be
    left out by who does not know it. What has to go goes a release after nobody uses it any more: with an
    exception here that says so."""
    wrong: list[str] = []
    for table, (columns, unique) in schemas[before].items():
        if table not in schemas[after]:
            wrong.append(f"{table} is gone")
            continue
        now, unique_now = schemas[after][table]
        wrong += [f"{table}.{name} is gone" for name in columns.keys() - now.keys()]
        for name, column in now.items():
            wrong += _narrowed(f"{table}.{name}", columns.get(name), column)
        wrong += [
            f"{table}: {names} have become unique"
            for names in unique_now - unique
            if set(names) <= columns.keys()
        ]
    assert wrong == []


def test_every_table_that_ever_was_is_backed_up(schemas: dict[str, Schema]) -> None:
    """A backup is of the declared tables: one that is declared no more would be left out of an older
    database's."""
    assert {table for each in schemas.values() for table in each} == set(METADATA.tables)
    assert set(schemas) > set(older())


def _narrowed(name: str, before: Any, now: Any) -> list[str]:
    if before is None:
        free = now["nullable"] or now["default"] is not None
        return [] if free else [f"{name} must be given a value, and older processes give it none"]
    wrong = [f"{name} is of another type"] if str(before["type"]) != str(now["type"]) else []
    if before["nullable"] and not now["nullable"]:
        wrong.append(f"{name} takes no NULL any more")
    if before["default"] is not None and now["default"] is None:
        wrong.append(f"{name} has lost its default")
    return wrong


def _schema(connection: Connection) -> Schema:
    looking = inspect(connection)
    return {
        name: ({column["name"]: column for column in looking.get_columns(name)}, _unique(looking, name))
        for name in looking.get_table_names()
        if name != "alembic_version"
    }


def _unique(looking: Inspector, table: str) -> set[tuple[str, ...]]:
    constraints = [each["column_names"] for each in looking.get_unique_constraints(table)]
    indexes = [each["column_names"] for each in looking.get_indexes(table) if each["unique"]]
    return {tuple(str(name) for name in names) for names in (*constraints, *indexes)}
