"""One record: created, changed, undone, by one of several."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from sqlalchemy import text

from baton.core.errors import Conflict, Invalid, NotFound, Unavailable
from baton.records.kind import Origin, Record
from baton.records.store import Records
from tests.records.audit.keeping import SCRIBE
from tests.records.conftest import ADA, BOB, INSTRUMENTS, Instrument, Process, SetClock

PATIENCE_S = 10.0


async def test_what_was_put_is_read_back_at_once(instruments: Records[Instrument], clock: SetClock) -> None:
    """A created record is in the snapshot when `put` returns, with who and when."""
    made = await instruments.put(Instrument(name="viola", played_by=frozenset({"x", "y"})), ADA, None)
    assert instruments.get("viola") == made
    assert made.value == Instrument(name="viola", played_by=frozenset({"y", "x"}))
    assert (made.revision, made.etag, made.changed_by) == (1, '"1"', "ada")
    assert (made.origin, made.changed_at_ms) == (Origin.ADMIN, int(clock.now * 1000))


async def test_a_revision_that_is_out_of_date_changes_nothing(instruments: Records[Instrument]) -> None:
    """Of two who read the same revision the second is told, with the revision that stands."""
    first = await instruments.put(Instrument(name="viola"), ADA, None)
    await instruments.put(Instrument(name="viola", strings=5), ADA, first.revision)
    with pytest.raises(Conflict) as refusal:
        await instruments.put(Instrument(name="viola", strings=6), BOB, first.revision)
    assert refusal.value.code == "revision_conflict"
    assert "revision 2" in refusal.value.message
    with pytest.raises(Conflict):
        await instruments.delete("viola", BOB, first.revision)
    with pytest.raises(Conflict):
        await instruments.undo("viola", BOB, first.revision)
    assert instruments.get("viola").value.strings == 5


async def test_creating_what_exists_is_refused(instruments: Records[Instrument]) -> None:
    """A create never overwrites; a change never creates."""
    await instruments.put(Instrument(name="viola"), ADA, None)
    with pytest.raises(Conflict) as refusal:
        await instruments.put(Instrument(name="viola", strings=5), ADA, None)
    assert refusal.value.code == "duplicate"
    with pytest.raises(NotFound):
        await instruments.put(Instrument(name="lute"), ADA, 1)


async def test_the_same_value_again_is_not_a_change(instruments: Records[Instrument]) -> None:
    """No revision, no history, whatever the order of a set."""
    made = await instruments.put(Instrument(name="viola", played_by=frozenset("abc")), ADA, None)
    same = await instruments.put(Instrument(name="viola", played_by=frozenset("cba")), BOB, 1)
    assert same == made
    assert len(await instruments.history("viola")) == 1


async def test_a_value_that_is_wrong_is_refused_by_its_field(instruments: Records[Instrument]) -> None:
    """The type's own constraints, the kind's check, and the key all count."""
    with pytest.raises(Invalid) as refusal:
        await instruments.put(Instrument(name="viola", strings=-1), ADA, None)
    assert refusal.value.param == "strings"
    with pytest.raises(Invalid) as refusal:
        await instruments.put(Instrument(name="kazoo"), ADA, None)
    assert refusal.value.param == "name"
    for name in ("", " viola", "a\nb", "x" * 256):
        with pytest.raises(Invalid) as refusal:
            await instruments.put(Instrument(name=name), ADA, None)
        assert refusal.value.param == "key"
    assert instruments.list() == ()


async def test_a_deleted_record_is_gone_and_its_revisions_go_on(instruments: Records[Instrument]) -> None:
    """Nobody who kept an old revision can change what was made anew under the same key."""
    await instruments.put(Instrument(name="viola"), ADA, None)
    assert await instruments.delete("viola", ADA, 1) == 2
    with pytest.raises(NotFound):
        instruments.get("viola")
    with pytest.raises(NotFound):
        await instruments.delete("viola", ADA, 2)
    with pytest.raises(Conflict):
        await instruments.put(Instrument(name="viola"), ADA, 1)
    again = await instruments.put(Instrument(name="viola", strings=5), ADA, None)
    assert again.revision == 3


async def test_undo_goes_back_by_one_as_a_new_revision(instruments: Records[Instrument]) -> None:
    """A change, a deletion and an undo can each be undone; history keeps them all."""
    await instruments.put(Instrument(name="viola"), ADA, None)
    await instruments.put(Instrument(name="viola", strings=5), ADA, 1)
    undone = await instruments.undo("viola", BOB, 2)
    assert (undone.revision, undone.value.strings, undone.changed_by) == (3, 4, "bob")
    redone = await instruments.undo("viola", BOB, 3)
    assert (redone.revision, redone.value.strings) == (4, 5)
    deleted = await instruments.delete("viola", ADA, 4)
    back = await instruments.undo("viola", ADA, deleted)
    assert instruments.get("viola") == back
    assert back.value.strings == 5
    kept = [(each.revision, each.value.strings, each.deleted) for each in await instruments.history("viola")]
    assert kept == [(6, 5, False), (5, 5, True), (4, 5, False), (3, 4, False), (2, 5, False), (1, 4, False)]


async def test_what_nobody_changed_cannot_be_undone(instruments: Records[Instrument]) -> None:
    """Undoing never takes away what was only made, or what only seeds have touched; deleting does that."""
    await instruments.put(Instrument(name="viola"), ADA, None)
    await instruments.seed([Instrument(name="cello")])
    await instruments.seed([Instrument(name="cello", strings=5)])
    for name, revision in (("viola", 1), ("cello", 2)):
        with pytest.raises(Conflict) as caught:
            await instruments.undo(name, ADA, revision)
        assert caught.value.code == "nothing_to_undo"
        assert instruments.get(name).revision == revision
    with pytest.raises(NotFound):
        await instruments.undo("lute", ADA, 1)
    with pytest.raises(NotFound):
        await instruments.history("lute")


async def test_a_snapshot_that_is_held_does_not_change(instruments: Records[Instrument]) -> None:
    """Who reads in the middle of a change sees all of it or nothing; the mapping cannot be written to."""
    await instruments.put(Instrument(name="viola"), ADA, None)
    held = instruments.snapshot
    await instruments.put(Instrument(name="viola", strings=5), ADA, 1)
    await instruments.put(Instrument(name="cello"), ADA, None)
    assert {key: record.value.strings for key, record in held.items()} == {"viola": 4}
    assert list(instruments.snapshot) == ["cello", "viola"]
    assert isinstance(held, MappingProxyType)


async def test_another_process_notices_by_itself(here: Process, there: Process) -> None:
    """A change made there is in force here without anybody asking, listeners told after the swap."""
    told = asyncio.Event()

    async def listener(snapshot: Mapping[str, Record[Instrument]]) -> None:
        assert here.instruments.snapshot is snapshot
        told.set()

    here.instruments.subscribe(listener)
    await there.instruments.put(Instrument(name="viola"), ADA, None)
    await asyncio.wait_for(told.wait(), PATIENCE_S)
    assert here.instruments.get("viola").value == Instrument(name="viola")


async def test_of_two_processes_that_write_one_record_one_wins(here: Process, there: Process) -> None:
    """Same revision, same moment, another value: one is stored, the other hears of it."""
    revision = (await here.instruments.put(Instrument(name="viola"), ADA, None)).revision
    for strings in range(5, 15):
        outcomes = await asyncio.gather(
            here.instruments.put(Instrument(name="viola", strings=strings), ADA, revision),
            there.instruments.put(Instrument(name="viola", strings=strings + 100), BOB, revision),
            return_exceptions=True,
        )
        [winner] = [outcome for outcome in outcomes if isinstance(outcome, Record)]
        [loser] = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
        assert loser.code == "revision_conflict"
        revision += 1
        assert winner.revision == revision
        for process in (here, there):
            await process.notices.poll()
            assert process.instruments.get("viola") == winner


async def test_of_two_processes_that_create_one_record_one_wins(here: Process, there: Process) -> None:
    """The second create is a conflict, not a change."""
    outcomes = await asyncio.gather(
        here.instruments.put(Instrument(name="viola", strings=1), ADA, None),
        there.instruments.put(Instrument(name="viola", strings=2), BOB, None),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Record"]


async def test_a_listener_that_failed_is_told_again(here: Process, there: Process) -> None:
    """The router's tables don't stay old because building them failed once; the writer isn't punished."""
    told: list[int] = []

    async def listener(snapshot: Mapping[str, Record[Instrument]]) -> None:
        told.append(snapshot["viola"].value.strings)
        if len(told) == 1:
            raise ZeroDivisionError

    stop = there.instruments.subscribe(listener)
    await there.instruments.put(Instrument(name="viola"), ADA, None)
    await there.notices.poll()
    await there.notices.poll()
    assert told == [4, 4]
    stop()
    await there.instruments.put(Instrument(name="viola", strings=5), ADA, 1)
    assert told == [4, 4]


