"""How scores are weighed: by complexity, by how near a budget's end is, by what was seen and judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from baton.core.errors import Invalid
from baton.core.profile import Profile
from baton.core.task import TaskType
from baton.gateway.routing.observed import Judged, Observed, Seen
from baton.gateway.routing.router import Router
from baton.gateway.routing.weighing import (
    USUAL,
    Boost,
    Weighing,
    WeightPoint,
    Weights,
    packaged_weighings,
    weighings_kind,
)
from tests.gateway.routing.landscape import ask, model, prices, router

WELL = Boost(task=TaskType.CODING, model="a", quality=0.1)
STRONG = model("a/strong", quality=0.95, prices=prices("10", "40"))
WEAK = model("b/weak", quality=0.8, prices=prices("0.1", "0.4"))


@pytest.mark.parametrize(
    ("complexity", "weights"),
    [(0.0, (0.2, 0.5, 0.3)), (0.25, (0.3, 0.4, 0.3)), (0.5, (0.4, 0.3, 0.3)), (1.0, (0.6, 0.1, 0.3))],
)
def test_weights_move_with_complexity(complexity: float, weights: tuple[float, float, float]) -> None:
    """As it was decided, and in between."""
    found = USUAL.at(complexity)
    assert (found.quality, found.cost, found.availability) == pytest.approx(weights)


def test_without_a_complexity_weights_are_the_usual_ones() -> None:
    """0.4, 0.3, 0.3; what comes with Baton says the same as what counts without it."""
    [packaged] = packaged_weighings()
    assert structs.replace(packaged, boosts=()) == USUAL
    assert USUAL.at(None) == USUAL.at(0.5) == Weights()


@given(st.floats(0, 1), st.floats(0, 1))
def test_weights_always_add_up_to_1(complexity: float, pressure: float) -> None:
    """Wherever they lie, and however near a budget's end is."""
    found = USUAL.at(complexity, pressure)
    assert found.quality + found.cost + found.availability == pytest.approx(1)
    assert min(found.quality, found.cost, found.availability) >= 0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_cost_weighs_more_the_nearer_a_budgets_end_is(complexity: float, one: float, two: float) -> None:
    """And never less."""
    less, more = sorted((one, two))
    assert USUAL.at(complexity, more).cost >= USUAL.at(complexity, less).cost


def test_simple_work_goes_to_the_cheap_model_and_complex_work_to_the_strong_one() -> None:
    """The same two models, the same length."""
    pair = router(STRONG, WEAK)
    for complexity, first in ((0.0, "b/weak"), (1.0, "a/strong")):
        assert pair.decide(ask(complexity=complexity)).chosen.offer.id == first


def test_near_a_budgets_end_the_cheap_model_takes_over() -> None:
    """Without the budget being spent."""
    pair = router(STRONG, model("b/weak", quality=0.9, prices=prices("0.1", "0.4")))
    assert pair.decide(ask(complexity=1.0, input_tokens=500)).chosen.offer.id == "a/strong"
    assert pair.decide(ask(complexity=1.0, input_tokens=500, pressure=1.0)).chosen.offer.id == "b/weak"


def test_a_model_that_suits_the_work_is_taken_for_better() -> None:
    """A provider's boost holds for its models, a model's own stands above it; for other work neither."""
    rows = (model("a/one", quality=0.85), model("b/two", quality=0.9), model("b/three", quality=0.7))
    boosts = (
        Boost(task=TaskType.CODING, model="a", quality=0.1),
        Boost(task=TaskType.CODING, model="b", quality=-0.1),
        Boost(task=TaskType.CODING, model="b/three", quality=0.3),
    )
    of = router(*rows, weighing=Weighing(boosts=boosts))
    found = of.decide(ask(task=TaskType.CODING))
    scores = {each.offer.id: each.scores.quality for each in found.ranked}
    assert scores == pytest.approx({"a/one": 0.95, "b/two": 0.8, "b/three": 1.0})
    assert found.chosen.offer.id == "b/three"
    assert of.decide(ask(task=TaskType.TRANSLATION)).chosen.offer.id == "b/two"
    assert of.decide(ask()).chosen.offer.id == "b/two"


