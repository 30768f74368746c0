"""Keys that may use certain models only."""

import pytest

from baton.core.errors import Forbidden, Unservable
from baton.gateway.routing.decision import Ask
from tests.gateway.routing.landscape import ask, model, router

MODELS = (model("a/best", quality=0.9), model("b/good", quality=0.5), model("c/poor", quality=0.1))


def limited(*models: str) -> Ask:
    return ask(models=frozenset(models))


def test_auto_chooses_among_a_keys_models_and_says_who_was_left_out() -> None:
    """The best of them serves; so do fallbacks; a key without a list has all."""
    routes = router(*MODELS)
    decision = routes.decide(limited("b/*", "poor"))
    assert decision.chosen.offer.id == "b/good"
    assert [offer.id for offer in decision.fallbacks] == ["c/poor"]
    left_out = {each.id: each.reason for each in decision.left_out}
    assert left_out == {"a/best": "not among the models of this key"}
    assert [offer.id for offer in routes.fallbacks(decision.chosen.offer, decision.ask)] == ["c/poor"]
    assert routes.decide(ask()).chosen.offer.id == "a/best"


def test_nobody_is_asked_where_the_list_means_nobody() -> None:
    """It is said of each that the key may not."""
    with pytest.raises(Unservable) as refusal:
        router(*MODELS).decide(limited("nothing"))
    assert set(refusal.value.reasons.values()) == {"not among the models of this key"}


def test_a_named_model_is_refused_where_the_key_may_not() -> None:
    """403 with a word of its own; an admin's key with a list is bound to it as well."""
    routes = router(*MODELS)
    for asked in (limited("b/good"), ask(models=frozenset({"b/good"}), any_model=True)):
        with pytest.raises(Forbidden) as refusal:
            routes.decide_named(routes.catalog.resolve("a/best"), asked)
        assert (refusal.value.code, refusal.value.param) == ("model_not_allowed", "model")
        assert routes.decide_named(routes.catalog.resolve("good"), asked).chosen.offer.id == "b/good"


def test_the_tier_still_counts() -> None:
    """A list narrows; it opens no model that the tier does not have."""
    routes = router(model("a/best", tier_access=frozenset({"master"})), model("b/good"))
    with pytest.raises(Forbidden) as refusal:
        routes.decide_named(routes.catalog.resolve("a/best"), limited("a/best"))
    assert refusal.value.code == "model_not_in_tier"


def test_a_key_that_writes_a_name_out_may_use_it_unlisted() -> None:
    """Decision 3: by admins and by keys that allow it; a pattern does not."""
    routes = router(*MODELS)
    named = routes.catalog.resolve("a/brand-new")
    assert not named.known
    assert routes.decide_named(named, limited("a/brand-new")).chosen.offer.id == "a/brand-new"
    for asked in (limited("a/*"), ask()):
        with pytest.raises(Forbidden) as refusal:
            routes.decide_named(named, asked)
        assert refusal.value.code == "model_not_in_catalog"


def test_no_fallback_goes_past_the_list() -> None:
    """Whoever lists it, the request or an admin's chain; an unlisted one only where the key writes it out."""
    routes = router(*MODELS)
    chosen, best, poor = (routes.catalog.resolve(name).offer for name in ("b/good", "a/best", "c/poor"))
    asked = limited("b/good", "c/poor", "a/brand-new")
    assert routes.reason_against(best, asked, chosen) == "not among the models of this key"
    assert routes.reason_against(poor, asked, chosen) is None
    new, other = (routes.catalog.resolve(name).offer for name in ("a/brand-new", "a/newest"))
    assert routes.reason_against(new, asked, chosen) is None
    assert routes.reason_against(other, asked, chosen) == "not among the models of this key"


def test_whether_there_are_others_is_known_for_each_list() -> None:
    """What was found for one key is not taken for another's."""
    routes = router(*MODELS)
    chosen = routes.catalog.resolve("b/good").offer
    assert routes.has_others(chosen, ask())
    assert not routes.has_others(chosen, limited("b/good"))
    assert routes.has_others(chosen, limited("b/good", "poor"))
