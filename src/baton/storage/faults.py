"""Driver errors, put into our words where they leave this room."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from baton.core.errors import BatonError, Conflict, Invalid, Unavailable

_UNIQUE_VIOLATION = "23505"  # SQLSTATE; https://www.postgresql.org/docs/current/errcodes-appendix.html
_DATA_CLASS = "22"  # SQLSTATE: too long, out of range, not representable
_LOCK_NOT_AVAILABLE = "55P03"
_AWAY_CLASSES = ("08", "53", "57")  # SQLSTATE: connection lost, out of resources, operator intervention

_LOCKED = "the database is locked by another process"

# Result codes of https://www.sqlite.org/rescode.html
_SQLITE_DUPLICATE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: "the database is locked",
    sqlite3.SQLITE_READONLY: "the database cannot be written",
    sqlite3.SQLITE_IOERR: "the disk failed",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
    sqlite3.SQLITE_PROTOCOL: "the database's locks do not work on this file system",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
}
_PRIMARY_CODE = 0xFF  # the low byte of an extended result code


@contextmanager
def translated() -> Generator[None]:
    """Turn what the driver raises inside into our errors; what is our own mistake stays as it is.

    Raises:
        Unavailable: the database is away, locked, full or damaged; code `database_unavailable`.
        Conflict: a unique key exists already; code `duplicate`.
        Invalid: a value that the database does not take; code `refused_value`.
    """
    try:
        yield
    except DBAPIError as error:
        known = _of_driver(error)
        if known is None:
            raise
        raise known from error
    except PoolTimeout as error:
        raise away("every connection is in use") from error


def is_undecodable(error: DBAPIError) -> bool:
    """Whether a column of text holds what is no text, which SQLite allows. Python has no code for it."""
    return isinstance(error.orig, sqlite3.OperationalError) and not hasattr(error.orig, "sqlite_errorcode")


def _of_driver(error: DBAPIError) -> BatonError | None:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        if code in _SQLITE_DUPLICATE:
            return Conflict("This exists already.", code="duplicate")
        reason = _SQLITE_AWAY.get(code & _PRIMARY_CODE) if code is not None else None
    else:
        state = str(getattr(cause, "sqlstate", None) or "")
        if state == _UNIQUE_VIOLATION:
            return Conflict("This exists already.", code="duplicate")
        if state.startswith(_DATA_CLASS):  # SQLAlchemy has no class of its own for what asyncpg raises here
            return Invalid("The database takes no such value.", code="refused_value")
        reason = "it ended the connection" if state.startswith(_AWAY_CLASSES) else None
        if state == _LOCK_NOT_AVAILABLE:
            reason = _LOCKED
    if reason is None and error.connection_invalidated:
        reason = "the connection was lost"
    return None if reason is None else away(reason)


def away(reason: str) -> Unavailable:
    """The error for a database that cannot be had now; asking again may help."""
    return Unavailable(
        f"The database is not available: {reason}.", code="database_unavailable", retry_after_s=1.0
    )
