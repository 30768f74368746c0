"""What wishes leave of the choice: profiles, a most, a preferred model, and the tables of a house."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.errors import Unservable
from baton.core.money import nanos_from_usd
from baton.core.profile import Profile
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.router import Router
from baton.gateway.routing.terms import Override, Source, Terms, Way
from tests.gateway.routing.landscape import ask, model, prices, router

CENT = nanos_from_usd("0.01")
ROWS = (
    model("a/best", quality=0.95, prices=prices("30", "60")),
    model("b/good", quality=0.9, prices=prices("3", "6")),
    model("c/fair", quality=0.6, prices=prices("0.3", "0.6")),
    model("d/free", quality=0.3),
    model("e/secret", quality=0.5, prices=()),
)
YOURS = frozenset({"profile", "max_cost"})
TABLE = Way(because="it is in the table", table=("d/free", "c/fair", "x/none"), strict=True, alone=False)
ONE = Way(because="one answers all", table=("x/none", "c/fair"), strict=False, alone=True)


def preferring(name: str | None) -> tuple[Override, ...]:
    """A user's word for a model; none without a name."""
    if name is None:
        return ()
    return (Override(source=Source.PREFERENCE, whose="Your preference", table=(name,)),)


def decided(of: Router, way: Way | None = None, prefer: str | None = None, **terms: object) -> Decision:
    terms["overrides"] = preferring(prefer)
    return of.decide(ask(terms=Terms(**terms)), way=way)  # pyright: ignore[reportArgumentType]


def ids(decision: Decision) -> list[str]:
    return [each.offer.id for each in decision.ranked]


def test_a_profile_leaves_the_half_that_it_is_for() -> None:
    """The cheaper or the better three of five, an unpriced one last; the others serve when these fail."""
    of = router(*ROWS)
    everybody = set(ids(decided(of)))
    assert everybody == set(ids(decided(of, profile=Profile.BALANCED))) == {row.id for row in ROWS}
    cheap = decided(of, profile=Profile.COST_OPTIMIZED)
    assert set(ids(cheap)) == {"b/good", "c/fair", "d/free"}
    assert "The profile cost-optimized (as asked for) leaves the cheaper 3 of 5." in cheap.reasoning
    better = decided(of, profile=Profile.PERFORMANCE, preferred=YOURS)
    assert set(ids(better)) == {"a/best", "b/good", "c/fair"}
    assert "(your preference) leaves the better 3 of 5." in better.reasoning
    followers = of.fallbacks(cheap.chosen.offer, cheap.ask)
    assert {each.id for each in followers} == everybody - {cheap.chosen.offer.id}
    assert {each.id for each in followers[:2]} <= set(ids(cheap))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=9),
    st.sampled_from(Profile),
)
def test_halves_round_up_and_no_dropped_one_is_more_to_the_profiles_taste(
    rows: list[tuple[int, int]], profile: Profile
) -> None:
    """Whatever prices and qualities there are."""
    models = [
        model(f"p{place}/m", quality=good / 5, prices=prices(str(cost), str(cost)))
        for place, (good, cost) in enumerate(rows)
    ]
    decision = router(*models).decide(ask(terms=Terms(profile=profile)), shown=99)
    kept = {each.offer.id for each in decision.ranked}
    if profile is Profile.BALANCED:
        assert len(kept) == len(rows)
        return
    assert len(kept) == (len(rows) + 1) // 2
    sign, place = (1, 1) if profile is Profile.COST_OPTIMIZED else (-1, 0)
    taste = {row.id: sign * figures[place] for row, figures in zip(models, rows, strict=True)}
    dropped = [taste[row.id] for row in models if row.id not in kept]
    assert all(taste[one] <= other for one in kept for other in dropped)


def test_what_costs_more_than_it_may_is_left_out() -> None:
    """With the figure and whose word it was; an unpriced one too, which could cost anything."""
    of = router(*ROWS)
    found = decided(of, max_cost_nanos=CENT, preferred=YOURS)
    assert set(ids(found)) == {"b/good", "c/fair", "d/free"}
    reasons = {each.id: each.reason for each in found.left_out}
    assert reasons["a/best"] == "about 0.033 USD, and it may be at most 0.01 USD a request (your preference)"
    assert reasons["e/secret"].startswith("its price is not known, ")
    with pytest.raises(Unservable) as raised:
        decided(router(ROWS[0], ROWS[4]), max_cost_nanos=CENT)
    assert set(raised.value.reasons) == {"a/best", "e/secret"}


