"""Whatever is done to the audit behind Baton's back is found."""

import copy
import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text

from baton.core.errors import Invalid
from baton.records.audit.keys import AuditKeys
from baton.records.audit.tables import AUDIT_ENTRIES, AUDIT_HEAD, AUDIT_PERSONS
from baton.records.audit.verdict import Flaw, anchor_of
from baton.records.audit.verification import MOST_BREAKS, Verification
from baton.storage.database import Database
from tests.databases import Place, SqliteFile
from tests.records.audit.conftest import ADA, OPERATOR, plain, write
from tests.records.audit.keeping import KEYS, SCRIBE
from tests.records.audit.tampering import Tables, tamper

EACH = {True: 100, False: 10}
"""Tamperings per seed: a thousand in all on SQLite, a hundred on PostgreSQL, which takes longer over each."""


async def read(database: Database) -> Tables:
    async with database.read() as connection:
        found = [
            [dict(row) for row in (await connection.execute(select(table).order_by(table.c.id))).mappings()]
            for table in (AUDIT_ENTRIES, AUDIT_HEAD, AUDIT_PERSONS)
        ]
    return Tables(*found)


async def put(database: Database, tables: Tables) -> None:
    """Have exactly this in the tables."""
    async with database.write() as connection:
        rows: Sequence[dict[str, Any]]
        for table, rows in (
            (AUDIT_ENTRIES, tables.rows),
            (AUDIT_HEAD, tables.heads),
            (AUDIT_PERSONS, tables.persons),
        ):
            await connection.execute(delete(table))
            if rows:
                await connection.execute(insert(table), rows)


@pytest.mark.parametrize("seed", range(10))
async def test_every_tampering_is_found(lived: Database, seed: int, place: Place) -> None:
    """Edited, deleted, inserted, exchanged, truncated or replaced rows, forged heads, other keys: all."""
    verification = Verification(lived, KEYS)
    whole = await read(lived)
    rng = random.Random(seed)
    missed: list[str] = []
    tried = 0
    while tried < EACH[isinstance(place, SqliteFile)]:
        tables = copy.deepcopy(whole)
        act = tamper(rng, tables)
        if tables == whole:
            continue
        tried += 1
        await put(lived, tables)
        if (await verification.run()).holds:
            missed.append(act)
    await put(lived, whole)
    assert missed == []
    assert (await verification.run()).holds


async def test_an_audit_that_nobody_touched_holds(lived: Database) -> None:
    """With erasures in it; its rows are counted, and its end is an anchor that holds later too."""
    seen: list[int] = []
    verdict = await Verification(lived, KEYS).run(progress=seen.append)
    assert (verdict.holds, verdict.rows, seen[-1]) == (True, 40, 40)
    await write(lived, OPERATOR, plain("later"))
    again = await Verification(lived, KEYS).run(verdict.anchor)
    assert (again.holds, again.rows) == (True, 41)


async def test_a_break_is_told_with_its_row(lived: Database) -> None:
    """What was changed, where something is missing, and what is no row of ours."""
    async with lived.write() as connection:
        await connection.execute(text("UPDATE audit_entries SET action = 'delete' WHERE id = 7"))
        await connection.execute(text("DELETE FROM audit_entries WHERE id IN (20, 21)"))
        await connection.execute(text("UPDATE audit_entries SET digest = NULL WHERE id = 30"))
    verdict = await Verification(lived, KEYS).run()
    assert [(each.flaw, each.row) for each in verdict.breaks] == [
        (Flaw.CHANGED, 7),
        (Flaw.MOVED, 22),
        (Flaw.UNCHAINED, 30),
        (Flaw.MOVED, 31),
        (Flaw.END_MISSING, None),
    ]
    assert verdict.anchor is None


async def test_only_the_first_breaks_are_told_one_by_one(lived: Database) -> None:
    """The others are counted."""
    verdict = await Verification(lived, AuditKeys(chain=b"x" * 32, persons=KEYS.persons)).run()
    assert len(verdict.breaks) == MOST_BREAKS
    assert verdict.more == 40 - MOST_BREAKS + 1  # and the head


async def test_an_older_state_put_back_whole_is_found_with_an_anchor(lived: Database) -> None:
    """Nothing in the database tells it, so the anchor must lie elsewhere; a chain begun anew likewise."""
    old = await read(lived)
    await write(lived, OPERATOR, plain("what an intruder did"))
    verification = Verification(lived, KEYS)
    anchor = (await verification.run()).anchor
    await put(lived, old)
    assert (await verification.run()).holds
    assert [each.flaw for each in (await verification.run(anchor)).breaks] == [Flaw.ANCHOR]
    fresh = {"rows": 0, "last_id": 0, "digest": bytes(32), "seal": None}
    await put(lived, Tables([], [{**old.heads[0], **fresh}], []))
    assert [each.flaw for each in (await verification.run()).breaks] == [Flaw.NOT_BEGUN]
    await SCRIBE.begin(lived, 1)
    await write(lived, ADA, plain("harmless"))
    assert [each.flaw for each in (await verification.run(anchor)).breaks] == [Flaw.ANCHOR]


async def test_a_tampering_is_still_found_after_later_changes(lived: Database) -> None:
    """What is written afterwards does not heal it, neither behind a cut end nor behind a forged head."""
    whole = await read(lived)
    for forged in (False, True):
        tables = copy.deepcopy(whole)
        del tables.rows[-3:]
        if forged:
            last = tables.rows[-1]
            tables.heads[0] |= {"rows": 37, "last_id": last["id"], "digest": last["digest"]}
        await put(lived, tables)
        await write(lived, OPERATOR, plain("later"))
        assert not (await Verification(lived, KEYS).run()).holds


async def test_what_cannot_even_be_read_is_found(lived: Database, place: Place) -> None:
    """SQLite keeps bytes that are no text where text should be; the rows around are examined all the same."""
    if not isinstance(place, SqliteFile):
        return
    async with lived.write() as connection:
        await connection.execute(text("UPDATE audit_entries SET source = CAST(x'ff' AS TEXT) WHERE id = 9"))
        await connection.execute(text("UPDATE audit_entries SET at_ms = 'soon' WHERE id = 11"))
    told = [(each.flaw, each.row) for each in (await Verification(lived, KEYS).run()).breaks]
    assert told == [(Flaw.UNREADABLE, 9), (Flaw.MOVED, 10), (Flaw.CHANGED, 11)]
    async with lived.write() as connection:
        await connection.execute(text("UPDATE audit_head SET \"rows\" = CAST(x'ff' AS TEXT)"))
    assert (await Verification(lived, KEYS).run()).breaks[-1].flaw is Flaw.HEAD_FORGED


@pytest.mark.parametrize("written", ["", "7", "7:", f"7:{'g' * 64}", f"-1:{'0' * 64}", f"7:{'0' * 63}"])
def test_an_anchor_is_written_one_way(written: str) -> None:
    """What is none says so, and what is one is read as it was written."""
    with pytest.raises(Invalid):
        anchor_of(written)
    good = f"7:{'0a' * 32}"
    assert str(anchor_of(f" {good}\n")) == good
