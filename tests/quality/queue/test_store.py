"""What is kept of assessments and reviews, on each kind of database."""

from collections.abc import AsyncGenerator
from secrets import token_bytes

import pytest

from baton.access.signin.seal import Seal
from baton.core.errors import Conflict, Invalid, NotFound, Unavailable
from baton.quality.agreement import Grade
from baton.quality.queue.figures import Dimension, Figures
from baton.quality.queue.item import Opinion, Review, State, state_of
from baton.quality.queue.store import Queue, Wanted
from baton.quality.verdict import Verdict
from baton.records.audit.entry import Actor, AuditFilter
from baton.records.audit.keys import AuditKeys
from baton.records.audit.scribe import Scribe
from baton.records.audit.trail import Trail
from baton.storage.database import Database
from baton.storage.schema import upgrade
from tests.databases import Place
from tests.quality.queue.pieces import NOW_MS, REASONING, item

KEYS = AuditKeys.derived(lambda purpose: purpose.encode().ljust(32, b"-")[:32])
SEAL = Seal(b"k" * 32)


@pytest.fixture
async def database(place: Place) -> AsyncGenerator[Database]:
    async with Database(place.settings) as opened:
        await upgrade(opened)
        yield opened


@pytest.fixture
async def queue(database: Database) -> Queue:
    scribe = Scribe(KEYS)
    await scribe.begin(database, NOW_MS)
    return Queue(database, scribe, SEAL)


def _plain(cell: object) -> object:
    return bytes(cell) if isinstance(cell, memoryview) else cell


def by(reviewer: str) -> Actor:
    return Actor(id=reviewer, source="cli")


def said(reviewer: str, verdict: Opinion, score: int | None = None, notes: str | None = None) -> Review:
    return Review(reviewer=reviewer, at_ms=NOW_MS, verdict=verdict, score=score, notes=notes)


async def test_what_is_kept_is_what_was_said(queue: Queue) -> None:
    """One comes back whole; a list leaves the words out."""
    kept = item(65.0, use_case="chat", prompt="greeting@2", project="p", left_out=3, unpriced=True)
    await queue.add(kept)
    assert await queue.one(kept.id) == kept
    [listed] = (await queue.page(Wanted())).items
    assert listed.said is None
    assert listed.scores == kept.scores


async def test_words_are_sealed(queue: Queue, database: Database) -> None:
    """Who has the database alone reads no reasoning, evidence or notes; another secret opens none."""
    kept = item()
    await queue.add(kept)
    await queue.review(kept.id, said("r1", Opinion.ACCEPT, notes="A fine plan."), by("r1"))
    async with database.read() as connection:
        for table in ("quality_scores", "quality_reviews", "audit_entries"):
            rows = (await connection.exec_driver_sql(f"SELECT * FROM {table}")).all()
            told = str(
                [[bytes(cell) if isinstance(cell, memoryview) else cell for cell in row] for row in rows]
            )
            assert REASONING not in told
            assert "and then" not in told
            assert "fine plan" not in told
    stranger = Queue(database, Scribe(KEYS), Seal(token_bytes(32)))
    with pytest.raises(Unavailable):
        await stranger.one(kept.id)


async def test_an_interaction_is_kept_once(queue: Queue) -> None:
    """A second word on the same answer is refused; a run's outputs may be assessed again."""
    kept = item()
    await queue.add(kept)
    with pytest.raises(Conflict):
        await queue.add(item(interaction_id=kept.examined.interaction_id))
    for _ in range(2):
        await queue.add(item(interaction_id=None, run_id="r1", step="draft"))
    assert len((await queue.page(Wanted())).items) == 3


