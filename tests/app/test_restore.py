"""A restore is all or nothing, and nothing where the backup or the place is not right."""

import asyncio
import gzip
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from baton.access.identity.secret import ROOT_FILE
from baton.app import database_url, open_store
from baton.app.kept import UNFINISHED_FILE
from baton.core.errors import BatonError, Conflict, Invalid, Unavailable
from baton.settings import Settings
from baton.storage import schema
from baton.storage.archive.reader import Archive
from baton.storage.archive.writer import ArchiveWriter
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.app.ground import ask, backed_up, kept, restored, rows_of, settings_of
from tests.conftest import StartBaton
from tests.databases import Place
from tests.storage.versions import lay, missing

SECRET = "a-secret-from-the-environment"


@pytest.fixture
async def home(start_baton: StartBaton, tmp_path: Path) -> Settings:
    """An installation with something in it."""
    baton = await start_baton(data_dir=tmp_path / "home")
    await ask(baton, baton.key, 2)
    assert await baton.app.ledger.flush(20.0)
    return settings_of(tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'baton.db'}")


@pytest.fixture
async def backup(home: Settings, tmp_path: Path) -> Path:
    """A backup of it."""
    await backed_up(home, tmp_path / "backup.tar.gz")
    return tmp_path / "backup.tar.gz"


def rewritten(path: Path, **origin: Any) -> Path:
    """A backup that says other things of its origin."""
    archive = Archive(path)
    manifest = archive.examine()
    other = path.with_name("other.tar.gz")
    with other.open("wb") as file, ArchiveWriter(file, 0.0) as writer:
        for name, data in archive.members(manifest):
            writer.add(name, data)
        writer.finish(msgspec.structs.replace(manifest.origin, **origin), manifest.tables)
    return other


async def untouched(empty: Settings, *files: str) -> bool:
    """Whether there is nothing but these files, and no table."""
    there = {path.name for path in empty.data_dir.glob("*")} if empty.data_dir.exists() else set[str]()
    rows = await rows_of(database_url(empty))
    return not rows and {name for name in there if not name.startswith("baton.db")} == set(files)


def damage(path: Path) -> str | None:
    """The code of what an examination finds."""
    try:
        Archive(path).examine()
    except Invalid as error:
        return error.code
    return None


def unpack(data: bytes) -> bytes | None:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


async def refusal(empty: Settings, path: Path) -> BatonError:
    with pytest.raises(BatonError) as refused:
        await restored(empty, path)
    return refused.value


async def test_a_damaged_backup_is_refused_untouched(backup: Path, empty: Settings) -> None:
    """Cut off anywhere, or with any byte of it changed: it is found out before anything is touched.

    Unless a byte packs the same in another way (zeros from a zero further back), and nothing has changed.
    """
    whole = await asyncio.to_thread(backup.read_bytes)
    unpacked = gzip.decompress(whole)
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :]):
            await asyncio.to_thread(backup.write_bytes, data)
            found = await asyncio.to_thread(damage, backup)
            assert found == "backup_damaged" or (len(data), unpack(data)) == (len(whole), unpacked), at
    await asyncio.to_thread(backup.write_bytes, whole[:-1])
    assert (await refusal(empty, backup)).code == "backup_damaged"
    assert await untouched(empty)


async def test_rows_that_somebody_changed_are_found_out(backup: Path, empty: Settings) -> None:
    """Also where the file is packed well."""
    plain = gzip.decompress(await asyncio.to_thread(backup.read_bytes))
    assert plain.count(b"simulated") > 2
    changed = gzip.compress(plain.replace(b"simulated", b"Simulated", 1))
    await asyncio.to_thread(backup.write_bytes, changed)
    refused = await refusal(empty, backup)
    assert (refused.code, "is not what was written" in refused.message) == ("backup_damaged", True)
    assert await untouched(empty)


async def test_a_newer_backup_is_refused_with_the_reason(backup: Path, empty: Settings) -> None:
    """Which Baton made it, its version of the tables, and what this one knows."""
    newer = await asyncio.to_thread(rewritten, backup, revision="9999", version="9.1.0")
    refused = await refusal(empty, newer)
    assert refused.code == "backup_unknown"
    assert "9.1.0" in refused.message
    assert "9999" in refused.message
    assert schema.HEAD in refused.message
    assert await untouched(empty)


