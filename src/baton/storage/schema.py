"""The version of the tables, and bringing a database up to it at first start."""

from sqlalchemy import Connection, inspect, text

from baton.storage.database import Database

HEAD = "0016"
"""The newest migration; a test holds it to what lies in `migrations/versions`."""


async def stored_version(database: Database) -> str | None:
    """The version of the tables that are there; None: there are none yet.

    Raises:
        Unavailable: the database is away.
    """
    async with database.read() as connection:
        return await connection.run_sync(_version)


async def upgrade(database: Database) -> bool:
    """Bring the tables to `HEAD`; whether anything had to be done.

    Several processes may call it at once: one does it, the others wait and find it done.

    Raises:
        Unavailable: the database is away, or was made by a newer Baton; then code `schema_unknown`.
    """
    if await stored_version(database) == HEAD:
        return False
    async with database.migrate() as connection:
        if await connection.run_sync(_version) == HEAD:
            return False
        await connection.run_sync(_migrate)
    return True


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _migrate(connection: Connection) -> None:
    """One of the few lazy imports: Alembic is slow to load and hardly ever needed."""
    from baton.storage.migration import migrate  # noqa: PLC0415

    migrate(connection)
