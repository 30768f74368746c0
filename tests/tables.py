"""The tables, without running every migration for each test: once for each process of the tests is enough."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings


def lay_tables(folder: Path) -> None:
    """Put an SQLite database where an installation in that folder looks for it, if there is none."""
    file = folder / "baton.db"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(_tables())


def migrate(url: str) -> None:
    """Put the tables into an empty database; in a thread, because who asks may have a loop that runs."""

    async def upgrade() -> None:
        async with Database(StorageSettings(url=url)) as database:
            await schema.upgrade(database)

    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, upgrade()).result()


@cache
def _tables() -> bytes:
    """An SQLite file with the tables and nothing in them."""
    with TemporaryDirectory(prefix="baton-tables-") as folder:
        file = Path(folder) / "baton.db"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()
