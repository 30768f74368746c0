"""How long the answers are that a user gets."""

from msgspec.structs import replace

from baton.core.ids import UuidV7
from baton.core.usage import Usage
from baton.ledger.habits import LEAST_ANSWERS, Habit, Habits
from baton.ledger.rows import Interaction
from baton.ledger.store import Store
from baton.storage.database import Database
from tests.ledger.samples import a_settled, an_opened

USER = an_opened("x").user_id
NAME = ("openai", "gpt-4o-mini")


def answered(
    id: str, tokens: int, *, status: str = "ok", estimated: bool = False, **opened: object
) -> Interaction:
    usage = Usage(prompt=10, completion=tokens, estimated=estimated)
    return Interaction(an_opened(id, **opened), replace(a_settled(id), status=status, usage=usage))


async def test_twenty_answers_are_a_habit_and_fewer_are_none(database: Database, new_id: UuidV7) -> None:
    """Their mean; failures, estimates, other users' answers and other models' do not count."""
    store, habits = Store(database), Habits(database)
    noise = [answered(new_id(), 9000, status="cancelled"), answered(new_id(), 9000, estimated=True)]
    noise.append(answered(new_id(), 9000, user_id="01900000-0000-7000-8000-000000000009"))
    await store.add([*noise, *(answered(new_id(), 100 + n) for n in range(LEAST_ANSWERS - 1))])
    assert await habits.of(USER, *NAME) is None
    await store.add([answered(new_id(), 100 + LEAST_ANSWERS - 1)])
    assert await habits.of(USER, *NAME) == Habit(20, 110)
    assert await habits.of(USER, "openai", "gpt-4o") is None


async def test_a_use_case_has_habits_of_its_own(database: Database, new_id: UuidV7) -> None:
    """Where one is said, only its answers count."""
    rows = [answered(new_id(), 10, use_case="greeting") for _ in range(LEAST_ANSWERS)]
    rows += [answered(new_id(), 1000, use_case="analysis") for _ in range(LEAST_ANSWERS)]
    await Store(database).add(rows)
    habits = Habits(database)
    assert await habits.of(USER, *NAME, "greeting") == Habit(20, 10)
    assert await habits.of(USER, *NAME) == Habit(40, 505)
    assert await habits.of(USER, *NAME, "chat") is None


async def test_only_what_was_lately_is_looked_at(database: Database, new_id: UuidV7) -> None:
    """A thousand interactions of another kind, and the habit of before is forgotten."""
    await Store(database).add([answered(new_id(), 10) for _ in range(LEAST_ANSWERS)])
    await Store(database).add([answered(new_id(), 10, status="failed") for _ in range(1000)])
    assert await Habits(database).of(USER, *NAME) is None