async def test_a_place_that_is_in_use_is_left_alone(
    backup: Path, home: Settings, empty: Settings, tmp_path: Path
) -> None:
    """Whether its folder or its database has something in it."""
    before = kept(await rows_of(database_url(home)))
    for settings in (
        settings_of(home.data_dir, database_url(empty)),
        settings_of(empty.data_dir, database_url(home)),
    ):
        refused = await refusal(settings, backup)
        assert isinstance(refused, Conflict)
        assert refused.code == "place_in_use"
    assert kept(await rows_of(database_url(home))) == before
    assert await untouched(empty)


async def test_a_backup_without_the_secret_wants_the_right_one(
    home: Settings, empty: Settings, tmp_path: Path
) -> None:
    """None, or another one, is refused: no key would be good, and the audit would not hold. The file that
    belongs to it may be there, or its content in the environment."""
    path = tmp_path / "backup"
    manifest = await backed_up(home, path, with_secret=False)
    assert not {"files/secret.key", "files/first-admin-key"} & {each.name for each in manifest.members}
    assert (await refusal(empty, path)).code == "wrong_secret"
    other = settings_of(empty.data_dir, database_url(empty), secret_key=SECRET)
    assert (await refusal(other, path)).code == "wrong_secret"
    assert await untouched(empty)
    empty.data_dir.mkdir(exist_ok=True)
    secret = await asyncio.to_thread((home.data_dir / ROOT_FILE).read_bytes)
    await asyncio.to_thread((empty.data_dir / ROOT_FILE).write_bytes, secret)
    assert (await restored(empty, path)).verdict.holds


async def test_a_secret_of_the_environment_is_in_no_backup(empty: Settings, tmp_path: Path) -> None:
    """Who restores it has to have it."""
    home = settings_of(tmp_path / "home", f"sqlite:///{tmp_path / 'home.db'}", secret_key=SECRET)
    async with open_store(home):
        pass
    path = tmp_path / "backup"
    await backed_up(home, path)
    assert SECRET.encode() not in gzip.decompress(await asyncio.to_thread(path.read_bytes))
    assert (await refusal(empty, path)).code == "wrong_secret"
    place = settings_of(empty.data_dir, database_url(empty), secret_key=SECRET)
    assert (await restored(place, path)).verdict.holds


async def test_an_older_database_is_backed_up_as_it_is_and_restored_as_a_new_one(
    bare_place: Place, empty: Settings, tmp_path: Path
) -> None:
    """The database keeps its version, so that an upgrade can be taken back; the restored one has every
    row, those of the audit hung into its chain."""
    home = settings_of(tmp_path / "home", bare_place.settings.url)
    (tmp_path / "home").mkdir()
    async with Database(bare_place.settings) as database:
        written = await lay(database, "0012")
        manifest = await backed_up(home, tmp_path / "backup")
        assert manifest.origin.revision == await schema.stored_version(database) == "0012"
    done = await restored(empty, tmp_path / "backup")
    assert (done.manifest, done.verdict.holds) == (manifest, True)
    async with Database(StorageSettings(url=database_url(empty))) as database:
        assert await schema.stored_version(database) == schema.HEAD
        async with database.read() as connection:
            gone = await connection.run_sync(missing, written)
    assert [table for table, _ in gone] == ["audit_entries"]
    assert done.verdict.older_rows == 1


async def test_nothing_starts_on_half_a_restore(empty: Settings) -> None:
    """The note that a restore leaves behind where it is cut off keeps every start away."""
    empty.data_dir.mkdir(exist_ok=True)
    await asyncio.to_thread((empty.data_dir / UNFINISHED_FILE).write_bytes, b"of some backup")
    with pytest.raises(Unavailable) as refused:
        async with open_store(empty):
            pass
    assert refused.value.code == "restore_unfinished"


async def test_a_restore_that_fails_leaves_nothing_behind(backup: Path, empty: Settings) -> None:
    """Such as where the database takes not every row: its files are gone again, too."""
    refused = await refusal(empty, await asyncio.to_thread(_with_a_row_twice, backup))
    assert refused.code in ("duplicate", "refused_value")
    assert await untouched(empty)
    assert (await restored(empty, backup)).verdict.holds


def _with_a_row_twice(path: Path) -> Path:
    archive = Archive(path)
    manifest = archive.examine()
    other = path.with_name("other.tar.gz")
    with other.open("wb") as file, ArchiveWriter(file, 0.0) as writer:
        for name, data in archive.members(manifest):
            writer.add(name, data * 2 if name.startswith("tables/users") else data)
        writer.finish(manifest.origin, manifest.tables)
    return other
