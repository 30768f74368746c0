"""The machine's clock is set while Baton serves."""

import signal
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from baton.ledger.moments import id_from
from tests.chaos.jumping import HOUR_S
from tests.chaos.load import exactly, load_on
from tests.crash.serving import Home, living, until
from tests.databases import Place

HOUR_MS = HOUR_S * 1000


async def test_a_clock_that_is_set_doubles_and_loses_nothing(place: Place, tmp_path: Path) -> None:
    """Back by an hour, forward by two, back again: ids stay unique and rising, no time is negative."""
    home = replace(Home.of(tmp_path, place.settings.url), program=("-m", "tests.chaos.jumping"))
    async with living(home) as process:
        async with load_on(home) as load:
            await load.more(50)
            for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR2, signal.SIGUSR1):
                process.send_signal(number)
                await load.more(50)
        process.terminate()
        assert await process.wait() == 0
    assert load.refused == []
    rows = await exactly(place.settings, load)
    assert len(rows) == load.asked == len(load.answered)
    assert all(row.latency_ms >= row.upstream_ms >= 0 <= row.overhead_us for row in rows)
    assert all(row.first_token_ms is None or row.first_token_ms >= 0 for row in rows)
    ids = [row.id for row in rows]
    apart_ms = [after.at_ms - before.at_ms for before, after in pairwise(rows)]
    assert all(gap >= 0 for gap in apart_ms)
    assert max(apart_ms) > HOUR_MS - 60_000, "the clock was really set"
    ahead = [id for id in ids if id >= id_from(max(row.at_ms for row in rows) - HOUR_MS // 2)]
    assert len(ahead) >= 90, "set back, it goes on counting from the latest time it has seen"
    in_order = {id: n for n, id in enumerate(ids)}
    answered = [in_order[id] for id in load.answered]
    assert all(abs(n - at) <= 8 for at, n in enumerate(answered)), "ids rise as requests come in"


async def test_a_start_after_the_clock_was_set_back_finds_everything(place: Place, tmp_path: Path) -> None:
    """Killed an hour ahead, started at the right time: what was left is brought in, no id comes twice."""
    home = replace(Home.of(tmp_path, place.settings.url), program=("-m", "tests.chaos.jumping"))
    async with living(home) as process:
        process.send_signal(signal.SIGUSR2)
        async with load_on(home) as load:
            await load.more(100)
            process.kill()
    async with living(home) as process:
        async with load_on(home) as later:
            await later.more(50)
        journals = tmp_path / "journal"
        await until(lambda: len([path for path in journals.iterdir() if path.name[0] != "."]) == 1)
        process.terminate()
        assert await process.wait() == 0
    load.answered += later.answered
    rows = await exactly(place.settings, load, crashed=4)
    assert max(row.at_ms for row in rows) - min(row.at_ms for row in rows) > HOUR_MS // 2
