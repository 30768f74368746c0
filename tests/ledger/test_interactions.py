"""Looking interactions up."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from baton.core.errors import Invalid, NotFound, Unavailable
from baton.core.ids import UuidV7
from baton.core.usage import Charge, Usage
from baton.ledger.filter import Filter
from baton.ledger.interactions import MAX_PAGE, Interactions
from baton.ledger.ledger import Ledger, open_ledger
from baton.ledger.rows import Attempt, Cost, Opened, PriceUsed, Settled
from baton.ledger.settings import LedgerSettings
from baton.ledger.stored import AttemptRow, FeedbackRow, InteractionRow
from baton.ledger.tables import ATTEMPTS, FEEDBACK, INTERACTIONS, REPRICINGS
from baton.storage.database import Database
from tests.databases import Place
from tests.ledger.samples import a_settled, an_attempt, an_opened

DAY_MS = 86_400_000
FIRST_MS = 20_000 * DAY_MS


@pytest.fixture
async def ledger(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> AsyncIterator[Ledger]:
    """An open ledger."""
    async with open_ledger(root, database, new_id, limits) as opened:
        yield opened


def id_at(ms: int, n: int = 0) -> str:
    """The n-th id of a millisecond."""
    digits = f"{ms:012x}7{0:03x}8{n:015x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def record(ledger: Ledger, id: str, *, opened: dict[str, Any] | None = None, **settled: Any) -> str:
    ledger.book.opened(an_opened(id, **(opened or {})))
    ledger.book.settled(a_settled(id, **settled))
    return id


async def found(ledger: Ledger, wanted: Filter) -> list[str]:
    return [item.interaction.id for item in (await ledger.interactions.page(wanted)).items]


async def test_every_field_is_stored_where_it_belongs(ledger: Ledger) -> None:
    """Each figure comes back under its own name: no two are mixed up."""
    id = id_at(FIRST_MS)
    opened = Opened(
        id=id,
        user_id="user",
        key_id="key",
        tier="tier",
        route="route",
        dialect="dialect",
        model="asked",
        stream=True,
        prompt_tokens=1,
        estimated_cost=Cost(input_nanos=2, output_nanos=3),
        first_provider="first",
        first_model="first",
        tenant="tenant",
        session="session",
        agent="agent",
        use_case="use case",
        tags={"tag": "value"},
        context='{"page":1}',
        prompt_hash="hash",
        kind="images",
        project="project",
        scores='{"final":1}',
        task="coding",
        complexity=0.5,
        routing='{"source":"score"}',
        experiment="experiment",
        arm="arm",
        phase="phase",
        prompt="prompt@1",
        persona="persona",
    )
    attempt = Attempt(
        provider="provider a",
        model="model a",
        started_ms=10,
        took_ms=11,
        status="status a",
        cost=Cost(input_nanos=12, output_nanos=13),
        usage=Usage(
            prompt=14,
            completion=15,
            cached=16,
            cache_write=17,
            reasoning=18,
            audio_in=19,
            audio_out=20,
            estimated=True,
            cache_write_long=21,
            processing="processing a",
            image_in=22,
            image_out=23,
            charges=((Charge.WEB_SEARCH, 24), (Charge.SOUND, 25)),
            beside=True,
        ),
        credential="last",
        first_token_ms=21,
        http_status=22,
        error="error",
        partly=True,
    )
    settled = Settled(
        id=id,
        status="status",
        attempts=(attempt, an_attempt(cost=None)),
        usage=Usage(
            prompt=30,
            completion=31,
            cached=32,
            cache_write=33,
            reasoning=34,
            audio_in=35,
            audio_out=36,
            estimated=True,
            cache_write_long=37,
            processing="processing",
            image_in=38,
            image_out=39,
            charges=((Charge.PICTURE, 40),),
        ),
        provider="provider",
        model="model",
        model_version="version",
        price=PriceUsed(input=40, output=41, cached=42, cache_write=43, revision="revision"),
        latency_ms=50,
        upstream_ms=51,
        first_token_ms=52,
        overhead_us=53,
        generated_chars=54,
        finish="finish",
        http_status=55,
        decision='{"score":1}',
        schema_violation="violation",
        audio_seconds=5.5,
        cache="exact",
        cache_key="digest",
        cached_from="another",
        saved_nanos=41,
        saved_ms=42,
    )
    ledger.book.opened(opened)
    ledger.book.settled(settled)
    found = await ledger.interactions.one(id)
    first, second = found.attempts
    assert found.interaction == InteractionRow(
        id=id,
        at_ms=FIRST_MS,
        tenant="tenant",
        user_id="user",
        key_id="key",
        tier="tier",
        session="session",
        agent="agent",
        use_case="use case",
        route="route",
        dialect="dialect",
        requested_model="asked",
        stream=True,
        tags='{"tag":"value"}',
        context='{"page":1}',
        prompt_hash="hash",
        estimated_prompt_tokens=1,
        estimated_cost_nanos=5,
        status="status",
        http_status=55,
        provider="provider",
        model="model",
        model_version="version",
        finish="finish",
        prompt_tokens=30,
        completion_tokens=31,
        cached_tokens=32,
        cache_write_tokens=33,
        reasoning_tokens=34,
        audio_in_tokens=35,
        audio_out_tokens=36,
        usage_estimated=True,
        price_input=40,
        price_output=41,
        price_cached=42,
        price_cache_write=43,
        price_revision="revision",
        cost_input_nanos=12,
        cost_output_nanos=13,
        cost_nanos=25,
        unpriced=True,
        latency_ms=50,
        upstream_ms=51,
        first_token_ms=52,
        overhead_us=53,
        generated_chars=54,
        attempts=2,
        retries=0,
        fell_back=True,
        decision='{"score":1}',
        schema_violation="violation",
        audio_seconds=5.5,
        type="images",
        project="project",
        original_provider="provider a",
        fallback_reason="status a",
        pricing="unpriced",
        cache_write_long_tokens=37,
        processing="processing",
        scores='{"final":1}',
        image_in_tokens=38,
        image_out_tokens=39,
        charges='{"picture":40}',
        task_type="coding",
        complexity=0.5,
        routing='{"source":"score"}',
        cache="exact",
        cache_key="digest",
        cached_from="another",
        saved_nanos=41,
        saved_ms=42,
        experiment="experiment",
        arm="arm",
        phase="phase",
        prompt="prompt@1",
        persona="persona",
    )
    assert first == AttemptRow(
        interaction_id=id,
        n=1,
        provider="provider a",
        model="model a",
        credential="last",
        started_ms=10,
        took_ms=11,
        first_token_ms=21,
        status="status a",
        http_status=22,
        error="error",
        prompt_tokens=14,
        completion_tokens=15,
        cached_tokens=16,
        cache_write_tokens=17,
        reasoning_tokens=18,
        audio_in_tokens=19,
        audio_out_tokens=20,
        usage_estimated=True,
        cost_input_nanos=12,
        cost_output_nanos=13,
        cost_nanos=25,
        pricing="partly_priced",
        cache_write_long_tokens=21,
        processing="processing a",
        image_in_tokens=22,
        image_out_tokens=23,
        charges='{"web_search":24,"sound":25,"uncounted":1}',
    )
    assert (second.n, second.cost_nanos, second.pricing) == (2, None, "unpriced")


def test_rows_have_a_field_for_every_column() -> None:
    """What is stored can be read."""
    assert InteractionRow.__struct_fields__ == tuple(INTERACTIONS.c.keys())
    assert AttemptRow.__struct_fields__ == tuple(ATTEMPTS.c.keys())
    assert FeedbackRow.__struct_fields__ == tuple(FEEDBACK.c.keys())


async def test_pages_go_through_everything_once_newest_first(ledger: Ledger) -> None:
    """Following the cursor gives each interaction once, also when new ones come in between."""
    ids = [record(ledger, id_at(FIRST_MS, n)) for n in range(25)]
    seen: list[str] = []
    cursor = None
    while True:
        page = await ledger.interactions.page(Filter(), limit=10, cursor=cursor)
        seen += [item.interaction.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        record(ledger, id_at(FIRST_MS + 1, len(seen)))
    assert seen == ids[::-1]


async def test_a_page_has_a_size(ledger: Ledger) -> None:
    """Whatever is asked for, a page has at least one and at most `MAX_PAGE` items."""
    for n in range(MAX_PAGE + 1):
        record(ledger, id_at(FIRST_MS, n))
    for limit, size in [(-1, 1), (0, 1), (7, 7), (10_000, MAX_PAGE)]:
        page = await ledger.interactions.page(Filter(), limit=limit)
        assert len(page.items) == size


async def test_filters_narrow(ledger: Ledger) -> None:
    """Each filter keeps what fits it, and together they keep what fits all."""
    one = record(ledger, id_at(FIRST_MS), opened={"user_id": "ann"})
    two = record(ledger, id_at(FIRST_MS + 5), opened={"user_id": "bob", "model": "auto"}, status="cancelled")
    three = record(
        ledger, id_at(FIRST_MS + DAY_MS), opened={"user_id": "bob"}, provider="groq", model="llama"
    )
    for wanted, ids in [
        (Filter(), [three, two, one]),
        (Filter(user_id="bob"), [three, two]),
        (Filter(user_id="nobody"), []),
        (Filter(provider="groq"), [three]),
        (Filter(model="llama"), [three]),
        (Filter(model="auto"), [two]),
        (Filter(model="gpt-4o-mini"), [three, two, one]),
        (Filter(status="cancelled"), [two]),
        (Filter(since_ms=FIRST_MS + 5), [three, two]),
        (Filter(until_ms=FIRST_MS + 5), [one]),
        (Filter(since_ms=FIRST_MS + 1, until_ms=FIRST_MS + DAY_MS), [two]),
        (Filter(user_id="bob", status="ok"), [three]),
        (Filter(provider="\0"), []),
        (Filter(key_id="01900000-0000-7000-8000-000000000002"), [three, two, one]),
        (Filter(key_id="another"), []),
    ]:
        assert await found(ledger, wanted) == ids, msgspec.json.encode(wanted)


async def test_filters_by_what_callers_said(ledger: Ledger) -> None:
    """By use case, agent, project, session and type; by a tag's key, or key and value, all that are given."""
    said: dict[str, Any] = {"use_case": "chat", "agent": "critic", "project": "p", "session": "s"}
    one = record(ledger, id_at(FIRST_MS), opened=said | {"kind": "images"})
    two = record(ledger, id_at(FIRST_MS, 1), opened={"tags": {"team": "blue", "step": "1"}})
    three = record(ledger, id_at(FIRST_MS, 2), opened={"tags": {"team": "Blue", 'a"team': "blue"}})
    odd = record(ledger, id_at(FIRST_MS, 3), opened={"tags": {"x": ',"team":"blue', "ü%": '"\\\0'}})
    for wanted, ids in [
        *((Filter(**{name: value}), [one]) for name, value in said.items()),
        (Filter(type="images"), [one]),
        (Filter(type="chat"), [odd, three, two]),
        (Filter(tags=("team",)), [three, two]),
        (Filter(tags=("team=blue",)), [two]),
        (Filter(tags=("team=blu",)), []),
        (Filter(tags=("team=",)), []),
        (Filter(tags=("team=blue", "step=1")), [two]),
        (Filter(tags=("team=Blue", "step=1")), []),
        (Filter(tags=('a"team=blue',)), [three]),
        (Filter(tags=("ü%",)), [odd]),
        (Filter(tags=("\0",)), []),
        (Filter(tags=('x=,"team":"blue',)), [odd]),
    ]:
        assert await found(ledger, wanted) == ids, msgspec.json.encode(wanted)