def test_a_most_holds_to_the_nano() -> None:
    """What is estimated at exactly as much may be asked, named or not; a nano-dollar less is too little."""
    of = router(ROWS[1])
    estimate = decided(of).chosen.estimate
    assert estimate is not None
    named = of.catalog.resolve("b/good")
    assert decided(of, max_cost_nanos=estimate).chosen.estimate == estimate
    assert of.decide_named(named, ask(terms=Terms(max_cost_nanos=estimate))).chosen.estimate == estimate
    for call in (
        lambda: decided(of, max_cost_nanos=estimate - 1),
        lambda: of.decide_named(named, ask(terms=Terms(max_cost_nanos=estimate - 1))),
    ):
        with pytest.raises(Unservable):
            call()


def test_a_named_model_and_a_fallback_may_not_cost_more_either() -> None:
    """Whoever listed them."""
    of = router(*ROWS)
    dear = ask(terms=Terms(max_cost_nanos=CENT))
    with pytest.raises(Unservable, match=r"at most 0.01 USD a request \(as asked for\)"):
        of.decide_named(of.catalog.resolve("a/best"), dear)
    assert of.decide_named(of.catalog.resolve("b/good"), dear).chosen.offer.id == "b/good"
    best, good = (of.catalog.resolve(name).offer for name in ("a/best", "b/good"))
    assert "0.033 USD" in str(of.reason_against(best, dear, good))
    assert "a/best" not in {each.id for each in of.fallbacks(good, dear)}


def test_a_preferred_model_serves_wherever_it_fits() -> None:
    """Although the profile would drop it; where it is too dear, shut, excluded or gone, why is said."""
    of = router(*ROWS, model("a/old", retired_at=date(2020, 1, 1), replaced_by="d/free"))
    assert decided(of, prefer="a/best", profile=Profile.COST_OPTIMIZED).chosen.offer.id == "a/best"
    told = decided(of, prefer="d/free")
    assert told.reasoning == "d/free is the model that your preference names."
    assert len(told.ranked) == told.candidates == 5
    assert decided(of, prefer="a/old").chosen.offer.id == "d/free"
    over = decided(of, prefer="a/best", max_cost_nanos=CENT)
    assert over.chosen.offer.id != "a/best"
    assert "Your preferred model a/best was passed over: about 0.033 USD" in over.reasoning
    assert (
        "a/lost was passed over: it is not in the catalog any more." in decided(of, prefer="a/lost").reasoning
    )
    excluded = of.decide(ask(exclude=frozenset({"d"}), terms=Terms(overrides=preferring("d/free"))))
    assert "d/free was passed over: its provider is excluded." in excluded.reasoning
    shut = of.decide(
        ask(terms=Terms(overrides=preferring("d/free"))),
        shut=[lambda offer: "shut" if offer.id == "d/free" else None],
    )
    assert "d/free was passed over: shut." in shut.reasoning


def test_where_the_half_of_a_profile_is_shut_the_other_serves() -> None:
    """A wish is no reason for an outage."""
    of = router(*ROWS)
    found = of.decide(
        ask(terms=Terms(profile=Profile.COST_OPTIMIZED)),
        shut=[lambda offer: None if offer.id == "a/best" else "shut"],
    )
    assert found.chosen.offer.id == "a/best"


def test_a_strict_table_decides_in_its_order_and_nobody_else_serves() -> None:
    """Those that fit, the rest of it as fallbacks; none of it: refused with the reason of each."""
    of = router(*ROWS)
    found = decided(of, TABLE, profile=Profile.PERFORMANCE)
    assert (found.chosen.offer.id, [each.id for each in found.fallbacks]) == ("d/free", ["c/fair"])
    assert found.reasoning == "d/free serves: it is in the table."
    with pytest.raises(Unservable) as raised:
        of.decide(ask(tier="master"), way=TABLE)
    with pytest.raises(Unservable) as raised:
        of.decide(ask(exclude=frozenset({"c", "d"})), way=TABLE)
    assert raised.value.reasons == dict.fromkeys(("d/free", "c/fair"), "its provider is excluded")


def test_a_loose_table_leaves_it_to_the_router_where_none_fits() -> None:
    """And nobody follows, whoever serves."""
    of = router(*ROWS)
    assert decided(of, ONE).chosen.offer.id == "c/fair"
    other = of.decide(ask(exclude=frozenset({"c"})), way=ONE)
    assert other.chosen.offer.id == of.decide(ask(exclude=frozenset({"c"}))).chosen.offer.id
    for found in (other, decided(of, ONE), decided(of, ONE, prefer="d/free")):
        assert (found.fallbacks, ids(found), found.candidates) == ((), [found.chosen.offer.id], 1)


def test_where_only_stand_ins_are_configured_tables_do_not_hold() -> None:
    """A new installation answers, whatever its flags say."""
    of = router(model("sim/echo"), *ROWS, configured={"sim"}, stand_ins={"sim"})
    assert decided(of, TABLE).chosen.offer.id == "sim/echo"
