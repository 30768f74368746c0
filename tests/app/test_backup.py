"""A backup is everything; restored it is what it was, whichever kind of database it came from and goes to."""

from pathlib import Path

from baton.app import database_url
from baton.settings import Settings
from tests.app.ground import ask, backed_up, kept, restored, rows_of, settings_of
from tests.conftest import StartBaton
from tests.databases import Place


async def test_what_was_backed_up_is_what_is_restored(
    start_baton: StartBaton, place: Place, empty: Settings, tmp_path: Path
) -> None:
    """From and to either kind of database: every row of every table, the keys, and an audit that holds."""
    home = tmp_path / "home"
    first = await start_baton({"DATABASE_URL": place.settings.url}, data_dir=home)
    await ask(first, first.key, 5)
    assert await first.app.ledger.flush(20.0)
    settings = settings_of(home, place.settings.url)
    manifest = await backed_up(settings, tmp_path / "backup")
    done = await restored(empty, tmp_path / "backup")
    assert done.verdict.holds
    before = kept(await rows_of(place.settings.url))
    assert kept(await rows_of(database_url(empty))) == before
    assert len(before["interactions"]) == 5
    assert manifest.rows > sum(map(len, before.values()))
    second = await start_baton({"DATABASE_URL": database_url(empty)}, data_dir=empty.data_dir)
    await ask(second, first.key)
    assert second.key == ""