async def test_why_another_model_served_is_told_by_the_attempts(ledger: Ledger) -> None:
    """The provider first asked, and how the last attempt at the first model ended; nothing without both."""
    busy, slow = an_attempt(status="rate_limited"), an_attempt(status="timeout")
    other = an_attempt(provider="groq", model="llama")
    for n, (attempts, provider, reason) in enumerate(
        [
            ((), None, None),
            ((busy, slow), None, None),
            ((busy, slow, other), "openai", "timeout"),
            ((busy, an_attempt(model="gpt-4o"), other), "openai", "rate_limited"),
        ]
    ):
        id = record(ledger, id_at(FIRST_MS, n), attempts=attempts)
        row = (await ledger.interactions.one(id)).interaction
        assert (row.original_provider, row.fallback_reason) == (provider, reason)


@pytest.mark.parametrize("cursor", ["", "\0", "zzz", "0190'", "019", "f" * 36, "-" * 36])
async def test_a_cursor_that_is_not_ours_is_refused(ledger: Ledger, cursor: str) -> None:
    """Whatever else it is, it is not looked for."""
    with pytest.raises(Invalid):
        await ledger.interactions.page(Filter(), cursor=cursor)


async def test_what_may_be_on_its_way_is_not_said_to_be_absent(
    database: Database,
) -> None:
    """While ended interactions do not reach the database, an id that is not there is a 503, not a 404."""
    interactions = Interactions(database, not_done)
    with pytest.raises(Unavailable) as refusal:
        await interactions.one(id_at(0))
    assert refusal.value.code == "ledger_behind"


