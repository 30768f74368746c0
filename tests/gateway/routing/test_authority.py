"""Whose word names the model: the request's, its user's, its agent's, its use case's; else the score."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from baton.catalog.lookup import Catalog, Offer
from baton.core.errors import Unservable
from baton.core.profile import Profile
from baton.core.provider import ModelClasses, ProviderSpec
from baton.gateway.routing.decision import Decision, instead
from baton.gateway.routing.router import Router
from baton.gateway.routing.rules.agents import AgentRouting, Choice
from baton.gateway.routing.rules.rules import Rules
from baton.gateway.routing.rules.use_cases import Aim, UseCaseRule
from baton.gateway.routing.terms import Override, Source, Terms, Trial, Way
from tests.gateway.routing.landscape import NOW_S, ask, model, prices, router

ROWS = (
    model("a/best", quality=0.95, prices=prices("30", "60"), release_date=date(2024, 1, 1)),
    model("b/good", quality=0.9, prices=prices("3", "6"), release_date=date(2026, 1, 1)),
    model("c/fair", quality=0.82, prices=prices("0.3", "0.6"), release_date=date(2025, 1, 1)),
    model("d/free", quality=0.3),
)
NAMES = [row.id for row in ROWS]
SOURCES = (Source.PREFERENCE, Source.AGENT, Source.EXPERIMENT, Source.RULE)


def word(source: Source, *table: str, **fields: object) -> Override:
    """Somebody's word for models."""
    return Override(source=source, whose=f"The {source.value}", table=table, **fields)  # pyright: ignore[reportArgumentType]


def decided(overrides: Sequence[Override], of: Router | None = None, **fields: object) -> Decision:
    terms = Terms(overrides=tuple(overrides))
    return (of or router(*ROWS)).decide(ask(terms=terms, **fields))


def ids(decision: Decision) -> list[str]:
    return [each.offer.id for each in decision.ranked]


@given(st.data())
def test_the_first_word_that_can_be_followed_is(data: st.DataObject) -> None:
    """Whatever each of them names and whoever is shut: its first that fits serves, the rest of it is asked
    next, and whom nobody names is in the order of the score."""
    known = st.lists(st.sampled_from([*NAMES, "x/unknown"]), max_size=3)
    words = [word(source, *data.draw(known)) for source in SOURCES if data.draw(st.booleans())]
    shut = data.draw(st.sets(st.sampled_from(NAMES), max_size=3))
    of = router(*ROWS)
    request = ask(terms=Terms(overrides=tuple(words)))
    decision = of.decide(request, shut=[lambda offer: "shut" if offer.id in shut else None], shown=9)
    fitting = [list(dict.fromkeys(n for n in each.table if n in NAMES and n not in shut)) for each in words]
    followed = next(((each, names) for each, names in zip(words, fitting, strict=True) if names), None)
    unmoved = [each for each in ids(of.decide(ask(), shown=9)) if each not in shut]
    if followed is None:
        assert decision.source is Source.SCORE
        assert ids(decision) == unmoved
        return
    override, names = followed
    assert decision.source is override.source
    assert decision.chosen.offer.id == names[0]
    assert [offer.id for offer in decision.following] == names[1:]
    assert ids(decision) == [*names, *(each for each in unmoved if each not in names)]


@given(st.sampled_from(Profile), st.sampled_from(NAMES), st.sampled_from(SOURCES))
def test_a_word_beats_the_profile_that_would_drop_it(profile: Profile, name: str, source: Source) -> None:
    """A person's word beats a default."""
    terms = Terms(profile=profile, overrides=(word(source, name),))
    assert router(*ROWS).decide(ask(terms=terms)).chosen.offer.id == name


@pytest.mark.parametrize("source", SOURCES)
def test_a_word_beats_no_filter(source: Source) -> None:
    """Whoever names a model that cannot serve is told why it does not, and the next word counts."""
    rows = (*ROWS, model("e/other", tier_access=frozenset({"pro"})), model("f/off", is_enabled=False))
    decision = decided([word(source, "e/other", "f/off"), word(Source.RULE, "d/free")], router(*rows))
    assert decision.chosen.offer.id == "d/free"
    assert "e/other" in decision.reasoning
    assert "not in the tier free" in decision.reasoning


