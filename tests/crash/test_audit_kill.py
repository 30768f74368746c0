"""Many writers, several processes, kill -9: the chain holds, and what was committed is in it."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import Process

from sqlalchemy import select

from baton.records.audit.tables import AUDIT_ENTRIES
from baton.records.audit.verdict import Verdict
from baton.records.audit.verification import Verification
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.databases import Place
from tests.records.audit.keeping import KEYS, SCRIBE

KILLS = 10


async def begin(url: str) -> None:
    """The tables, and a chain that has begun."""
    async with Database(StorageSettings(url=url)) as database:
        await schema.upgrade(database)
        await SCRIBE.begin(database, 0)


async def writing(url: str, name: str, count: int) -> Process:
    """A process of eight writers."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.auditing",
        url,
        name,
        str(count),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


async def examined(url: str) -> tuple[Verdict, list[str]]:
    """What an examination says, and the keys that are there."""
    async with Database(StorageSettings(url=url)) as database:
        verdict = await Verification(database, KEYS).run()
        async with database.read() as connection:
            keys = (await connection.execute(select(AUDIT_ENTRIES.c.key))).scalars().all()
    return verdict, list(keys)


async def test_sixteen_writers_in_two_processes_make_one_chain(place: Place) -> None:
    """Each commit is in it once, nothing that was rolled back is, and all of it verifies."""
    url = place.settings.url
    await begin(url)
    processes = [await writing(url, name, 20) for name in ("a", "b")]
    told = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    committed = [key for out, _ in told for key in out.decode().split()]
    verdict, keys = await examined(url)
    assert verdict.holds, verdict.breaks
    assert sorted(keys) == sorted(committed)
    assert len(committed) > 200


async def test_ten_kills_leave_a_chain_that_holds(place: Place) -> None:
    """Two processes at once, both killed in the middle of their writes; what they told of is there."""
    url = place.settings.url
    await begin(url)
    told: set[str] = set()
    for seed in range(KILLS // 2):
        rng = random.Random(seed)
        processes = [await writing(url, f"{name}{seed}-", 0) for name in ("a", "b")]
        for process in processes:
            assert process.stdout is not None
            for _ in range(rng.randint(1, 60)):
                told.add((await process.stdout.readline()).decode().strip())
        for process in processes:
            process.kill()
        for process in processes:
            rest, _ = await process.communicate()
            told.update(
                line.decode().strip() for line in rest.splitlines(keepends=True) if line.endswith(b"\n")
            )
        verdict, keys = await examined(url)
        assert verdict.holds, (seed, verdict.breaks)
        assert told <= set(keys), seed
        assert len(set(keys)) == len(keys)
