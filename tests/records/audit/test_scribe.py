"""What is written down of a change, and what of it is a person's own."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from sqlalchemy import RowMapping, insert, select, text, update

from baton.records.audit.entry import Actor, AuditEntry, AuditFilter
from baton.records.audit.keys import AuditKeys
from baton.records.audit.link import GENESIS
from baton.records.audit.tables import AUDIT_ENTRIES, AUDIT_HEAD, AUDIT_PERSONS
from baton.records.audit.trail import Trail
from baton.storage.database import Database
from tests.records.audit.conftest import ADA, NOW, OPERATOR, plain, renamed, write
from tests.records.audit.keeping import KEYS, SCRIBE


async def stored(database: Database) -> Sequence[RowMapping]:
    async with database.read() as connection:
        query = select(AUDIT_ENTRIES).order_by(AUDIT_ENTRIES.c.id)
        return (await connection.execute(query)).mappings().all()


async def everything(database: Database) -> str:
    """Whatever a copy of the database tells of the audit, as text."""
    told: list[Any] = []
    async with database.read() as connection:
        for table in (AUDIT_ENTRIES, AUDIT_HEAD, AUDIT_PERSONS):
            told += (await connection.execute(select(table))).all()
    return repr(told)


async def entries(database: Database, keys: AuditKeys = KEYS) -> tuple[AuditEntry, ...]:
    return (await Trail(database, keys).page(AuditFilter())).entries


async def test_each_row_follows_the_one_before(database: Database) -> None:
    """Within one transaction and from one to the next; the head names the last."""
    await write(database, OPERATOR, plain("a"), plain("b"))
    await write(database, ADA, plain("c"))
    rows = await stored(database)
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert rows[0]["previous"] == GENESIS
    assert all(first["digest"] == second["previous"] for first, second in pairwise(rows))
    async with database.read() as connection:
        head = (await connection.execute(select(AUDIT_HEAD))).mappings().one()
    assert (head["rows"], head["last_id"], head["digest"]) == (3, 3, rows[-1]["digest"])


async def test_what_is_rolled_back_leaves_no_gap_in_the_chain(database: Database) -> None:
    """The head goes back with the rows."""
    await write(database, OPERATOR, plain("a"))

    async def fail() -> None:
        async with database.write() as connection:
            await SCRIBE.append(connection, OPERATOR, NOW, [plain("b")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await write(database, OPERATOR, plain("c"))
    rows = await stored(database)
    assert [row["key"] for row in rows] == ["a", "c"]
    assert rows[0]["digest"] == rows[1]["previous"]


async def test_personal_values_are_readable_here_and_nowhere_else(database: Database) -> None:
    """Names and addresses are shown to who has the keys; a copy of the database tells neither."""
    await write(database, ADA, renamed("u-bob", "Robert Zimmermann", "Bob Dylan"))
    (entry,) = await entries(database)
    assert entry.source == "192.0.2.77"
    assert msgspec.json.decode(entry.before or b"") == {"name": "Robert Zimmermann", "tier": "free"}
    assert msgspec.json.decode(entry.after or b"") == {"name": "Bob Dylan", "tier": "free"}
    told = await everything(database)
    assert not [word for word in ("192.0.2.77", "Zimmermann", "Dylan") if word in told]
    (foreign,) = await entries(database, AuditKeys(chain=b"x" * 32, persons=b"y" * 32))
    assert foreign.source == "unreadable"
    assert msgspec.json.decode(foreign.after or b"") == {"name": "unreadable", "tier": "free"}


async def test_an_erased_persons_values_are_gone_and_the_rows_stay(database: Database) -> None:
    """Past values and later ones; not those of others, and the erasure itself stands in the audit."""
    await write(database, ADA, renamed("u-bob", "Robert", "Bob"))
    before = await stored(database)
    async with database.write() as connection:
        await SCRIBE.erase(connection, "u-bob", ADA, NOW)
        await SCRIBE.erase(connection, "u-bob", ADA, NOW)
    await write(database, Actor(id="u-bob", source="198.51.100.9"), renamed("u-bob", "Bob", "Rob"))
    late, erasure, early = await entries(database)
    assert (await stored(database))[:1] == before
    assert msgspec.json.decode(early.before or b"") == {"name": "erased", "tier": "free"}
    assert msgspec.json.decode(late.after or b"") == {"name": "erased", "tier": "free"}
    assert (early.source, late.source) == ("192.0.2.77", "erased")
    assert (erasure.action, erasure.kind, erasure.key, erasure.actor_id) == (
        "erase",
        "person",
        "u-bob",
        "u-ada",
    )


async def test_rows_from_before_the_chain_are_hung_in_once(database: Database) -> None:
    """In the order of their ids, their addresses sealed; the next start finds nothing to do."""
    async with database.write() as connection:
        await connection.execute(update(AUDIT_HEAD).values(seal=None))
    old = {"at_ms": NOW, "action": "create", "kind": "thing", "after": "{}"}
    async with database.write() as connection:
        rows = [{**old, "actor_id": "u-ada", "source": "192.0.2.77", "key": f"k{n}"} for n in range(1500)]
        await connection.execute(insert(AUDIT_ENTRIES), rows)
    await SCRIBE.begin(database, NOW)
    hung = await stored(database)
    assert hung[0]["previous"] == GENESIS
    assert all(first["digest"] == second["previous"] for first, second in pairwise(hung))
    assert "192.0.2.77" not in await everything(database)
    assert (await entries(database))[0].source == "192.0.2.77"
    await SCRIBE.begin(database, NOW + 1)
    assert await stored(database) == hung


async def test_a_forged_head_hinders_no_change_and_gets_no_seal(database: Database) -> None:
    """Keys can still be revoked after a break-in; the head stays as it was found."""
    await write(database, OPERATOR, plain("a"))
    async with database.write() as connection:
        await connection.execute(text("UPDATE audit_head SET last_id = 0, digest = digest"))
    await write(database, OPERATOR, plain("b"))
    assert [row["key"] for row in await stored(database)] == ["a", "b"]
    async with database.read() as connection:
        assert (await connection.execute(select(AUDIT_HEAD.c.rows, AUDIT_HEAD.c.last_id))).one() == (1, 0)
