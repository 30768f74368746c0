"""A database of any earlier version, with rows in it, becomes one of this version."""

import pytest
from sqlalchemy import text

from baton.core.errors import Unavailable
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.migration import revisions
from tests.databases import Place
from tests.storage.versions import Rows, Shape, lay, missing, older, shape, write


async def test_every_version_is_carried_forward_with_all_its_rows(bare_place: Place) -> None:
    """A row written to each table at each version is there, unchanged, at every later one; and who still
    writes the rows of an earlier version can do so at every later one."""
    written: Rows = []
    shapes: list[Shape] = []
    async with Database(bare_place.settings) as database:
        for number, revision in enumerate(revisions(), 1):
            written += await lay(database, revision, number)
            async with database.write() as connection:
                for at, each in enumerate(shapes, 1):
                    written += await connection.run_sync(write, 100 * number + at, each)
                shapes.append(await connection.run_sync(shape))
            async with database.read() as connection:
                assert await connection.run_sync(missing, written) == [], revision
        assert not await schema.upgrade(database)


@pytest.mark.parametrize("revision", older())
async def test_an_upgrade_takes_any_version_to_the_newest(bare_place: Place, revision: str) -> None:
    """At once, as a start does it."""
    async with Database(bare_place.settings) as database:
        written = await lay(database, revision)
        assert await schema.upgrade(database)
        async with database.read() as connection:
            assert await connection.run_sync(missing, written) == []


async def test_an_upgrade_that_fails_half_way_leaves_what_was_there(bare_place: Place) -> None:
    """Version, tables and rows are the old ones, and who started it is told so in a sentence."""
    before = "0014"
    async with Database(bare_place.settings) as database:
        written = await lay(database, before)
        async with database.migrate() as connection:  # 0016 wants to make it, 0015 does well
            await connection.execute(text("CREATE TABLE user_choices (id INTEGER)"))
        async with database.read() as connection:
            there = await connection.run_sync(shape)
        with pytest.raises(Unavailable, match=f"from version {before} .* still of that version") as refusal:
            await schema.upgrade(database)
        assert refusal.value.code == "migration_failed"
        async with database.read() as connection:
            assert await connection.run_sync(schema.version_of) == before
            assert await connection.run_sync(shape) == there
            assert await connection.run_sync(missing, written) == []
        async with database.migrate() as connection:
            await connection.execute(text("DROP TABLE user_choices"))
        assert await schema.upgrade(database)
