"""The tables and their versions."""

import asyncio
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from baton.core.errors import Unavailable
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.metadata import METADATA
from baton.storage.migration import configuration, migrate, newest
from baton.storage.settings import StorageSettings
from tests.storage.versions import lay


def test_the_head_that_the_start_compares_with_is_the_newest_migration() -> None:
    """`HEAD` names the last file in `migrations/versions`, and there is one line of them."""
    assert newest() == schema.HEAD
    assert len(ScriptDirectory.from_config(configuration()).get_heads()) == 1


async def test_the_migrated_tables_are_the_declared_ones(database: Database) -> None:
    """Autogenerate finds nothing to do on a migrated database, names of constraints included."""

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, METADATA))

    def unnamed(connection: Connection) -> list[str]:
        found = MetaData()
        found.reflect(connection)
        return [
            f"{table.name}: {constraint!r}"
            for table in found.tables.values()
            for constraint in table.constraints
            if constraint.name is None
        ]

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(unnamed) == []


async def test_migrations_can_be_taken_back(settings: StorageSettings) -> None:
    """Down to nothing and up again works, on a database with foreign keys."""
    from alembic import command

    async with Database(settings) as database:
        await schema.upgrade(database)
        async with database.migrate() as connection:
            await connection.run_sync(lambda plain: command.downgrade(configuration(plain), "base"))
        async with database.read() as connection:
            assert await connection.run_sync(_tables) == ["alembic_version"]
        assert await schema.upgrade(database)


async def test_only_a_first_start_migrates(settings: StorageSettings) -> None:
    """The second call finds the tables there and says so."""
    async with Database(settings) as database:
        assert await schema.upgrade(database)
        assert not await schema.upgrade(database)


async def test_a_start_on_a_current_database_does_not_load_alembic(
    settings: StorageSettings, database: Database
) -> None:
    """Its import would double the time of a start."""
    program = f"""
import asyncio, sys
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings

async def main():
    async with Database(StorageSettings(url={settings.url!r})) as database:
        assert not await schema.upgrade(database)

asyncio.run(main())
assert "alembic" not in sys.modules
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("version", [None, "0012"])
async def test_processes_that_start_together_migrate_once(
    settings: StorageSettings, version: str | None
) -> None:
    """Of several starts on one database, empty or older, exactly one migrates; the others wait and find it
    done."""
    if version is not None:
        async with Database(settings) as database:
            await lay(database, version)
    program = f"""
import asyncio, sys
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings

async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    async with Database(StorageSettings(url={settings.url!r}, busy_timeout_s=30.0)) as database:
        print(await schema.upgrade(database))

asyncio.run(main())
"""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert sorted(out for out, _ in said) == [b"False\n"] * 3 + [b"True\n"], said


async def test_a_newer_database_is_refused_and_left_alone(database: Database) -> None:
    """A revision that this version does not know is named as such, not 'repaired'."""
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable) as refusal:
        await schema.upgrade(database)
    assert refusal.value.code == "schema_unknown"
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "9999"


async def test_a_migration_that_fails_leaves_nothing_behind(settings: StorageSettings) -> None:
    """Tables and version are made in one transaction."""
    async with Database(settings) as database:

        async def migrate_and_fail() -> None:
            async with database.migrate() as connection:
                await connection.run_sync(migrate)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await migrate_and_fail()
        async with database.read() as connection:
            assert await connection.run_sync(_tables) == []


def _tables(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()
