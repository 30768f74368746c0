"""How each kind of database is opened: drivers, pragmas, the way a transaction begins."""

from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from baton.core.errors import Invalid
from baton.storage.settings import StorageSettings

WRITES = "baton_writes"
"""The execution option of connections that are going to write."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


def database_url(text: str) -> URL:
    """The URL with the driver that we use for its kind of database.

    Raises:
        Invalid: not a URL, a kind of database that we do not know, or SQLite without a file.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise _bad_url("it is not a URL such as sqlite:///baton.db") from error
    driver = _DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise _bad_url(f"{url.drivername} is none of sqlite, postgresql")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise _bad_url("SQLite needs a file, e.g. sqlite:///baton.db")
    return url.set(drivername=driver)


def make_engine(settings: StorageSettings, *, foreign_keys: bool = True) -> AsyncEngine:
    """An engine for the settings' URL; connects on first use.

    `foreign_keys` off is for migrations: SQLite alters a table by replacing it, which must not cascade.

    Raises:
        Invalid: as `database_url`, or the database's driver is not installed.
    """
    url = database_url(settings.url)
    if url.get_backend_name() != "sqlite":
        try:
            return create_async_engine(
                url,
                pool_timeout=settings.pool_timeout_s,
                pool_pre_ping=True,
                hide_parameters=True,  # what is in a row belongs in no log
                connect_args={
                    "timeout": settings.connect_timeout_s,
                    "server_settings": {
                        "application_name": settings.name,
                        "lock_timeout": str(int(settings.busy_timeout_s * 1000)),
                    },
                },
            )
        except ModuleNotFoundError as error:
            raise _bad_url(f"its driver is not installed; pip install {error.name}") from error
    engine = create_async_engine(
        url,
        pool_timeout=settings.pool_timeout_s,
        hide_parameters=True,
        # The driver shall begin nothing by itself: its own BEGIN comes late and is never IMMEDIATE.
        connect_args={"timeout": settings.busy_timeout_s, "isolation_level": None},
    )
    event.listen(engine.sync_engine, "connect", _pragmas(foreign_keys=foreign_keys))
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database, None for a server."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database)


class _Cursor(Protocol):
    def execute(self, operation: str) -> object: ...
    def close(self) -> None: ...


class _DriverConnection(Protocol):
    def cursor(self) -> _Cursor: ...


class _OnConnect(Protocol):
    def __call__(self, connection: _DriverConnection, record: object) -> None: ...


def _pragmas(*, foreign_keys: bool) -> _OnConnect:
    def on_connect(connection: _DriverConnection, record: object) -> None:  # noqa: ARG001  the event's shape
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.execute("PRAGMA journal_mode=WAL")  # readers and the writer do not wait for each other
        # In WAL mode NORMAL loses at most the last commits on power loss and never damages the file.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    return on_connect


def _begin(connection: Connection) -> None:
    """Writers take the lock first: one that reads, then upgrades, is refused where another was quicker."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bad_url(reason: str) -> Invalid:
    return Invalid(f"DATABASE_URL cannot be used: {reason}.", code="invalid_setting", param="DATABASE_URL")
