"""The version of the tables, and bringing a database up to it at first start."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.errors import Conflict, Unavailable
from baton.storage.database import Database

HEAD = "0028"
"""The newest migration; a test holds it to what lies in `migrations/versions`."""


async def stored_version(database: Database) -> str | None:
    """The version of the tables that are there; None: there are none yet.

    Raises:
        Unavailable: the database is away.
    """
    async with database.read() as connection:
        return await connection.run_sync(version_of)


async def upgrade(database: Database) -> bool:
    """Bring the tables to `HEAD`; whether anything had to be done.

    Several processes may call it at once: one does it, the others wait and find it done.

    Raises:
        Unavailable: the database is away, or was made by a newer Baton (code `schema_unknown`), or cannot be
            brought there (code `migration_failed`) and is as it was.
    """
    before = await stored_version(database)
    if before == HEAD:
        return False
    try:
        async with database.migrate() as connection:
            if await connection.run_sync(version_of) == HEAD:
                return False
            await connection.run_sync(_migrate)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise Unavailable(
            f"The tables could not be brought from version {before} to {HEAD} and are still of that version,"
            f" with all that is in them: {reason}.",
            code="migration_failed",
        ) from error
    return True


async def knows(revision: str) -> bool:
    """Whether tables of that version can be brought to `HEAD`; a newer Baton's cannot."""
    return revision == HEAD or await asyncio.to_thread(_known, revision)


async def lay_tables(
    database: Database, revision: str, fill: Callable[[AsyncConnection], Awaitable[None]]
) -> None:
    """Make the tables of a known version, have them filled, and bring them to `HEAD`, all in one transaction.

    Raises:
        Unavailable: the database is away.
        Conflict: there are tables already; code `database_in_use`.
    """
    async with database.migrate() as connection:
        if await connection.run_sync(version_of) is not None:
            raise Conflict("The database has tables already.", code="database_in_use")
        await connection.run_sync(_migrate, revision)
        await fill(connection)
        await connection.run_sync(_migrate)


def version_of(connection: Connection) -> str | None:
    """As `stored_version`, in the state that a connection sees."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _migrate(connection: Connection, to: str = HEAD) -> None:
    """One of the few lazy imports: Alembic is slow to load and hardly ever needed."""
    from baton.storage.migration import migrate  # noqa: PLC0415

    migrate(connection, to)


def _known(revision: str) -> bool:
    from baton.storage.migration import revisions  # noqa: PLC0415  as `_migrate`

    return revision in revisions()
