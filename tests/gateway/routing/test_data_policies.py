"""Requests that not every provider may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.catalog.data_policy import DataPolicy, Policies, reason_against_policy
from baton.core.errors import Unservable
from tests.gateway.routing.landscape import ask, model, router

MODELS = (
    model("a/best", quality=0.9),
    model("b/good", quality=0.7),
    model("b/poor", quality=0.2),
    model("c/fair", quality=0.5),
)
STATED = {
    "b": DataPolicy(provider="b", trains_on_data=False),
    "c": DataPolicy(provider="c", trains_on_data=False, local=True, region="eu"),
}
PRIVATE = frozenset({"no-training"})
_REGIONS = st.sampled_from(["eu", "eu-west", "us"])
_POLICIES = st.builds(
    lambda stated: {name: DataPolicy(provider=name, **fields) for name, fields in stated.items()},
    st.dictionaries(
        st.sampled_from("abc"),
        st.fixed_dictionaries(
            {
                "local": st.booleans(),
                "trains_on_data": st.none() | st.booleans(),
                "region": st.none() | _REGIONS,
            }
        ),
    ),
)
_NEEDS = st.frozensets(st.sampled_from(["local", "no-training", "region:eu", "region:eu-west", "region:us"]))


def test_auto_and_its_fallbacks_are_among_those_that_state_it() -> None:
    """The others are left out, and it is said why."""
    routes = router(*MODELS, policies=STATED)
    decision = routes.decide(ask(data_needs=PRIVATE))
    assert decision.chosen.offer.id == "b/good"
    assert {offer.id for offer in decision.fallbacks} == {"b/poor", "c/fair"}
    assert {each.id: "does not train" in each.reason for each in decision.left_out} == {"a/best": True}
    assert decision.reasoning.endswith("Its provider meets no-training, as is required.")
    assert routes.decide(ask()).chosen.offer.id == "a/best"
    local = routes.decide(ask(data_needs=PRIVATE | {"local"}))
    assert (local.chosen.offer.id, local.fallbacks) == ("c/fair", ())


def test_a_named_model_is_refused_where_its_provider_states_nothing() -> None:
    """Being named is no leave to send it."""
    routes = router(*MODELS, policies=STATED)
    with pytest.raises(Unservable) as refusal:
        routes.decide_named(routes.catalog.resolve("a/best"), ask(data_needs=PRIVATE))
    assert "nobody has stated that a does not train on data" in refusal.value.message
    named = routes.decide_named(routes.catalog.resolve("b/poor"), ask(data_needs=PRIVATE))
    assert "meets no-training" in named.reasoning


def test_one_router_tells_requests_apart() -> None:
    """What it has worked out for one kind of request is not taken for another."""
    routes = router(*MODELS, policies=STATED)
    chosen = routes.catalog.resolve("c/fair").offer
    for needs, others in ((frozenset[str](), True), (frozenset({"local"}), False), (PRIVATE, True)) * 2:
        assert routes.has_others(chosen, ask(data_needs=needs)) is others
        assert routes.decide(ask(data_needs=needs)).chosen.offer.id == (
            "a/best" if not needs else "c/fair" if "local" in needs else "b/good"
        )


def test_a_preferred_provider_does_not_outweigh_it() -> None:
    """It narrows what is left, and nothing is left of it."""
    decision = router(*MODELS, policies=STATED).decide(ask(data_needs=PRIVATE, provider="a"))
    assert decision.chosen.offer.id == "b/good"


def test_nobody_serves_what_nobody_may() -> None:
    """It says what was missing."""
    with pytest.raises(Unservable) as refusal:
        router(*MODELS, policies=STATED).decide(ask(data_needs=frozenset({"region:us"})))
    assert "nobody has stated that the data of a stays in us" in refusal.value.reasons["a/best"]
    assert "the data of c stays in eu, not in us" in refusal.value.message


@given(policies=_POLICIES, needs=_NEEDS, named=st.sampled_from([each.id for each in MODELS]))
def test_whoever_is_asked_may_be(policies: Policies, needs: frozenset[str], named: str) -> None:
    """Chosen, next, listed by the caller or looked for when a named one has failed: never another one."""
    routes = router(*MODELS, policies=policies)
    able = {each.id for each in MODELS if reason_against_policy(policies, each.provider, needs) is None}
    request = ask(data_needs=needs)
    if not able:
        with pytest.raises(Unservable) as refusal:
            routes.decide(request)
        assert set(refusal.value.reasons) == {each.id for each in MODELS}
    else:
        decision = routes.decide(request)
        asked = {decision.chosen.offer.id, *(each.id for each in (*decision.fallbacks, *decision.following))}
        assert asked <= able
        assert {each.id for each in decision.left_out} == {each.id for each in MODELS} - able
    chosen = routes.catalog.resolve(named).offer
    assert {each.id for each in routes.fallbacks(chosen, request)} == able - {named}
    assert routes.has_others(chosen, request) == bool(able - {named})
    for each in MODELS:
        offer = routes.catalog.resolve(each.id).offer
        assert (routes.reason_against(offer, request, chosen) is None) == (each.id in able)
