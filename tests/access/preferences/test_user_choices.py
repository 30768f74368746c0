"""What users have chosen: kept, at hand, and the same in every process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from baton.access.identity.editing import Editing
from baton.access.identity.entities import UserWish
from baton.access.identity.identities import Identities
from baton.access.identity.mint import KeyMint
from baton.access.identity.secret import load_secret
from baton.access.preferences.choices import NOTHING_CHOSEN, Preferences
from baton.access.preferences.user_choices import UserChoices
from baton.core.clock import SystemClock
from baton.core.errors import Conflict, NotFound, Unavailable
from baton.core.ids import UuidV7
from baton.core.profile import Profile
from baton.records.audit.entry import Actor
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.notices import Notices
from tests.databases import Place
from tests.records.audit.keeping import SCRIBE

ADA = Actor(id="ada", source="192.0.2.1")


class Two:
    """Two processes on one database, and a user."""

    def __init__(self, here: UserChoices, there: UserChoices, elsewhere: Notices, user: str) -> None:
        self.here = here
        self.there = there
        self._elsewhere = elsewhere
        self.user = user

    async def noticed(self) -> None:
        """The other one has looked."""
        await self._elsewhere.poll()


@pytest.fixture
async def two(place: Place, tmp_path: Path) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        opened: list[tuple[UserChoices, Notices, Database]] = []
        for _ in range(2):
            database = await stack.enter_async_context(Database(place.settings))
            await schema.upgrade(database)
            notices = await stack.enter_async_context(Notices(database, 3600))
            choices = UserChoices(database, notices, SystemClock(), SCRIBE)
            opened.append((await stack.enter_async_context(choices), notices, database))
        (here, notices, database), (there, elsewhere, _) = opened
        mint = KeyMint(await load_secret(tmp_path / "keys", None))
        identities = Identities(Editing(database, notices, SystemClock(), SCRIBE), mint, UuidV7())
        user = await identities.create_user(UserWish(name="Ada"), ADA)
        yield Two(here, there, elsewhere, user.id)


def cheaply(before: Preferences) -> Preferences:
    return replace(before, profile=Profile.COST_OPTIMIZED, max_cost_nanos=50_000_000)


async def test_a_choice_counts_here_at_once_and_elsewhere_when_noticed(two: Two) -> None:
    """With all its fields; others have chosen nothing."""
    made = await two.here.prefer(two.user, cheaply, ADA)
    assert made.revision == 1
    assert two.here.of(two.user) == made
    assert two.there.of(two.user) is NOTHING_CHOSEN
    await two.noticed()
    assert two.there.of(two.user) == made
    assert two.there.of("nobody") is NOTHING_CHOSEN


async def test_what_is_chosen_in_turn_adds_up(two: Two) -> None:
    """A process that has not noticed yet changes what is there, not what it remembers."""
    await two.here.prefer(two.user, cheaply, ADA)
    later = await two.there.prefer(two.user, lambda before: replace(before, model="a/b"), ADA)
    assert later.preferences == Preferences(
        profile=Profile.COST_OPTIMIZED, max_cost_nanos=50_000_000, model="a/b"
    )
    assert (await two.there.opt_out(two.user, ADA)).revision == 3
    assert (await two.here.prefer(two.user, cheaply, ADA)).opt_out is not None


async def test_the_same_again_changes_nothing(two: Two) -> None:
    """No revision, and opting out twice keeps the first moment."""
    first = await two.here.prefer(two.user, cheaply, ADA)
    assert await two.here.prefer(two.user, cheaply, ADA) == first
    out = await two.here.opt_out(two.user, ADA)
    assert await two.here.opt_out(two.user, Actor(id="bob", source="cli")) == out
    back = await two.here.opt_in(two.user, ADA)
    assert (back.opt_out, back.revision) == (None, 3)
    assert await two.here.opt_in(two.user, ADA) == back


async def test_a_revision_that_is_out_of_date_is_refused(two: Two) -> None:
    """And so is a user that is not there; nothing is changed."""
    await two.here.prefer(two.user, cheaply, ADA, expected=0)
    with pytest.raises(Conflict) as raised:
        await two.here.prefer(two.user, lambda _: Preferences(), ADA, expected=0)
    assert raised.value.code == "revision_conflict"
    assert two.here.of(two.user).revision == 1
    with pytest.raises(NotFound):
        await two.here.opt_out("nobody", ADA)


async def test_while_the_database_is_away_what_was_chosen_holds(two: Two, place: Place) -> None:
    """Nothing new is chosen, nothing is forgotten."""
    made = await two.here.opt_out(two.user, ADA)
    with place.away(), pytest.raises(Unavailable):
        await two.here.opt_in(two.user, ADA)
    assert two.here.of(two.user) == made
