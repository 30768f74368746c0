"""Which model serves a request, and why not the others."""

import timeit
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.catalog.lookup import Resolution
from baton.catalog.model import Model
from baton.core.errors import Forbidden, Unservable
from baton.gateway.routing.decision import Ask, Decision
from baton.gateway.routing.observed import Observed, Seen
from baton.gateway.routing.router import Router
from baton.gateway.routing.weighing import Weighing, WeightPoint
from tests.gateway.routing.landscape import ask, model, prices, router


def reasons(decision: Decision) -> dict[str, str]:
    return {each.id: each.reason for each in decision.left_out}


def ids(decision: Decision) -> list[str]:
    return [each.offer.id for each in decision.ranked]


GOOD = model("a/good", quality=0.9)


@pytest.mark.parametrize(
    ("other", "wanted", "reason"),
    [
        ({"is_enabled": False}, {}, "switched off"),
        ({"retired_at": date(2026, 1, 1)}, {}, "retired on 2026-01-01"),
        ({"tier_access": frozenset({"pro"})}, {}, "not in the tier free"),
        ({}, {"needs": frozenset({"vision", "tools"})}, "has no tools, vision"),
        ({}, {"exclude": frozenset({"b"})}, "its provider is excluded"),
        ({}, {"exclude": frozenset({"B-Inc"})}, "its provider is excluded"),
        ({"context_window": 600}, {"input_tokens": 101}, "holds 600 tokens, about 601 are needed"),
        (
            {"context_window": 1000},
            {"input_tokens": 1, "max_tokens": 1000},
            "holds 1000 tokens, about 1001 are needed",
        ),
        (
            {"max_output_tokens": 10},
            {"max_tokens": 11},
            "writes at most 10 tokens, 11 are asked for",
        ),
        ({"avoid_for": ("chat",)}, {"use_case": "chat"}, "avoids the use case chat"),
        (
            {"required_capabilities": frozenset({"audio"})},
            {},
            "kept for requests that need audio",
        ),
        ({}, {"provider": "a"}, "a is preferred"),
        ({}, {"provider": "A-inc"}, "a is preferred"),
    ],
)
def test_who_is_left_out_is_told_why(other: dict[str, Any], wanted: dict[str, Any], reason: str) -> None:
    """The better model loses to each rule that speaks against it, and the decision says which."""
    can = frozenset({"text", "tools", "vision"})
    good = model("a/good", quality=0.5, capabilities=can)
    decision = router(good, model("b/better", quality=0.9, **other)).decide(ask(**wanted))
    assert decision.chosen.offer.id == "a/good"
    assert reasons(decision) == {"b/better": reason}


def test_a_provider_without_a_key_is_no_candidate() -> None:
    """Only configured providers are asked."""
    decision = router(GOOD, model("b/better", quality=1.0), configured={"a"}).decide(ask())
    assert decision.chosen.offer.id == "a/good"
    assert reasons(decision) == {"b/better": "provider b is not configured; `baton doctor` says what to set"}


def test_a_request_that_just_fits_is_served() -> None:
    """Window and output limits are inclusive."""
    tight = model("a/tight", context_window=600, max_output_tokens=500)
    tighter = model("a/tighter", context_window=599, max_output_tokens=499)
    for pair in ((tight,), (tight, tighter)):
        decision = router(*pair).decide(ask(input_tokens=100, max_tokens=500))
        assert ids(decision) == ["a/tight"]


def test_a_preferred_provider_narrows_unless_nothing_is_left() -> None:
    """The wish is soft: who cannot serve the request is not insisted on."""
    both = router(GOOD, model("b/worse", quality=0.1, tier_access=frozenset({"pro"})))
    assert both.decide(ask(provider="b")).chosen.offer.id == "a/good"
    assert both.decide(ask(provider="b", tier="pro")).chosen.offer.id == "b/worse"


def test_a_stand_in_serves_only_where_nobody_else_can() -> None:
    """While a real provider is configured the stand-in is neither chosen nor a fallback."""
    real, stand_in = model("real/one", quality=0.1), model("pretend/echo", quality=1.0)
    with_key = router(real, stand_in, stand_ins={"pretend"})
    decision = with_key.decide(ask())
    assert decision.chosen.offer.id == "real/one"
    assert decision.fallbacks == ()
    assert reasons(decision) == {"pretend/echo": "stands in only where no provider is configured"}
    without = router(real, stand_in, configured={"pretend"}, stand_ins={"pretend"})
    assert without.decide(ask()).chosen.offer.id == "pretend/echo"


