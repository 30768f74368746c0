"""Who did what."""

import msgspec
import pytest

from baton.core.errors import Conflict, Invalid
from baton.records.audit.entry import AuditFilter
from baton.records.audit.trail import Trail
from tests.records.audit.keeping import KEYS
from tests.records.conftest import ADA, BOB, Instrument, Process, SetClock


async def test_every_change_has_its_row(here: Process, clock: SetClock) -> None:
    """Who, when, from where, what, before and after; newest first."""
    await here.instruments.seed([Instrument(name="lute")])
    await here.instruments.put(Instrument(name="viola"), ADA, None)
    clock.now += 60
    await here.instruments.put(Instrument(name="viola", strings=5), BOB, 1)
    await here.instruments.delete("viola", ADA, 2)
    await here.instruments.undo("viola", ADA, 3)
    await here.instruments.import_all([Instrument(name="cello")], BOB)
    entries = (await Trail(here.database, KEYS).page(AuditFilter())).entries
    told = [(each.actor_id, each.source, each.action, each.kind, each.key) for each in entries]
    assert told == [
        ("bob", "cli", "import", "instrument", "cello"),
        ("ada", "192.0.2.1", "undo", "instrument", "viola"),
        ("ada", "192.0.2.1", "delete", "instrument", "viola"),
        ("bob", "cli", "update", "instrument", "viola"),
        ("ada", "192.0.2.1", "create", "instrument", "viola"),
        ("system", "start", "seed", "instrument", "lute"),
    ]
    deleted, updated, created = entries[2:5]
    assert updated.at_ms - created.at_ms == 60_000
    assert created.before is None
    assert deleted.after is None
    assert updated.before is not None
    assert updated.after is not None
    assert msgspec.json.decode(updated.before, type=Instrument).strings == 4
    assert msgspec.json.decode(updated.after, type=Instrument).strings == 5


async def test_what_did_not_happen_has_no_row(here: Process) -> None:
    """A refused change leaves no trace of itself among those that happened."""
    await here.instruments.put(Instrument(name="viola"), ADA, None)
    with pytest.raises(Conflict):
        await here.instruments.put(Instrument(name="viola", strings=9), ADA, 7)
    assert len((await Trail(here.database, KEYS).page(AuditFilter())).entries) == 1


async def test_secrets_are_masked(here: Process) -> None:
    """A declared secret is in no audit row, under the name that JSON gives it; its absence shows."""
    await here.instruments.put(Instrument(name="viola", lock_code="4711"), ADA, None)
    await here.instruments.put(Instrument(name="viola"), ADA, 1)
    entries = (await Trail(here.database, KEYS).page(AuditFilter())).entries
    assert b"4711" not in msgspec.json.encode(entries)
    assert b'"lockCode":"***"' in bytes(entries[1].after or b"")
    assert b'"lockCode":null' in bytes(entries[0].after or b"")
    assert (await here.instruments.history("viola"))[1].value.lock_code == "4711"


async def test_pages_do_not_shift_under_new_entries(here: Process) -> None:
    """Following the cursor shows each entry once, though others are written meanwhile."""
    for strings in range(5):
        await here.instruments.put(Instrument(name=f"i{strings}"), ADA, None)
    trail = Trail(here.database, KEYS)
    first = await trail.page(AuditFilter(), limit=2)
    await here.instruments.put(Instrument(name="late"), ADA, None)
    second = await trail.page(AuditFilter(), first.next, limit=2)
    third = await trail.page(AuditFilter(), second.next, limit=2)
    keys = [entry.key for page in (first, second, third) for entry in page.entries]
    assert keys == ["i4", "i3", "i2", "i1", "i0"]
    assert third.next is None


async def test_a_filter_leaves_only_what_it_names(here: Process) -> None:
    """By kind and key, by actor, together."""
    await here.instruments.put(Instrument(name="viola"), ADA, None)
    await here.instruments.put(Instrument(name="lute"), BOB, None)
    await here.instruments.put(Instrument(name="lute", strings=13), ADA, 1)
    trail = Trail(here.database, KEYS)

    async def keys(wanted: AuditFilter) -> list[str]:
        return [entry.key for entry in (await trail.page(wanted)).entries]

    assert await keys(AuditFilter(kind="instrument", key="lute")) == ["lute", "lute"]
    assert await keys(AuditFilter(actor_id="ada")) == ["lute", "viola"]
    assert await keys(AuditFilter(actor_id="bob", key="viola")) == []
    assert await keys(AuditFilter(kind="model")) == []


@pytest.mark.parametrize("cursor", ["", "x", "YQ", "!!", "Yi0x", "é", "YTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
async def test_a_cursor_that_is_not_ours_is_refused(here: Process, cursor: str) -> None:
    """It says so, instead of an empty page."""
    with pytest.raises(Invalid) as refusal:
        await Trail(here.database, KEYS).page(AuditFilter(), cursor)
    assert refusal.value.param == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 501])
async def test_a_page_has_a_size(here: Process, limit: int) -> None:
    """Nobody reads the whole audit at once by accident."""
    with pytest.raises(Invalid) as refusal:
        await Trail(here.database, KEYS).page(AuditFilter(), limit=limit)
    assert refusal.value.param == "limit"