async def test_a_change_of_one_record_leaves_the_others_as_they_are(
    instruments: Records[Instrument],
) -> None:
    """A reload reads only what changed; what was read before is the same object."""
    await instruments.put(Instrument(name="viola"), ADA, None)
    before = instruments.get("viola")
    await instruments.put(Instrument(name="cello"), ADA, None)
    assert instruments.get("viola") is before


async def test_a_stored_value_of_another_version_costs_only_itself(here: Process, there: Process) -> None:
    """A row that is not of today's type is left out; the others are served."""
    await here.instruments.put(Instrument(name="viola"), ADA, None)
    await here.instruments.put(Instrument(name="cello"), ADA, None)
    async with here.database.write() as connection:
        await connection.execute(
            text("UPDATE records SET body = :body, revision = 2 WHERE key = 'viola'"),
            {"body": '{"name": "viola", "strings": "four"}'},
        )
    reopened = Records(INSTRUMENTS, there.database, there.notices, SetClock(), SCRIBE)
    async with reopened:
        assert list(reopened.snapshot) == ["cello"]


async def test_before_loading_nothing_is_known(here: Process) -> None:
    """A process that could not load yet says so instead of 'no such record'."""
    fresh = Records(INSTRUMENTS, here.database, here.notices, SetClock(), SCRIBE)
    with pytest.raises(Unavailable):
        fresh.get("viola")


async def test_a_database_that_is_away_leaves_the_snapshot(here: Process) -> None:
    """Reading goes on from memory; a change is refused and nothing of it is seen."""
    await here.instruments.put(Instrument(name="viola"), ADA, None)
    await here.database.close()
    with pytest.raises(Unavailable):
        await here.instruments.put(Instrument(name="cello"), ADA, None)
    await here.notices.poll()
    assert list(here.instruments.snapshot) == ["viola"]
