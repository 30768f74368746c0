"""The ledger's sums by one or two dimensions."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baton.core.ids import UuidV7
from baton.core.usage import Usage
from baton.ledger.breakdown import Breakdown, Breakdowns, Dimension
from baton.ledger.filter import Filter
from baton.ledger.rows import Cost, Interaction, PriceUsed
from baton.ledger.store import Store
from baton.storage.database import Database
from tests.ledger.samples import a_settled, an_attempt, an_opened

_NANOS = st.none() | st.integers(0, 10**15)
TWO = [(one,) for one in Dimension] + [
    (one, other) for one in Dimension for other in Dimension if one is not other
]


async def no_flush() -> None:
    """All of it is in the database."""


def call(model: str, nanos: int | None, prompt: int = 10) -> object:
    provider, name = model.split("/")
    cost = None if nanos is None else Cost(input_nanos=nanos, output_nanos=0)
    return an_attempt(provider=provider, model=name, cost=cost, usage=Usage(prompt=prompt, completion=5))


def asked(id: str, *calls: object, status: str = "ok", **opened: object) -> Interaction:
    return Interaction(an_opened(id, **opened), a_settled(id, attempts=calls, status=status))


def table(found: Breakdown) -> dict[tuple[str | None, ...], tuple[int, int]]:
    return {share.keys: (share.count, share.used.cost_nanos) for share in found.shares}


async def test_each_part_has_its_own_and_nothing_falls_between(database: Database, new_id: UuidV7) -> None:
    """Calls are counted where models are told apart, else requests; what nobody said is a part too."""
    rows = [
        asked(new_id(), call("a/x", 5), call("b/y", 7), user_id="ada", agent="research", project="p"),
        asked(new_id(), call("b/y", 100), user_id="ada", agent="research"),
        asked(new_id(), call("a/x", None), user_id="bob", status="server_error", project="p"),
        asked(new_id(), user_id="bob", status="server_error"),
    ]
    await Store(database).add(rows)
    found = Breakdowns(database, no_flush)
    models = await found.of(Filter(), (Dimension.MODEL,))
    assert table(models) == {("b/y",): (2, 107), ("a/x",): (2, 5)}
    assert [share.used.unpriced for share in models.shares] == [0, 1]
    assert (models.requests, models.failed) == (4, 2)
    agents = await found.of(Filter(), (Dimension.AGENT, Dimension.USER))
    assert table(agents) == {("research", "ada"): (2, 112), (None, "bob"): (2, 0)}
    assert table(await found.of(Filter(user_id="ada"), (Dimension.PROJECT,))) == {
        ("p",): (1, 12),
        (None,): (1, 100),
    }
    assert table(await found.of(Filter(), (Dimension.PROVIDER, Dimension.USER))) == {
        ("b", "ada"): (2, 107),
        ("a", "ada"): (1, 5),
        ("a", "bob"): (1, 0),
    }
    whole = await found.of(Filter(), ())
    assert (whole.requests, whole.failed, whole.used.cost_nanos) == (4, 2, 112)
    none = await found.of(Filter(user_id="nobody"), ())
    assert (none.requests, none.used.cost_nanos) == (0, 0)
    assert (await found.of(Filter(user_id="nobody"), (Dimension.DATE,))).shares == ()


async def test_a_time_bounds_it_whatever_is_told_apart(database: Database, new_id: UuidV7) -> None:
    """Also where no interaction is read for it."""
    early, late = "01900000-0000-7000-8000-000000000001", "01a00000-0000-7000-8000-000000000001"
    await Store(database).add([asked(early, call("a/x", 5)), asked(late, call("a/x", 7))])
    found = Breakdowns(database, no_flush)
    between_ms = 0x019500000000
    for by in (Dimension.MODEL, Dimension.USER):
        since = await found.of(Filter(since_ms=between_ms), (by,))
        until = await found.of(Filter(until_ms=between_ms), (by,))
        assert (since.used.cost_nanos, since.requests) == (7, 1)
        assert (until.used.cost_nanos, until.requests) == (5, 1)


async def test_what_cached_tokens_saved_is_by_the_price_of_each_answer(
    database: Database, new_id: UuidV7
) -> None:
    """Rounded down; nothing where a price is not known."""
    price = PriceUsed(input=150_000_000, output=1, cached=75_000_000, revision="r")
    id, other = new_id(), new_id()
    rows = [
        Interaction(an_opened(id), a_settled(id, usage=Usage(prompt=9, completion=1, cached=3), price=price)),
        Interaction(
            an_opened(other), a_settled(other, usage=Usage(prompt=9, completion=1, cached=3), price=None)
        ),
    ]
    await Store(database).add(rows)
    found = await Breakdowns(database, no_flush).of(Filter(), (Dimension.DATE,))
    assert found.saved_nanos == 3 * 75


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("ada", "bob")),
            st.sampled_from((None, "p", "q")),
            st.lists(
                st.tuples(st.sampled_from(("a/x", "b/y")), st.none() | st.integers(0, 10**15)), max_size=3
            ),
        ),
        max_size=6,
    )
)
@pytest.mark.parametrize("by", TWO[:: len(TWO) // 9], ids=",".join)
async def test_the_parts_add_up_to_every_nano(
    database: Database,
    new_id: UuidV7,
    by: tuple[Dimension, ...],
    rows: list[tuple[str, str | None, list[tuple[str, int | None]]]],
) -> None:
    """Whatever is told apart: cost, tokens and calls are those of all attempts."""
    tenant = new_id()
    made = [
        asked(new_id(), *(call(*each) for each in calls), user_id=user, project=project, session=tenant)
        for user, project, calls in rows
    ]
    await Store(database).add(made)
    found = await Breakdowns(database, no_flush).of(Filter(session=tenant), by)
    calls = [each for _, _, calls in rows for each in calls]
    assert found.used.cost_nanos == sum(nanos or 0 for _, nanos in calls)
    assert sum(share.used.cost_nanos for share in found.shares) == found.used.cost_nanos
    assert found.used.prompt_tokens == 10 * len(calls)
    assert found.used.unpriced == sum(nanos is None for _, nanos in calls)
    of_calls = {Dimension.MODEL, Dimension.PROVIDER} & set(by)
    assert sum(share.count for share in found.shares) == (len(calls) if of_calls else len(rows))
    assert found.requests == len(rows)