def test_by_default_code_suits_anthropic_and_analysis_openai() -> None:
    """By 0.10 and 0.05."""
    [packaged] = packaged_weighings()
    rows = {"anthropic/x": 0.9, "openai/y": 0.92, "z/z": 0.93}
    of = router(*(model(name, quality=quality) for name, quality in rows.items()), weighing=packaged)
    assert of.decide(ask(task=TaskType.CODING)).chosen.offer.id == "anthropic/x"
    assert of.decide(ask(task=TaskType.ANALYSIS)).chosen.offer.id == "openai/y"
    assert of.decide(ask(task=TaskType.CONVERSATION)).chosen.offer.id == "z/z"


def test_the_latency_that_was_seen_counts_and_not_the_rows() -> None:
    """Slow by its row and quick in fact, and the other way round."""
    pair = router(
        model("a/slow", quality=0.85, avg_latency_ms=5000), model("b/quick", quality=0.8, avg_latency_ms=100)
    )
    assert pair.decide(ask()).chosen.offer.id == "b/quick"
    seen = Observed({"a/slow": Seen(0.8, 300.0), "b/quick": Seen(0.8, 2500.0)})
    found = pair.decide(ask(), seen)
    assert {each.offer.id: each.scores.quality for each in found.ranked} == {"a/slow": 0.85, "b/quick": 0.7}


def test_what_was_thought_of_answers_moves_a_models_quality_by_its_weight() -> None:
    """Twenty judgements weigh as much as the row; one hardly anything."""
    of = router(model("a/x", quality=0.9))
    for weight, quality in ((0.0, 0.9), (1.0, (20 * 0.9 + 0.3) / 21), (20.0, 0.6), (1e9, 0.3)):
        found = of.decide(ask(), Observed(judged={"a/x": Judged(0.3, weight)}))
        assert found.chosen.offer.id == "a/x"
        assert found.ranked[0].scores.quality == pytest.approx(quality, abs=1e-5)


qualities = st.floats(0, 1).map(lambda value: round(value, 3))


@given(
    st.lists(st.tuples(qualities, st.sampled_from(["0", "0.5", "5", "60"])), min_size=2, max_size=8),
    st.floats(0, 1),
    st.data(),
)
def test_the_order_is_the_one_of_the_scores_that_are_shown(
    rows: list[tuple[float, str]], complexity: float, data: st.DataObject
) -> None:
    """Whatever was seen, judged and boosted: the columns and the single scores are the same sums."""
    models = [
        model(f"p{index % 3}/m{index}", quality=quality, prices=prices(price, price))
        for index, (quality, price) in enumerate(rows)
    ]
    names = st.sampled_from([each.id for each in models])
    seen = data.draw(st.dictionaries(names, st.builds(Seen, st.floats(0, 1), st.floats(0, 9000))))
    judged = data.draw(st.dictionaries(names, st.builds(Judged, st.floats(0, 1), st.floats(0, 100))))
    boosts = (Boost(task=TaskType.CODING, model="p1", quality=0.2),)
    of = router(*models, weighing=Weighing(boosts=boosts))
    request = ask(complexity=complexity, task=TaskType.CODING, pressure=data.draw(st.floats(0, 1)))
    finals = [each.scores.final for each in of.decide(request, Observed(seen, judged), shown=99).ranked]
    assert finals == pytest.approx(sorted(finals, reverse=True), abs=3e-6)


def test_a_profile_may_have_weights_of_its_own() -> None:
    """Beside what it leaves of the candidates."""
    proud = Weighing(points=(WeightPoint(complexity=0, quality=1, cost=0, availability=0),))
    catalog = router(STRONG, WEAK).catalog

    def weighing(profile: Profile | None) -> Weighing:
        return proud if profile is Profile.BALANCED else USUAL

    of = Router(catalog, frozenset({"a", "b"}), weighing=weighing)
    terms = ask().terms
    assert of.decide(ask(complexity=0.0)).chosen.offer.id == "b/weak"
    own = type(terms)(profile=Profile.BALANCED)
    assert of.decide(ask(complexity=0.0, terms=own)).chosen.offer.id == "a/strong"


@pytest.mark.parametrize(
    ("weighing", "param"),
    [
        (Weighing(name="lucky"), "name"),
        (Weighing(points=(WeightPoint(complexity=0, quality=1, cost=1, availability=0),)), "points[0]"),
        (Weighing(points=USUAL.points[::-1]), "points"),
        (Weighing(boosts=(WELL, WELL)), "boosts[1]"),
    ],
)
def test_what_contradicts_itself_is_refused(weighing: Weighing, param: str) -> None:
    """With the place of the mistake."""
    with pytest.raises(Invalid) as refused:
        weighings_kind().checked_key(weighing)
    assert refused.value.param == param
