"""A process of many writers: each changes one thing after the other, and tells which changes are committed.

Started with the database's URL, a name, and how many changes each of `WRITERS` makes; 0: until it is killed.
Some changes are undone before they are committed, some say things of a person, some have several rows. Writes
to its standard output one line per row that is committed: its key.
"""

import asyncio
import os
import random
import sys
from contextlib import suppress

from baton.core.errors import Unavailable
from baton.records.audit.entry import Actor, Change
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.records.audit.keeping import SCRIBE

WRITERS = 8
_UNDONE = 0.2


class Undone(Exception):
    """A change that does not come to its end."""


def change(key: str, rng: random.Random) -> Change:
    """Something was renamed, perhaps a person."""
    person = rng.choice((None, "u-ada", "u-bob", f"u-{key}"))
    personal = frozenset[str]() if person is None else frozenset({"name"})
    body = '{"name":"somebody"}'
    return Change(
        action="update", kind="thing", key=key, before=body, after=body, person=person, personal=personal
    )


async def write(database: Database, name: str, count: int) -> None:
    """One change after the other, in transactions with the database's own lock and without it."""
    rng = random.Random(name)
    n = 0
    while count == 0 or n < count:
        keys = [f"{name}-{n + more}" for more in range(rng.randint(1, 3))]
        n += len(keys)
        actor = Actor(id=f"u-{name[0]}", source=rng.choice(("cli", "192.0.2.1")))
        begin = rng.choice((database.write, database.append))
        with suppress(Undone, Unavailable):
            async with begin() as connection:
                await SCRIBE.append(connection, actor, n, [change(key, rng) for key in keys])
                if rng.random() < _UNDONE:
                    raise Undone
            os.write(sys.stdout.fileno(), "".join(f"{key}\n" for key in keys).encode())


async def main(url: str, name: str, count: int) -> None:
    """All writers side by side."""
    settings = StorageSettings(url=url, busy_timeout_s=30.0)
    async with Database(settings) as database, asyncio.TaskGroup() as group:
        for n in range(WRITERS):
            group.create_task(write(database, f"{name}{n}", count))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
