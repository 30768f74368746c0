"""Which models callers name."""

from baton.core.clock import SystemClock
from baton.core.ids import UuidV7
from baton.ledger.named import NamedModels
from baton.ledger.rows import Interaction
from baton.ledger.store import Store
from baton.storage.database import Database
from tests.ledger.samples import a_settled, an_opened


async def no_flush() -> None:
    """All of it is in the database."""


def asked(id: str, model: str, **opened: object) -> Interaction:
    """A request for a model by that name."""
    return Interaction(an_opened(id, model=model, **opened), a_settled(id))


async def test_the_most_asked_for_comes_first(database: Database, new_id: UuidV7) -> None:
    """As callers write it, so many at most; what is no chat does not count."""
    rows = [asked(new_id(), name) for name in ("auto", "gpt-4o", "claude", "gpt-4o", "claude", "gpt-4o")]
    rows += [asked(new_id(), "text-embedding-3-small", kind="embeddings") for _ in range(5)]
    await Store(database).add(rows)
    named = NamedModels(database, no_flush, SystemClock.wall)
    assert await named.most(8) == ("gpt-4o", "claude", "auto")
    assert await named.most(1) == ("gpt-4o",)


async def test_what_is_long_past_is_not_asked(database: Database, new_id: UuidV7) -> None:
    """A week later nobody asks for it any more."""
    await Store(database).add([asked(new_id(), "gpt-4o")])
    later = NamedModels(database, no_flush, lambda: SystemClock.wall() + 8 * 86_400)
    assert await later.most(8) == ()
