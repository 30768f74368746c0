"""What another model's answer would have taken."""

from msgspec.structs import replace

from baton.catalog.lookup import Catalog, Offer
from baton.catalog.prices import FREE
from baton.core.usage import Usage
from baton.watch.backtest.case import Case, Pick, as_it_went, scaled
from baton.watch.backtest.means import Work
from tests.gateway.routing.landscape import NOW_S, model, prices

DEAR = prices("1", "10")[0]


def offer(**fields: object) -> Offer:
    return Catalog([model("b/x", **fields)], (), NOW_S).offers[0]


PICK = Pick(model="b/x", offer=offer(), prices=FREE, served_prices=DEAR, factor=1.0, quality=None)
USED = Usage(prompt=1000, completion=200, cached=400, cache_write=50, reasoning=80)
CASE = Case(
    id="1",
    cluster=0,
    use_case=None,
    work=Work("chat", None, None, None),
    first="a/x",
    served="a/x",
    usage=USED,
    most_tokens=None,
    cost_nanos=3_000_000,
    recorded_nanos=3_000_000,
    latency_ms=1000,
    happened_quality=None,
    in_force=PICK,
    proposed=PICK,
)


def test_the_prompt_is_counted_by_the_other_model() -> None:
    """What was cached of it grows with it; the answer does not."""
    used = scaled(CASE, replace(PICK, factor=1.25), 1.0).usage
    assert (used.prompt, used.cached, used.cache_write) == (1250, 500, 62)
    assert (used.completion, used.reasoning) == (200, 80)


def test_the_answer_is_as_much_longer_as_the_others_are() -> None:
    """And what was thought of it."""
    used, bounded = scaled(CASE, PICK, 1.5)
    assert (used.prompt, used.completion, used.reasoning, bounded) == (1000, 300, 120, False)


def test_no_answer_is_longer_than_it_may_be() -> None:
    """By the request, or by what the model writes at most, whichever is less."""
    bounded = scaled(replace(CASE, most_tokens=250), PICK, 1.5)
    assert (bounded.usage.completion, bounded.usage.reasoning, bounded.bounded) == (250, 100, True)
    short = replace(PICK, offer=offer(context_window=8000, max_output_tokens=220))
    assert scaled(replace(CASE, most_tokens=250), short, 1.5).usage.completion == 220


def test_what_stays_costs_what_it_did() -> None:
    """Its answer at the side's prices, with what earlier attempts had cost; as recorded where nobody has a
    price; unknown where it was."""
    plain = replace(CASE, usage=Usage(prompt=1000, completion=200))
    assert as_it_went(plain, PICK) == 3_000_000
    assert as_it_went(plain, replace(PICK, served_prices=prices("2", "20")[0])) == 6_000_000
    assert as_it_went(replace(plain, cost_nanos=3_500_000), PICK) == 3_500_000
    assert as_it_went(plain, replace(PICK, served_prices=None)) == 3_000_000
    assert as_it_went(replace(plain, recorded_nanos=None), PICK) is None