def test_a_named_stand_in_is_called_and_never_replaced_by_a_real_provider() -> None:
    """Naming it is enough; its failure costs nobody money elsewhere."""
    with_key = router(model("real/one"), model("pretend/echo"), stand_ins={"pretend"})
    named = with_key.decide_named(with_key.catalog.resolve("pretend/echo"), ask())
    assert named.chosen.offer.id == "pretend/echo"
    assert with_key.fallbacks(named.chosen.offer, ask()) == ()


def test_nobody_left_is_refused_with_every_reason() -> None:
    """422 with a reason for each model, and the commonest in the sentence."""
    with pytest.raises(Unservable) as refused:
        router(GOOD, model("b/x")).decide(ask(tier="guest"))
    assert refused.value.status == 422
    assert refused.value.reasons == {"a/good": "not in the tier guest", "b/x": "not in the tier guest"}
    assert "2 × not in the tier guest" in refused.value.message


def test_fallbacks_are_the_next_best_three_from_other_providers_first() -> None:
    """Another provider's worse model comes before a better one of the provider that failed."""
    many = router(
        model("a/1", quality=0.99),
        model("a/2", quality=0.98),
        model("a/3", quality=0.97),
        model("b/1", quality=0.5),
        model("c/1", quality=0.6),
    )
    decision = many.decide(ask())
    assert [offer.id for offer in decision.fallbacks] == ["c/1", "b/1", "a/2"]
    named = many.decide_named(many.catalog.resolve("b/1"), ask())
    assert [offer.id for offer in many.fallbacks(named.chosen.offer, ask())] == ["a/1", "c/1", "a/2", "a/3"]


def test_fallbacks_follow_the_chain_of_providers() -> None:
    """Providers of the chain come in its order, whatever they score; others behind them."""
    models = (
        model("a/1"),
        model("b/1", quality=0.9),
        model("c/1", quality=0.8),
        model("d/1", quality=0.7),
        model("d/2", quality=0.6),
    )
    chained = router(*models, chain=("d", "unknown", "c"))
    first = chained.decide_named(chained.catalog.resolve("a/1"), ask()).chosen.offer
    assert [offer.id for offer in chained.fallbacks(first, ask())] == ["d/1", "c/1", "b/1", "d/2"]


def test_a_preferred_provider_does_not_keep_others_from_helping() -> None:
    """Once it has failed, the preference has nothing to narrow."""
    pair = router(model("a/1"), model("b/1"))
    asked = ask(provider="a")
    chosen = pair.decide(asked).chosen.offer
    assert chosen.id == "a/1"
    assert [offer.id for offer in pair.fallbacks(chosen, asked)] == ["b/1"]
    assert pair.has_others(chosen, asked)


def test_what_is_too_long_falls_back_to_a_longer_model_only() -> None:
    """A prompt that one model refused for its length is not sent to another that holds no more."""
    three = router(
        model("a/1", context_window=8000),
        model("b/same", context_window=8000, quality=0.9),
        model("c/longer", context_window=9000, quality=0.1),
    )
    chosen = three.decide_named(three.catalog.resolve("a/1"), ask()).chosen.offer
    assert [offer.id for offer in three.fallbacks(chosen, ask(), longer=True)] == ["c/longer"]


def test_what_is_shut_is_passed_over_while_another_is_left() -> None:
    """It leaves the candidates with its reason; where all are shut the best is named all the same."""
    pair = router(model("a/1", quality=0.9), model("b/1", quality=0.1))
    decision = pair.decide(ask(), shut=[lambda offer: "shut" if offer.id == "a/1" else None])
    assert decision.chosen.offer.id == "b/1"
    assert reasons(decision)["a/1"] == "shut"
    assert decision.fallbacks == ()
    assert pair.decide(ask(), shut=[lambda _: "shut"]).chosen.offer.id == "a/1"


def test_ties_break_by_price_then_name() -> None:
    """Above 0.10 USD cost no longer scores; the cheaper of two equals still wins, then the alphabet."""
    dear = router(
        model("a/z", prices=prices("300", "300")),
        model("b/y", prices=prices("200", "200")),
        model("c/x", prices=prices("200", "200")),
        model("d/unpriced", prices=()),
    )
    assert ids(dear.decide(ask(input_tokens=1000))) == ["b/y", "c/x", "a/z", "d/unpriced"]


def test_an_unpriced_model_never_wins_for_being_cheap() -> None:
    """Not knowing the price earns nothing, and the decision says that it is unknown."""
    pair = router(model("a/unpriced", prices=(), quality=0.9), model("b/priced", quality=0.7))
    decision = pair.decide(ask())
    assert ids(decision) == ["b/priced", "a/unpriced"]
    assert decision.ranked[1].estimate is None
    alone = router(model("a/unpriced", prices=())).decide(ask())
    assert "price unknown" in alone.reasoning


