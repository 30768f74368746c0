"""What people thought of answers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from baton.core.errors import NotFound, Unavailable
from baton.core.ids import UuidV7
from baton.ledger.feedback import Feedback
from baton.ledger.ledger import Ledger, open_ledger
from baton.ledger.settings import LedgerSettings
from baton.ledger.stored import FeedbackRow
from baton.storage.database import Database
from tests.ledger.samples import a_settled, an_opened
from tests.ledger.test_interactions import not_done


@pytest.fixture
async def ledger(root: Path, database: Database, new_id: UuidV7) -> AsyncIterator[Ledger]:
    """An open ledger that lets interactions lie in the journal as long as nobody wants them."""
    async with open_ledger(root, database, new_id, LedgerSettings(batch_every_s=600.0)) as opened:
        yield opened


@pytest.fixture
def ended(ledger: Ledger, new_id: UuidV7) -> str:
    """An interaction of Ann's that has just ended."""
    id = new_id()
    ledger.book.opened(an_opened(id, user_id="ann"))
    ledger.book.settled(a_settled(id))
    return id


def thought(id: str, score: int, comment: str | None = None, user_id: str = "ann") -> FeedbackRow:
    return FeedbackRow(interaction_id=id, user_id=user_id, at_ms=score, score=score, comment=comment)


async def test_an_opinion_can_be_given_at_once(ledger: Ledger, ended: str) -> None:
    """Also of an interaction that lies in the journal only: it is brought to the database first."""
    assert ledger.book.waiting_count == 1
    given = thought(ended, 4, "good, 👍")
    await ledger.feedback.give(given, owner_id="ann")
    assert (await ledger.interactions.one(ended)).feedback == given


async def test_another_opinion_takes_the_place_of_the_first(ledger: Ledger, ended: str) -> None:
    """One per interaction: the last, with who gave it; a comment that is not repeated is gone."""
    await ledger.feedback.give(thought(ended, 5, "splendid"))
    last = thought(ended, 1, user_id="admin")
    await ledger.feedback.give(last)
    assert (await ledger.interactions.one(ended)).feedback == last


async def test_only_what_is_theirs_can_be_judged(ledger: Ledger, ended: str, new_id: UuidV7) -> None:
    """Another's interaction, one that never was and one that is no id look the same."""
    for id, owner in ((ended, "bob"), (new_id(), "ann"), (new_id(), None), ("\0", None)):
        with pytest.raises(NotFound):
            await ledger.feedback.give(thought(id, 3), owner_id=owner)
    assert (await ledger.interactions.one(ended)).feedback is None


async def test_what_may_be_on_its_way_is_not_said_to_be_absent(database: Database, new_id: UuidV7) -> None:
    """While ended interactions do not reach the database, the caller is told to come again."""
    with pytest.raises(Unavailable) as refusal:
        await Feedback(database, not_done).give(thought(new_id(), 3))
    assert refusal.value.code == "ledger_behind"
