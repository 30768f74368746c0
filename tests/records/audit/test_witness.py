"""What a machine remembers of the audit outside of its database."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from baton.core.errors import Unavailable
from baton.records.audit.tables import AUDIT_ENTRIES, AUDIT_HEAD
from baton.records.audit.verdict import Anchor, Flaw
from baton.records.audit.verification import Verification
from baton.records.audit.witness import WITNESS_FILE, Witness
from baton.storage.database import Database
from tests.records.audit.conftest import NOW, OPERATOR, plain, write
from tests.records.audit.keeping import KEYS, SCRIBE


async def flaws(database: Database, witness: Witness) -> list[Flaw]:
    verdict = await Verification(database, KEYS, witness).run()
    return [each.flaw for each in verdict.breaks]


async def test_what_holds_is_remembered(lived: Database, tmp_path: Path) -> None:
    """In a file for its owner only; later ends replace it."""
    witness = Witness(tmp_path)
    assert await witness.remembered() is None
    verdict = await Verification(lived, KEYS, witness).run()
    assert await witness.remembered() == verdict.anchor
    assert stat.S_IMODE((tmp_path / WITNESS_FILE).stat().st_mode) == 0o600
    await write(lived, OPERATOR, plain("later"))
    assert await flaws(lived, witness) == []
    assert (await witness.remembered() or Anchor(0, b"")).rows == 41


async def test_an_older_state_is_found_without_an_anchor_of_ones_own(lived: Database, tmp_path: Path) -> None:
    """And is not remembered instead, neither by an examination nor by a start."""
    witness = Witness(tmp_path)
    async with lived.read() as connection:
        old = (await connection.execute(AUDIT_HEAD.select())).mappings().one()
    await write(lived, OPERATOR, plain("what an intruder did"))
    assert await flaws(lived, witness) == []
    seen = await witness.remembered()
    async with lived.write() as connection:
        await connection.execute(delete(AUDIT_ENTRIES).where(AUDIT_ENTRIES.c.id > old["last_id"]))
        await connection.execute(update(AUDIT_HEAD).values(**old))
    assert await flaws(lived, witness) == [Flaw.ROLLED_BACK]
    assert await SCRIBE.begin(lived, NOW, seen) is None
    assert await witness.remembered() == seen


async def test_a_start_that_remembers_a_chain_begins_no_other(lived: Database, tmp_path: Path) -> None:
    """Rows that somebody has put there get no signature of ours, whatever the head says."""
    witness = Witness(tmp_path)
    await flaws(lived, witness)
    async with lived.write() as connection:
        await connection.execute(
            update(AUDIT_ENTRIES).values(digest=None, previous=None, actor_id="somebody-else")
        )
        await connection.execute(update(AUDIT_HEAD).values(seal=None, rows=0, last_id=0))
    assert await SCRIBE.begin(lived, NOW, await witness.remembered()) is None
    await write(lived, OPERATOR, plain("later"))
    assert (await flaws(lived, witness))[0] is Flaw.UNCHAINED


async def test_a_file_that_holds_something_else_says_so(tmp_path: Path) -> None:
    """It is not taken for a machine that remembers nothing."""
    (tmp_path / WITNESS_FILE).write_text("forget it")
    with pytest.raises(Unavailable) as refusal:
        await Witness(tmp_path).remembered()
    assert refusal.value.code == "data_dir_unusable"
