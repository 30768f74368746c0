"""Backups of a Baton that serves, and of a disk that takes no more."""

import asyncio
import resource
import sys
from pathlib import Path

import aiohttp
from sqlalchemy import text

from baton.app import database_url
from baton.settings import Settings
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.app.ground import backed_up, restored, settings_of
from tests.chaos.load import Load
from tests.conftest import bearer
from tests.crash.serving import KEY, Home, living, until
from tests.databases import Place

CALLERS = 4

_SUMS = text(
    "SELECT count(*) AS answers, count(DISTINCT interactions.id) AS ids,"
    " coalesce(sum(cost_nanos), 0) AS spent,"
    " coalesce((SELECT sum(cost_nanos) FROM attempts), 0) AS tried,"
    " (SELECT count(DISTINCT interaction_id) FROM attempts) AS begun FROM interactions"
)


async def test_a_backup_under_load_is_of_one_moment(place: Place, empty: Settings, tmp_path: Path) -> None:
    """Every answer that was given before it began is one row of what is restored, with its attempts, and the
    costs of both agree; no request fails meanwhile."""
    home = Home.of(tmp_path / "home", place.settings.url)
    settings = settings_of(tmp_path / "home", place.settings.url)
    load = Load(home.url)
    enough = asyncio.Event()
    statuses: set[int] = set()

    async def keep_asking(session: aiohttp.ClientSession, number: int) -> None:
        while not enough.is_set():
            statuses.add(await load.ask(session, number))

    async with (
        living(home),
        aiohttp.ClientSession(headers=bearer(KEY)) as session,
        asyncio.TaskGroup() as group,
    ):
        for number in range(CALLERS):
            group.create_task(keep_asking(session, number))
        await until(lambda: len(load.answered) > 50)
        before = len(load.answered)
        await backed_up(settings, tmp_path / "backup")
        await until(lambda: len(load.answered) > before + 20)
        enough.set()
    assert statuses == {200}
    assert (await restored(empty, tmp_path / "backup")).verdict.holds
    async with Database(StorageSettings(url=database_url(empty))) as database, database.read() as connection:
        sums = (await connection.execute(_SUMS)).one()
    assert before <= sums.answers <= len(load.answered)
    assert sums.answers == sums.ids == sums.begun
    assert sums.spent == sums.tried


async def test_a_full_disk_costs_the_backup_alone(place: Place, tmp_path: Path) -> None:
    """The command says so and leaves no file behind; with room there is a backup."""
    home = Home.of(tmp_path / "home", place.settings.url)
    async with living(home):
        for most, code in ((2048, 1), (resource.RLIM_INFINITY, 0)):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "baton.cli.main", "backup", str(tmp_path / "backup")),
                # Python itself would keep half of a module's bytecode, and stumble over it for ever.
                env=home.environment | {"PYTHONDONTWRITEBYTECODE": "1"},
                preexec_fn=lambda most=most: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY)
                ),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            _, err = await process.communicate()
            assert process.returncode == code, err.decode()
            assert (b"File too large" in err or b"not available" in err) is bool(code), err.decode()
            assert (tmp_path / "backup").exists() is not bool(code)
            assert not (tmp_path / "backup.part").exists()