async def test_pages_hold_everything_once(queue: Queue) -> None:
    """Last first, without gaps; a cursor of another making is refused."""
    kept = [item() for _ in range(5)]
    for each in kept:
        await queue.add(each)
    found: list[str] = []
    cursor = None
    while True:
        page = await queue.page(Wanted(), limit=2, cursor=cursor)
        found += [each.id for each in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == [each.id for each in reversed(kept)]
    with pytest.raises(Invalid):
        await queue.page(Wanted(), cursor="5")


async def test_filters_find_what_they_say(queue: Queue) -> None:
    """By verdict, use case, model, prompt and time."""
    chat = item(80.0, use_case="chat", prompt="hello@1")
    old = item(20.0, model="two", at_ms=NOW_MS - 10)
    for each in (chat, old):
        await queue.add(each)

    async def ids(wanted: Wanted) -> list[str]:
        return [each.id for each in (await queue.page(wanted)).items]

    assert await ids(Wanted(verdict=Verdict.REJECTED)) == [old.id]
    assert await ids(Wanted(use_case="chat")) == [chat.id]
    assert await ids(Wanted(model="acme/two")) == [old.id]
    assert await ids(Wanted(prompt="hello")) == [chat.id]
    assert await ids(Wanted(prompt="hell")) == []
    assert await ids(Wanted(since_ms=NOW_MS)) == [chat.id]


async def test_who_waits_for_a_person_is_told_from_who_does_not(queue: Queue) -> None:
    """Offered, held and rejected ones wait, and a run's unscored one; each has just one state."""
    kept = [
        item(90.0),
        item(65.0),
        item(40.0),
        item(10.0),
        item(None),
        item(None, interaction_id=None, run_id="r1", step="draft"),
    ]
    for each in kept:
        await queue.add(each)
    reviewed = item(65.0)
    await queue.add(reviewed)
    await queue.review(reviewed.id, said("r1", Opinion.ACCEPT), by("r1"))
    states = {state: (await queue.page(Wanted(state=state))).items for state in State}
    assert all(state_of(each) is state for state, items in states.items() for each in items)
    waiting = {each.id for each in states[State.WAITING]}
    assert waiting == {kept[at].id for at in (1, 2, 3, 5)}
    assert [each.id for each in states[State.REVIEWED]] == [reviewed.id]
    assert {each.id for each in states[State.NONE]} == {kept[0].id, kept[4].id}


async def test_two_reviewers_are_both_kept_and_each_may_change_theirs(queue: Queue) -> None:
    """Nobody's word takes another's place, and the audit has every one of them without its notes."""
    kept = item(65.0)
    await queue.add(kept)
    await queue.review(kept.id, said("r1", Opinion.ACCEPT, 90, "Good."), by("r1"))
    await queue.review(kept.id, said("r2", Opinion.REJECT, notes="Bad."), by("r2"))
    changed = await queue.review(kept.id, said("r1", Opinion.REJECT, 20, "Second thoughts."), by("r1"))
    assert {each.reviewer: (each.verdict, each.score, each.notes) for each in changed.reviews} == {
        "r1": (Opinion.REJECT, 20, "Second thoughts."),
        "r2": (Opinion.REJECT, None, "Bad."),
    }


async def test_reviews_are_audited(queue: Queue, database: Database) -> None:
    """Who said what, and what they had said before; not the notes, which must be possible to forget."""
    kept = item(65.0)
    await queue.add(kept)
    await queue.review(kept.id, said("r1", Opinion.ACCEPT, 90, "Good."), by("r1"))
    await queue.review(kept.id, said("r1", Opinion.REJECT), by("r1"))
    page = await Trail(database, KEYS).page(AuditFilter(kind="quality_review"))
    second, first = page.entries
    assert (first.actor_id, first.action, first.before) == ("r1", "create", None)
    assert (second.action, second.before, bytes(second.after or b"")) == (
        "update",
        first.after,
        b'{"verdict":"reject","score":null}',
    )


async def test_a_review_that_contradicts_itself_is_refused(queue: Queue) -> None:
    """60 passes and 59 does not; and nobody reviews what is not there."""
    kept = item(65.0)
    await queue.add(kept)
    for verdict, score in ((Opinion.ACCEPT, 59), (Opinion.REJECT, 60)):
        with pytest.raises(Invalid):
            await queue.review(kept.id, said("r1", verdict, score), by("r1"))
    assert (await queue.one(kept.id)).reviews == ()
    with pytest.raises(NotFound):
        await queue.review("nothing", said("r1", Opinion.ACCEPT), by("r1"))
    with pytest.raises(NotFound):
        await queue.one("nothing")


def test_a_review_says_a_grade() -> None:
    """By its score where there is one."""
    assert said("r", Opinion.ACCEPT).grade is Grade.GOOD
    assert said("r", Opinion.REJECT).grade is Grade.BAD
    assert said("r", Opinion.REJECT, 45).grade is Grade.MIDDLING


async def test_agreement_is_over_what_both_have_graded(queue: Queue) -> None:
    """Every review of a scored output is a pair; unscored ones are none."""
    for score, verdict, given in (
        (90.0, Opinion.ACCEPT, None),
        (45.0, Opinion.REJECT, 40),
        (10.0, Opinion.ACCEPT, 70),
        (None, Opinion.ACCEPT, None),
    ):
        kept = item(score, use_case="chat")
        await queue.add(kept)
        await queue.review(kept.id, said("r1", verdict, given), by("r1"))
    found = await queue.agreement(Wanted(use_case="chat"))
    assert (found.pairs, found.share) == (3, pytest.approx(2 / 3))
    assert (await queue.agreement(Wanted(use_case="other"))).pairs == 0


async def test_figures_add_up(queue: Queue, database: Database) -> None:
    """Means are of scores, shares of all; apart they come to the whole."""
    for each in (
        item(80.0, use_case="chat"),
        item(40.0, use_case="chat", model="two", unpriced=True),
        item(None, prompt="hello@1"),
    ):
        await queue.add(each)
    figures = Figures(database)
    total = await figures.total(Wanted())
    assert (total.assessed, total.scored, total.mean) == (3, 2, 60)
    assert (total.cost_nanos, total.unpriced) == (3000, 1)
    assert total.unscored_share == pytest.approx(1 / 3)
    assert {verdict: count for verdict, count in total.verdicts.items() if count} == {
        Verdict.ACCEPTED: 1,
        Verdict.HELD: 1,
        Verdict.UNSCORED: 1,
    }
    for dimension in Dimension:
        apart = await figures.by(dimension, Wanted())
        assert sum(each.assessed for each in apart) == 3
    chat, nothing = await figures.by(Dimension.USE_CASE, Wanted())
    assert (chat.key, chat.mean, nothing.key, nothing.mean) == ("chat", 60, None, None)
    assert list(await figures.of_prompt("hello", NOW_MS)) == ["hello@1"]


async def test_evidence_is_what_judges_and_reviewers_share(queue: Queue, database: Database) -> None:
    """Unscored ones say nothing, what was rejected outright is 0, what a reviewer denies does not count."""
    denied, shared = item(90.0), item(80.0)
    outright = item(None, verdict=Verdict.REJECTED, scores=None)
    old = item(10.0, at_ms=NOW_MS - 10)
    for each in (denied, shared, outright, item(None), old, item(70.0, model="two")):
        await queue.add(each)
    await queue.review(denied.id, said("r1", Opinion.REJECT), by("r1"))
    await queue.review(shared.id, said("r1", Opinion.ACCEPT), by("r1"))
    found = {each.model: each for each in await Figures(database).by_model(NOW_MS)}
    assert (found["acme/one"].number, found["acme/one"].mean) == (2, pytest.approx(0.4))
    assert (found["acme/two"].number, found["acme/two"].mean) == (1, pytest.approx(0.7))
