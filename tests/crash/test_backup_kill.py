"""kill -9 of backups, of restores, and of the server that is backed up."""

import asyncio
import sys
from pathlib import Path

import aiohttp

from baton.app import database_url
from baton.app.kept import UNFINISHED_FILE
from baton.settings import Settings
from tests.app.ground import backed_up, kept, restored, rows_of, settings_of
from tests.chaos.load import Load
from tests.conftest import bearer
from tests.crash.serving import KEY, Home, living, until
from tests.databases import Place


async def killed_once(home: Home, there: Path, pause_s: float, *words: str) -> int:
    """A command that is killed so long after a file is there, if it still lives; its exit code."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baton.cli.main", *words),
        env=home.environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await until(lambda: there.exists() or process.returncode is not None)
    await asyncio.sleep(pause_s)
    if process.returncode is None:
        process.kill()
    return await process.wait()


async def test_kills_leave_no_half_backup_and_no_half_restore(
    place: Place, empty: Settings, tmp_path: Path
) -> None:
    """A backup that was killed is no file; a server that was killed with rows in its journal loses none of
    them; a restore that was killed at any moment is ended by the same command."""
    home = Home.of(tmp_path / "home", place.settings.url)
    load = Load(home.url)
    async with living(home) as process, aiohttp.ClientSession(headers=bearer(KEY)) as session:
        with place.away():
            for _ in range(20):
                assert await load.ask(session, 0) == 200
            process.kill()
            await process.wait()
    path = tmp_path / "backup.tar.gz"
    code = await killed_once(home, tmp_path / "backup.tar.gz.part", 0.0, "backup", str(path))
    assert path.exists() is (code == 0)
    path.unlink(missing_ok=True)
    manifest = await backed_up(settings_of(tmp_path / "home", place.settings.url), path)
    assert any(member.name.startswith("journal/") for member in manifest.members)
    other = Home.of(empty.data_dir, database_url(empty))
    note = empty.data_dir / UNFINISHED_FILE
    codes = [await killed_once(other, note, pause_s, "restore", str(path)) for pause_s in (0.0, 0.1)]
    if note.exists():
        assert (await restored(empty, path)).verdict.holds
    assert -9 in codes
    async with living(other):  # who was killed at its very end left the journals to the next start
        journal = empty.data_dir / "journal"
        await until(lambda: len([each for each in journal.iterdir() if each.name[0] != "."]) == 1)
    rows = kept(await rows_of(database_url(empty)))
    answered = {str(dict(row)["id"]) for row in rows["interactions"] if dict(row)["status"] == "ok"}
    assert answered == set(load.answered)
    assert not note.exists()