def test_a_long_prompt_is_estimated_at_its_own_price() -> None:
    """Above the step the dearer price decides, for the order and for the figure that is shown."""
    pair = router(
        model("a/stepped", prices=prices("0.10", "0.10", above=1000, times=10)),
        model("b/flat", prices=prices("0.20", "0.20")),
    )
    assert ids(pair.decide(ask(input_tokens=1000)))[0] == "a/stepped"
    long = pair.decide(ask(input_tokens=100_000))
    assert ids(long) == ["b/flat", "a/stepped"]
    assert long.ranked[1].estimate == 100_500_000


def test_observed_availability_moves_the_order() -> None:
    """Who is known to be down loses to who is not; the unknown count as 0.8."""
    pair = router(model("a/x", quality=0.9), model("b/y", quality=0.8))
    decision = pair.decide(ask(), Observed({"a/x": Seen(0.3)}))
    assert ids(decision) == ["b/y", "a/x"]
    assert [each.scores.availability for each in decision.ranked] == [0.8, 0.3]


def test_the_reasoning_is_a_sentence_that_names_the_figures() -> None:
    """A person reads who was chosen, with which scores, at what estimate, and who was next."""
    pair = router(
        model("a/x", quality=0.9, prices=prices("1", "2")), model("b/y", quality=0.8, prices=prices("1", "2"))
    )
    assert pair.decide(ask(input_tokens=1000)).reasoning == (
        "a/x scores 0.894 (quality 0.90, cost 0.98, availability 0.80; about 0.002 USD), the best of 2; "
        "next is b/y with 0.854."
    )
    assert router(GOOD).decide(ask()).reasoning.endswith("no other model can serve this request.")


def named(name: str, over: Router, **fields: Any) -> Decision:
    return over.decide_named(over.catalog.resolve(name), ask(**fields))


def test_a_named_model_is_chosen_whatever_its_scores() -> None:
    """A person's word beats the score; what the model can do is left to the provider."""
    decision = named("b/worse", router(GOOD, model("b/worse", quality=0.0)), needs=frozenset({"vision"}))
    assert decision.chosen.offer.id == "b/worse"
    assert decision.named
    assert decision.reasoning == "b/worse was named in the request."


def test_a_retired_model_that_is_named_is_asked_and_the_reasoning_says_so() -> None:
    """The note of the look-up reaches the decision."""
    both = router(model("a/old", retired_at=date(2026, 1, 1), replaced_by="a/good"), GOOD)
    decision = named("a/old", both)
    assert decision.chosen.offer.id == "a/old"
    assert "a/old was retired on 2026-01-01." in decision.reasoning


def test_a_named_model_outside_the_tier_is_forbidden() -> None:
    """403, not 422: there is such a model, and this key may not use it."""
    pro = router(model("a/pro", tier_access=frozenset({"pro"})))
    with pytest.raises(Forbidden) as refused:
        named("a/pro", pro)
    assert refused.value.code == "model_not_in_tier"
    assert named("a/pro", pro, tier="pro").chosen.offer.id == "a/pro"


def test_only_some_may_name_models_that_the_catalog_does_not_know() -> None:
    """An unpriced model is for admins and keys that allow it."""
    with pytest.raises(Forbidden) as refused:
        named("a/brand-new", router(GOOD))
    assert refused.value.code == "model_not_in_catalog"
    decision = named("a/brand-new", router(GOOD), any_model=True)
    assert (decision.chosen.offer.id, decision.chosen.estimate) == ("a/brand-new", None)


@pytest.mark.parametrize(
    ("fields", "wanted", "reason"),
    [
        ({"is_enabled": False}, {}, "switched off"),
        ({}, {"exclude": frozenset({"b-inc"})}, "its provider is excluded"),
    ],
)
def test_a_named_model_that_cannot_be_called_is_refused(
    fields: dict[str, Any], wanted: dict[str, Any], reason: str
) -> None:
    """422 with the one reason."""
    with pytest.raises(Unservable) as refused:
        named("b/x", router(GOOD, model("b/x", **fields)), **wanted)
    assert refused.value.reasons == {"b/x": reason}


def test_a_named_model_without_a_key_is_refused() -> None:
    """The reason is the missing configuration."""
    with pytest.raises(Unservable) as refused:
        named("b/x", router(GOOD, model("b/x"), configured={"a"}))
    assert refused.value.reasons == {"b/x": "provider b is not configured; `baton doctor` says what to set"}