def test_a_rules_order_decides_and_its_rest_follows() -> None:
    """Not the score; the sentence says which place of the rule it is, and who was passed over."""
    decision = decided([word(Source.RULE, "z/gone", "d/free", "c/fair", "a/best")])
    assert decision.chosen.offer.id == "d/free"
    assert [each.id for each in decision.fallbacks] == ["c/fair", "a/best", "b/good"]
    assert decision.reasoning == (
        "d/free serves: the rule lists it second. The rule passes over z/gone: it is not in the catalog any"
        " more."
    )


def test_a_retired_model_means_what_takes_its_place() -> None:
    """And the decision says so."""
    old = model("d/old", retired_at=date(2025, 1, 1), replaced_by="d/free")
    decision = decided([word(Source.RULE, "d/old")], router(*ROWS, old))
    assert decision.chosen.offer.id == "d/free"
    assert "in place of d/old" in decision.reasoning


@pytest.mark.parametrize(
    ("aim", "first", "wanted"),
    [
        (Aim.QUALITY, "a/best", "the best"),
        (Aim.COST, "c/fair", "the cheapest that is adequate"),
        (Aim.INNOVATION, "b/good", "the newest"),
    ],
)
def test_where_no_model_of_a_rule_fits_its_aim_decides(aim: Aim, first: str, wanted: str) -> None:
    """The best; the cheapest that is adequate; the newest."""
    decision = decided([word(Source.RULE, "x/none", aim=aim)])
    assert decision.chosen.offer.id == first
    assert decision.source is Source.RULE
    assert f"the rule names nobody else who fits, and wants {wanted}" in decision.reasoning
    assert "x/none" in decision.reasoning
    assert [each.id for each in decision.following] == [each.id for each in decision.fallbacks]


@pytest.mark.parametrize("aim", [Aim.BALANCED, Aim.CAPABILITY])
def test_other_aims_leave_it_to_the_score(aim: Aim) -> None:
    """Balanced is what scores are; what can do it at all is who is left."""
    assert ids(decided([word(Source.RULE, aim=aim)])) == ids(decided([]))


def test_a_row_that_prefers_a_use_case_is_its_rule_where_it_has_none() -> None:
    """The one of the highest priority; a rule stands above it."""
    rows = (
        *ROWS,
        model("e/one", quality=0.1, preferred_for=("chat",)),
        model("f/two", quality=0.1, preferred_for=("chat",), priority=101),
    )
    of = router(*rows)
    decision = decided([], of, use_case="chat")
    assert (decision.chosen.offer.id, decision.source) == ("f/two", Source.MODEL)
    assert [each.id for each in decision.following] == ["e/one"]
    assert decided([], of, use_case="other").source is Source.SCORE
    ruled = decided([word(Source.RULE, "d/free")], of, use_case="chat")
    assert ruled.chosen.offer.id == "d/free"


def test_a_rule_is_asked_behind_a_named_model() -> None:
    """Fallbacks: the request's own list, the use case's rule, the chain, the router's next best."""
    of = router(*ROWS)
    terms = Terms(overrides=(word(Source.RULE, "c/fair", "d/free"),))
    decision = of.decide_named(of.catalog.resolve("a/best"), ask(terms=terms))
    assert [each.id for each in decision.following] == ["c/fair", "d/free"]


SPECS = [
    ProviderSpec(
        name=name,
        title=name.upper(),
        base_url="",
        classes=ModelClasses(default=default, cheap=cheap, premium="best"),
    )
    for name, default, cheap in (("a", "best", "best"), ("b", "good", "good"), ("c", "fair", "fair"))
]


def routed(routing: AgentRouting, **providers: str) -> Decision:
    """What an agent's request is served by."""
    of = Router(Catalog(ROWS, SPECS, NOW_S), frozenset("abcd"))
    override = Rules(routing_of=lambda _: routing, providers=providers).of_agent("scout")
    return of.decide(ask(terms=Terms(overrides=() if override is None else (override,))))


