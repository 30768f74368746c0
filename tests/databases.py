"""A database of each kind, and what others do to it meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from baton.storage.settings import StorageSettings
from tests.postgres import Postgres
from tests.tables import lay_tables, migrate

KINDS = ("sqlite", "postgresql")


class Place(Protocol):
    """Where a test's database is."""

    @property
    def settings(self) -> StorageSettings:
        """For those who open it; short waits for locks."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Another process is in the middle of a long write."""
        ...

    def away(self) -> AbstractContextManager[None]:
        """Nobody can write, whatever they do."""
        ...

    def execute(self, statement: str) -> None:
        """Another process does something, and has done it."""
        ...


class SqliteFile:
    """In a folder of its own, which may not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "baton.db"
        self.settings = StorageSettings(url=f"sqlite:///{self._path}", busy_timeout_s=0.05)

    def locked(self) -> AbstractContextManager[None]:
        return self._locked("BEGIN IMMEDIATE")

    def away(self) -> AbstractContextManager[None]:
        return self._locked("BEGIN EXCLUSIVE")

    def execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute(statement)

    @contextmanager
    def _locked(self, begin: str) -> Iterator[None]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute(begin)
            yield
            connection.execute("ROLLBACK")


class OnServer:
    """On a server."""

    def __init__(self, server: Postgres, like: str | None = None) -> None:
        """`like`: the URL of what it begins as a copy of; None: empty."""
        self._server = server
        self.settings = StorageSettings(
            url=server.new_database(like), busy_timeout_s=0.05, connect_timeout_s=5.0
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._server.shell(self.settings.url) as shell:
            assert shell.stdin is not None
            assert shell.stdout is not None
            shell.stdin.write("BEGIN; SELECT 'locked' FROM pg_advisory_xact_lock(7024132);\n")
            shell.stdin.flush()
            while "locked" not in shell.stdout.readline():
                pass
            yield

    @contextmanager
    def away(self) -> Iterator[None]:
        self._server.stop()
        try:
            yield
        finally:
            self._server.start()

    def execute(self, statement: str) -> None:
        with self._server.shell(self.settings.url) as shell:
            out, _ = shell.communicate(statement)
        assert shell.returncode == 0, out


@pytest.fixture(scope="session")
def postgres_tables(postgres: Postgres) -> str:
    """The URL of a database to copy."""
    url = postgres.new_database()
    migrate(url)
    return url


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A database with the tables and nothing in them; the tests that ask for it run once on each kind."""
    if request.param == "postgresql":
        return OnServer(request.getfixturevalue("postgres"), request.getfixturevalue("postgres_tables"))
    lay_tables(tmp_path / "data")
    return SqliteFile(tmp_path / "data")


@pytest.fixture(params=KINDS)
def bare_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The same without tables; SQLite's file and its folder do not exist yet."""
    if request.param == "postgresql":
        return OnServer(request.getfixturevalue("postgres"))
    return SqliteFile(tmp_path / "data")