@st.composite
def crowds(draw: st.DrawFn) -> list[Model]:
    """Up to a dozen models that differ in everything that scores."""
    usd = st.sampled_from(["0", "0.1", "0.25", "2.5", "10", "150", "200"])
    return [
        model(
            f"{draw(st.sampled_from('abc'))}/m{index}",
            quality=draw(st.sampled_from([0.0, 0.05, 0.5, 0.85, 0.9, 1.0])),
            priority=draw(st.sampled_from([0, 50, 100, 550, 1000])),
            avg_latency_ms=draw(st.sampled_from([None, 2000, 2001])),
            prices=draw(st.just(()) | st.builds(prices, usd, usd, st.sampled_from([None, 500]))),
        )
        for index in range(draw(st.integers(1, 12)))
    ]


def by_the_book(each: Model, request: Ask) -> tuple[float, float, str]:
    """Score, price and name, straight from the rules."""
    quality = each.quality
    if each.avg_latency_ms is not None and each.avg_latency_ms > 2000:
        quality = max(0, quality - 0.10)
    usd = float("inf")
    if each.prices:
        rates = each.prices[0].standard.rates_for(request.input_tokens)
        usd = (request.input_tokens * rates.input + request.output_tokens * rates.output) / 1e15
    cost = 1 - min(1, usd / 0.10)
    above, below = max(0, each.priority - 100), max(0, 100 - each.priority)
    shift = 0.25 * above / 900 - 0.25 * below / 100
    final = max(0, min(1, 0.4 * quality + 0.3 * cost + 0.3 * 0.8 + shift))
    return -round(final, 9), usd, each.id


@settings(deadline=None)  # a busy machine is no broken promise
@given(crowds(), st.sampled_from([0, 100, 501, 10_000]), st.sampled_from([None, 1, 4000]))
def test_the_order_is_the_one_of_the_rules(crowd: list[Model], tokens: int, limit: int | None) -> None:
    """0.4 quality + 0.3 cost + 0.3 availability, slow ones and priorities counted, ties by price and name."""
    request = ask(input_tokens=tokens, max_tokens=limit)
    decision = router(*crowd).decide(request, shown=99)
    assert ids(decision) == [each.id for each in sorted(crowd, key=lambda m: by_the_book(m, request))]
    wanted = {each.id: -by_the_book(each, request)[0] for each in crowd}
    assert {c.offer.id: c.scores.final for c in decision.ranked} == pytest.approx(wanted, abs=2e-6)


@settings(deadline=None)  # a busy machine is no broken promise
@given(crowds(), st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_decision(crowd: list[Model], rng: Any) -> None:
    """The order of the rows does not matter, nor what was asked before."""
    first = router(*crowd).decide(ask())
    shuffled = list(crowd)
    rng.shuffle(shuffled)
    again = router(*shuffled)
    again.decide(ask(input_tokens=9, max_tokens=3))
    second = again.decide(ask())
    assert (ids(second), second.reasoning, second.fallbacks) == (ids(first), first.reasoning, first.fallbacks)


def only(**weights: float) -> Weighing:
    """The same weights whatever is asked."""
    point = WeightPoint(**{"complexity": 0.0, "quality": 0.0, "cost": 0.0, "availability": 0.0, **weights})
    return Weighing(points=(point,))


def test_weights_are_settings() -> None:
    """All weight on cost chooses the cheap one, all on quality the good one."""
    pair = (
        model("a/good", quality=0.9, prices=prices("50", "50")),
        model("b/cheap", quality=0.1, prices=prices("0.1", "0.1")),
    )
    thrifty = router(*pair, weighing=only(cost=1.0))
    proud = router(*pair, weighing=only(quality=1.0))
    assert thrifty.decide(ask()).chosen.offer.id == "b/cheap"
    assert proud.decide(ask()).chosen.offer.id == "a/good"


def test_many_kinds_of_requests_do_not_grow_without_bound() -> None:
    """What callers can make up is kept for a bounded number of kinds."""
    one = router(GOOD)
    for index in range(1000):
        one.decide(ask(exclude=frozenset({f"x{index}"})))
    assert one.kinds_kept <= 256


def test_choosing_among_500_models_takes_well_under_a_millisecond() -> None:
    """The best of many runs, so that a busy machine does not decide; a tenth of this is usual."""
    crowd = [
        model(f"p{index % 12}/m{index}", quality=index % 97 / 100, prices=prices(str(index % 7), "9"))
        for index in range(500)
    ]
    big = router(*crowd)
    big.decide(ask())
    assert min(timeit.repeat(lambda: big.decide(ask()), number=1, repeat=50)) < 0.001


def test_a_resolution_of_another_catalog_is_still_decided() -> None:
    """A look-up made just before the rows changed is as good as one made after."""
    old = router(GOOD)
    resolution: Resolution = old.catalog.resolve("a/good")
    assert router(model("b/x"), GOOD).decide_named(resolution, ask()).chosen.offer.id == "a/good"