def test_an_agents_routing_names_a_class_the_cheapest_or_a_model() -> None:
    """Of the provider that it says, or of the one that the environment says."""
    cheap = AgentRouting(agent="scout", choice=Choice.CHEAP, provider="b")
    assert routed(cheap).chosen.offer.id == "b/good"
    assert "the routing of the agent scout names B's cheap model" in routed(cheap).reasoning
    assert routed(cheap, scout="c").chosen.offer.id == "c/fair"
    cheapest = AgentRouting(agent="scout", choice=Choice.CHEAPEST, fallback=False)
    alone = routed(cheapest)
    assert (alone.chosen.offer.id, alone.alone, alone.fallbacks) == ("d/free", True, ())
    assert routed(cheapest, scout="c").chosen.offer.id == "c/fair"
    one = AgentRouting(agent="scout", choice=Choice.MODEL, model="a/best")
    assert routed(one).chosen.offer.id == "a/best"
    assert routed(one, scout="b").chosen.offer.id == "b/good"
    assert routed(replace(one, is_enabled=False)).source is Source.SCORE


def test_an_agent_of_a_provider_that_cannot_be_called_is_served_by_the_next_word() -> None:
    """And is told so."""
    of = Router(Catalog(ROWS, SPECS, NOW_S), frozenset("cd"))
    rules = Rules(routing_of=lambda _: AgentRouting(agent="scout", choice=Choice.CHEAP, provider="b"))
    override = rules.of_agent("scout")
    assert override is not None
    decision = of.decide(ask(terms=Terms(overrides=(override,))))
    assert decision.source is Source.SCORE
    assert "passes over b/good: provider b is not configured" in decision.reasoning


def test_only_a_persons_word_counts_beside_a_table_of_the_house() -> None:
    """Router v1 knows no rules."""
    table = Way(because="it is in the table", table=("c/fair", "d/free"), strict=True, alone=False)
    for source, first in ((Source.RULE, "c/fair"), (Source.AGENT, "c/fair"), (Source.PREFERENCE, "d/free")):
        request = ask(terms=Terms(overrides=(word(source, "d/free"),)))
        assert router(*ROWS).decide(request, way=table).chosen.offer.id == first
    with pytest.raises(Unservable):
        router(*ROWS[:2]).decide(ask(terms=Terms(overrides=(word(Source.RULE, "a/best"),))), way=table)


def test_where_only_stand_ins_can_be_called_rules_do_not_hold() -> None:
    """A new installation's decisions tell nobody about models that it cannot call."""
    of = router(*ROWS, model("pretend/echo"), configured={"pretend"}, stand_ins={"pretend"})
    decision = decided([word(Source.RULE, "a/best")], of)
    assert decision.chosen.offer.id == "pretend/echo"
    assert "passes over" not in decision.reasoning


def test_a_rule_says_who_is_named_in_an_ask() -> None:
    """A rule that is switched off, or of nobody, is none."""
    rule = UseCaseRule(use_case="chat", preferred=("a/best",), fallbacks=("b/good",), aim=Aim.COST)
    rules = Rules(rule_of=lambda name: rule if name == "chat" else None)
    override = rules.of_use_case("chat")
    assert override is not None
    assert (override.table, override.aim) == (("a/best", "b/good"), Aim.COST)
    assert rules.of_use_case("other") is None
    assert Rules(rule_of=lambda _: replace(rule, is_enabled=False)).of_use_case("chat") is None


def test_a_row_counts_only_where_the_house_leaves_the_choice_free() -> None:
    """Not beside a table of the house's, and not where only stand-ins can be called."""
    liked = model("e/liked", quality=0.1, preferred_for=("chat",))
    table = Way(because="it is in the table", table=("d/free", "e/liked"), strict=True, alone=False)
    assert router(*ROWS, liked).decide(ask(use_case="chat"), way=table).chosen.offer.id == "d/free"


