"""Workers that come and go: versions of recipes, and what is taken over."""

from pathlib import Path

import pytest
from msgspec import Raw

from baton.core.errors import Invalid
from baton.pipelines.engine.recipe import Cookbook, Recipe
from baton.pipelines.engine.run import EventKind, RunState, Verdict, json
from baton.pipelines.engine.running import Running
from tests.databases import Place, SqliteFile
from tests.pipelines.engine.conftest import STEPS, USER, WORDS, end, seen, wish, words, worker
from tests.pipelines.engine.cooking import COOKBOOK, Brief, Text, brand, ended, lines
from tests.tables import lay_tables


@pytest.fixture
def url(place: Place) -> str:
    """Of a database with a user, once of each kind."""
    place.execute(USER)
    return place.settings.url


async def other(run: Running, given: Raw) -> Text:
    """The same in another way: it would be told from the first."""
    made = await brand(run, given)
    return Text(f"new {made.words}")


async def test_a_run_ends_on_the_version_that_it_began_with(url: str, brief: Brief) -> None:
    """Who knows a newer version finishes what an older one began, and begins new runs with its own."""
    async with worker(url) as runs:
        run_id = await runs.start(wish(brief, gate=True))
        await seen(runs, run_id, EventKind.WAITING)
    newer = Cookbook([Recipe("brand", 2, other), Recipe("brand", 1, brand)])
    async with worker(url, newer) as runs:
        await runs.decide(run_id, "agreed", Verdict(True, "u1"))
        assert words(await end(runs, run_id)) == WORDS
        assert words(await end(runs, await runs.start(wish(brief)))) == f"new {WORDS}"


async def test_a_recipe_that_nobody_knows_any_more_fails_plainly(url: str, brief: Brief) -> None:
    """Nobody waits for ever for a version that was thrown away too soon."""
    async with worker(url) as runs:
        run_id = await runs.start(wish(brief, gate=True))
        await seen(runs, run_id, EventKind.WAITING)
    async with worker(url, Cookbook([Recipe("brand", 2, other)])) as runs:
        await runs.decide(run_id, "agreed", Verdict(True, "u1"))
        shown = await end(runs, run_id)
    assert shown.state is RunState.FAILED
    assert shown.failure is not None
    assert shown.failure.code == "recipe_unknown"


async def test_a_worker_that_leaves_is_followed_at_once(url: str, brief: Brief) -> None:
    """It lets go of what is under way; the next one does the interrupted steps again, under the same keys,
    and no other."""
    async with worker(url) as runs:
        run_id = await runs.start(wish(brief, pause_s=0.3))
        await seen(runs, run_id, "step_began", "digest 0")
    async with worker(url) as runs:
        assert words(await end(runs, run_id)) == WORDS
    assert len(ended(brief.log)) == len(set(ended(brief.log))) == STEPS
    keys = {line[2] for line in lines(brief.log)}
    assert len(keys) == STEPS


async def test_who_has_the_database_alone_reads_nothing(tmp_path: Path, brief: Brief) -> None:
    """What was asked, made, shown, said and refused lies in no file in the clear."""
    folder = tmp_path / "data"
    lay_tables(folder)
    place = SqliteFile(folder)
    place.execute(USER)
    async with worker(place.settings.url) as runs:
        run_id = await runs.start(wish(brief, gate=True, fails={"extra": 100}))
        await seen(runs, run_id, EventKind.WAITING)
        await runs.instruct(run_id, "unmistakable", "u1")
        await runs.decide(run_id, "agreed", Verdict(True, "u1", "unmistakable"))
        last = (await end(runs, run_id)).last_event
        await runs.edit(run_id, "text", json(Text("unmistakable")))
        await seen(runs, run_id, EventKind.WAITING, after=last)  # what was agreed to is another text now
        await runs.decide(run_id, "agreed", Verdict(True, "u1"))
        assert words(await end(runs, run_id)) == "[unmistakable](unmistakable)"
        stored = b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())
    assert run_id.encode() in stored
    for secret in (b"found1", b"unmistakable", b"not to be had", b"halves", brief.log.encode()):
        assert secret not in stored


def test_a_recipe_has_one_function_for_each_version() -> None:
    """Two of the same version would end each other's runs."""
    with pytest.raises(Invalid):
        Cookbook([Recipe("brand", 1, brand), Recipe("brand", 1, other)])
    assert COOKBOOK.get("brand").version == 1
