"""The audit's tables put back to an earlier day, seals and all, while processes serve."""

import random
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete, update

from baton.records.audit.scribe import Scribe
from baton.records.audit.tables import AUDIT_ENTRIES, AUDIT_HEAD
from baton.records.audit.verdict import Anchor, Flaw
from baton.records.audit.verification import Verification
from baton.records.audit.vigil import Vigil
from baton.records.audit.witness import Witness
from baton.storage.database import Database
from tests.records.audit.conftest import NOW, OPERATOR, plain
from tests.records.audit.keeping import KEYS
from tests.records.audit.tampering import Row


async def scribe_of(database: Database) -> Scribe:
    """Of a process that starts now."""
    scribe = Scribe(KEYS)
    assert await scribe.begin(database, NOW) is not None
    return scribe


async def write(database: Database, scribe: Scribe, count: int = 1) -> None:
    async with database.write() as connection:
        await scribe.append(connection, OPERATOR, NOW, [plain(str(uuid4())) for _ in range(count)])


async def head(database: Database) -> Row:
    async with database.read() as connection:
        return dict((await connection.execute(AUDIT_HEAD.select())).mappings().one())


async def put_back(database: Database, old: Row) -> None:
    """Everything that the audit's tables have gained since is taken away."""
    async with database.write() as connection:
        await connection.execute(delete(AUDIT_ENTRIES).where(AUDIT_ENTRIES.c.id > old["last_id"]))
        await connection.execute(update(AUDIT_HEAD).values(**old))


async def flaws(database: Database, scribe: Scribe | None, witness: Witness | None = None) -> list[Flaw]:
    verdict = await Verification(database, KEYS, witness, scribe).run()
    return [each.flaw for each in verdict.breaks]


@pytest.mark.parametrize("seed", range(5))
async def test_tables_put_back_while_a_process_serves_are_found(lived: Database, seed: int) -> None:
    """By an examination of that process at once, by its next change, and however many follow, of whomever."""
    rng = random.Random(seed)
    for _ in range(8):
        scribe = await scribe_of(lived)
        told: list[str] = []
        scribe.listen(lambda told=told: told.append("doubt"))
        for _ in range(rng.randint(0, 2)):
            await write(lived, scribe, rng.randint(1, 3))
        old = await head(lived)
        gone = rng.randint(1, 3)
        for _ in range(gone):
            await write(lived, scribe, rng.randint(1, 3))
        assert (await flaws(lived, scribe), told) == ([], [])
        await put_back(lived, old)
        assert await flaws(lived, None) == []  # nothing in the database tells it
        assert await flaws(lived, scribe) == [Flaw.ROLLED_BACK]
        stranger = await scribe_of(lived)
        for _ in range(rng.randint(0, 4)):
            await write(lived, stranger, 3)
        await write(lived, scribe)
        assert told == ["doubt"]
        await write(lived, scribe, 12)
        assert await flaws(lived, scribe) == [Flaw.ROLLED_BACK]
        assert await flaws(lived, stranger) == []


async def test_what_was_not_committed_is_not_missed(lived: Database) -> None:
    """A change that is undone behind its row leaves no doubt, nor do other processes' changes."""
    scribe, other = await scribe_of(lived), await scribe_of(lived)
    told: list[str] = []
    for each in (scribe, other):
        each.listen(lambda: told.append("doubt"))
    for _ in range(3):
        with suppress(ZeroDivisionError):
            async with lived.write() as connection:
                await scribe.append(connection, OPERATOR, NOW, [plain("undone")])
                raise ZeroDivisionError
        await write(lived, other, 2)
        await write(lived, scribe)
        async with lived.write() as connection:
            await scribe.append(connection, OPERATOR, NOW, [plain("one")])
            await scribe.append(connection, OPERATOR, NOW, [plain("two")])
    await write(lived, other)
    assert (told, await flaws(lived, scribe), await flaws(lived, other)) == ([], [], [])


async def test_the_witness_follows_and_a_restart_knows(lived: Database, tmp_path: Path) -> None:
    """What is written while a process serves is outside of the database soon, and at its end."""
    witness = Witness(tmp_path)
    scribe = Scribe(KEYS)
    assert await witness.begin(scribe, lived, NOW)
    await write(lived, scribe)
    await witness.follow(scribe, lived)
    assert await witness.remembered() == scribe.seen == Anchor(41, (await head(lived))["digest"])
    old = await head(lived)
    async with Vigil(scribe, witness, lived, every_s=3600):
        await write(lived, scribe)
    assert await witness.remembered() == scribe.seen
    await put_back(lived, old)
    await write(lived, await scribe_of(lived), 1)  # as many rows again
    assert not await witness.begin(Scribe(KEYS), lived, NOW)
    assert await witness.remembered() == scribe.seen


async def test_a_vigil_finds_it_without_any_change(lived: Database, tmp_path: Path) -> None:
    """It looks by itself, keeps what is gone for later starts, and never remembers the other end instead."""
    witness = Witness(tmp_path)
    scribe = await scribe_of(lived)
    told: list[str] = []
    scribe.listen(lambda: told.append("doubt"))
    old = await head(lived)
    await write(lived, scribe)
    await put_back(lived, old)
    for _ in range(2):
        await witness.follow(scribe, lived)
    assert (told, await witness.remembered()) == (["doubt"], scribe.seen)
    stranger = await scribe_of(lived)
    await write(lived, stranger, 5)
    await witness.follow(stranger, lived)
    assert await witness.remembered() == scribe.seen
    assert await flaws(lived, None, witness) == [Flaw.ROLLED_BACK]