def test_a_row_that_prefers_a_use_case_beats_the_profile() -> None:
    """As a rule does."""
    liked = model("e/liked", quality=0.1, preferred_for=("chat",), prices=prices("50", "50"))
    cheap = ask(use_case="chat", terms=Terms(profile=Profile.COST_OPTIMIZED))
    assert router(*ROWS, liked).decide(cheap).chosen.offer.id == "e/liked"


def test_who_avoids_a_use_case_is_not_asked_behind_a_named_model_either() -> None:
    """Whoever lists it."""
    shy = model("e/shy", avoid_for=("chat",))
    of = router(*ROWS, shy)
    request = ask(use_case="chat", terms=Terms(overrides=(word(Source.RULE, "e/shy", "d/free"),)))
    decision = of.decide_named(of.catalog.resolve("a/best"), request)
    assert [each.id for each in decision.following] == ["d/free"]
    assert of.reason_against(shy_offer(of), request, decision.chosen.offer) == "avoids the use case chat"


def shy_offer(of: Router) -> Offer:
    """The row of the one that avoids chats."""
    return of.catalog.resolve("e/shy").offer


def test_the_environments_provider_serves_an_agent_without_a_routing_too() -> None:
    """By its default model."""
    override = Rules(providers={"scout": "b"}).of_agent("scout")
    assert override is not None
    of = Router(Catalog(ROWS, SPECS, NOW_S), frozenset("abcd"))
    assert of.decide(ask(terms=Terms(overrides=(override,)))).chosen.offer.id == "b/good"


def tried(*table: str, **fields: object) -> Override:
    """What an arm says."""
    return word(Source.EXPERIMENT, *table, **fields)


def counted(*overrides: Override, way: Way | None = None, of: Router | None = None) -> Decision:
    """A decision for somebody who takes part in an experiment."""
    trial = Trial(experiment="try", arm="one", phase="1", override=overrides[0] if overrides else None)
    terms = Terms(overrides=overrides, trial=trial)
    return (of or router(*ROWS)).decide(ask(terms=terms), way=way)


def test_a_rule_that_is_tried_stands_in_place_of_the_one_in_force() -> None:
    """Where none of its models fits its aim decides, and the rule in force is not asked; models that are
    tried leave it to that rule."""
    rule = word(Source.RULE, "d/free", aim=Aim.QUALITY)
    decision = decided([tried("x/none", in_place=True, aim=Aim.INNOVATION)])
    assert (decision.chosen.offer.id, decision.source) == ("b/good", Source.EXPERIMENT)
    assert decided([tried("x/none"), rule]).chosen.offer.id == "d/free"
    assert decided([tried("c/fair"), rule]).chosen.offer.id == "c/fair"


def test_who_takes_part_counts_whatever_the_arm_can_do() -> None:
    """Also where its models do not fit, or it goes the usual way, and the sentence says so; a budget that
    sends the request elsewhere does not take it out."""
    said = " It counts for the arm one of the experiment try."
    followed = counted(tried("d/free"))
    assert followed.trial is not None
    assert not followed.reasoning.endswith(said)
    for decision in (
        counted(tried("x/none")),
        counted(),
        counted(tried("x/none"), word(Source.RULE, "d/free")),
    ):
        assert decision.trial is not None
        assert decision.reasoning.endswith(said)
    offer = followed.ranked[1].offer
    assert instead(followed, offer, "a budget has too little left.").trial == followed.trial


@pytest.mark.parametrize("source", [Source.PREFERENCE, Source.AGENT])
def test_who_is_served_by_a_weightier_word_does_not_count(source: Source) -> None:
    """And counts where that word cannot be followed."""
    assert counted(word(source, "d/free"), tried("c/fair")).trial is None
    assert counted(word(source, "x/none"), tried("c/fair")).trial is not None


def test_nothing_is_tried_where_the_house_has_its_own_way() -> None:
    """Router v1, one model for everything, and where only stand-ins can be called."""
    way = Way(because="the house says so", table=("a/best",), strict=False, alone=False)
    decision = counted(tried("c/fair"), way=way)
    assert (decision.chosen.offer.id, decision.trial) == ("a/best", None)