async def not_done() -> bool:
    """The database takes nothing for now."""
    return False


async def test_anothers_interaction_is_not_found(ledger: Ledger) -> None:
    """It looks the same as one that does not exist."""
    id = record(ledger, id_at(FIRST_MS), opened={"user_id": "ann"})
    assert (await ledger.interactions.one(id, user_id="ann")).interaction.id == id
    with pytest.raises(NotFound):
        await ledger.interactions.one(id, user_id="bob")
    with pytest.raises(NotFound):
        await ledger.interactions.one(id_at(0))


async def test_usage_adds_up_by_model_and_by_day(ledger: Ledger) -> None:
    """Failed attempts are in the sums; the parts add up to the whole, and to the interactions' costs."""
    dear, cheap = Cost(input_nanos=70, output_nanos=30), Cost(input_nanos=1, output_nanos=2)
    lost = an_attempt(status="provider_error", usage=Usage(prompt=5), cost=dear, model="gpt-4o")
    record(ledger, id_at(FIRST_MS), attempts=(lost, an_attempt(usage=Usage(prompt=7), cost=cheap)))
    record(ledger, id_at(FIRST_MS + DAY_MS - 1), attempts=(an_attempt(usage=Usage(prompt=7), cost=None),))
    record(ledger, id_at(FIRST_MS + DAY_MS), attempts=(), status="provider_timeout")
    record(ledger, id_at(FIRST_MS + DAY_MS, 1), opened={"user_id": "ann"}, attempts=(lost,), status="x")
    all_of_it = await ledger.usage.summary(Filter())
    assert (all_of_it.requests, all_of_it.failed) == (4, 2)
    assert all_of_it.used.cost_nanos == 203
    assert all_of_it.used.prompt_tokens == 24
    assert all_of_it.used.unpriced == 1
    assert [(one.model, one.attempts, one.used.cost_nanos) for one in all_of_it.by_model] == [
        ("gpt-4o", 2, 200),
        ("gpt-4o-mini", 2, 3),
    ]
    assert [(day.day, day.requests, day.failed, day.used.cost_nanos) for day in all_of_it.by_day] == [
        ("2024-10-04", 2, 0, 103),
        ("2024-10-05", 2, 2, 100),
    ]
    items = (await ledger.interactions.page(Filter())).items
    assert sum(item.interaction.cost_nanos for item in items) == all_of_it.used.cost_nanos
    anns = await ledger.usage.summary(Filter(user_id="ann"))
    assert (anns.requests, anns.used.cost_nanos, len(anns.by_day)) == (1, 100, 1)
    other, ann = await ledger.usage.users(Filter())
    assert (ann.user_id, ann.requests, ann.failed, ann.used) == ("ann", 1, 1, anns.used)
    assert (other.requests, other.failed, ann.used.plus(other.used)) == (3, 1, all_of_it.used)
    assert await ledger.usage.users(Filter(user_id="nobody")) == ()
    none = await ledger.usage.summary(Filter(user_id="nobody"))
    assert (none.requests, none.used.cost_nanos, none.by_model, none.by_day) == (0, 0, (), ())


def test_every_column_is_explained() -> None:
    """`docs/interactions.md` names each column of the tables."""
    text = (Path(__file__).parents[2] / "docs" / "interactions.md").read_text()
    columns = {column.name for table in (INTERACTIONS, ATTEMPTS, FEEDBACK, REPRICINGS) for column in table.c}
    assert {name for name in columns if f"`{name}`" not in text} == set()


async def test_a_nul_holds_up_nothing(ledger: Ledger, place: Place) -> None:
    """A text with a NUL, which PostgreSQL refuses, is stored there with a mark in its place."""
    stored = "a\0b" if place.settings.url.startswith("sqlite") else "a\ufffdb"
    lost = an_attempt(error="a\0b")
    id = record(ledger, id_at(FIRST_MS), opened={"agent": "a\0b"}, attempts=(lost,))
    found = await ledger.interactions.one(id)
    assert (found.interaction.agent, found.attempts[0].error) == (stored, stored)
