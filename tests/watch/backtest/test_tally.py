"""Decisions made again: which of them, how they come out, and why otherwise."""

import pytest
from msgspec.structs import replace

from baton.access.preferences.choices import NOTHING_CHOSEN, Choices, Preferences
from baton.catalog.data_policy import DataPolicy
from baton.catalog.lookup import Offer
from baton.core.profile import Profile
from baton.core.task import TaskType
from baton.gateway.routing.decision import instead
from baton.gateway.routing.noted import Notes
from baton.gateway.routing.rules.agents import AgentRouting, Choice
from baton.gateway.routing.terms import Terms
from baton.gateway.routing.weighing import Boost, Weighing, WeightPoint
from baton.ledger.past import PastRow
from baton.watch.backtest.figures import Why
from baton.watch.backtest.proposal import NOTHING, Proposal
from baton.watch.backtest.tally import MOST_USE_CASES, OTHERS
from tests.gateway.routing.landscape import ask, model, prices
from tests.watch.backtest.ledgers import (
    CHAT_IS_CHEAP,
    CHAT_IS_DEAR,
    CHEAP,
    CHEAPER,
    DEAR,
    House,
)

QUALITY = Weighing(points=(WeightPoint(complexity=0, quality=1, cost=0, availability=0),))
THRIFT = Weighing(points=(WeightPoint(complexity=0, quality=0, cost=1, availability=0),))


def test_what_cannot_be_decided_otherwise_is_left_alone() -> None:
    """Each kind is counted for itself, and together they are all."""
    house = House()
    rows = [
        house.row(),
        house.row(named="b/cheap"),
        house.row(named="b/cheap"),
        house.row(cache="exact", attempts=0),
        house.row(status="provider_error", provider=None, model=None),
        house.row(routing='{"written": "otherwise"}'),
    ]
    tally = house.tally(rows, CHEAPER)
    assert (tally.examined, tally.replayed, tally.named, tally.cached) == (6, 1, 2, 1)
    assert (tally.unanswered, tally.illegible, tally.nobody_now, tally.refused) == (1, 1, 0, 0)


def test_decisions_come_out_as_they_were_made() -> None:
    """Of every kind of ask, where nothing has changed since: by rule or by score, with a profile, a bound, a
    provider, for a key with models of its own."""
    house = House()
    asks = [
        ask(use_case="chat"),
        ask(),
        ask(use_case="unruled", task=TaskType.CODING, complexity=0.9, gain=0.4),
        ask(complexity=0.0, pressure=1.0),
        ask(terms=Terms(profile=Profile.COST_OPTIMIZED)),
        ask(terms=Terms(profile=Profile.PERFORMANCE)),
        ask(terms=Terms(max_cost_nanos=2_000_000)),
        ask(provider="b"),
        ask(exclude=frozenset({"a"})),
        ask(models=frozenset({"b/*"})),
        ask(input_tokens=50_000, max_tokens=4000),
    ]
    rows = [house.row(asked=each) for each in asks]
    assert {row.model for row in rows} == {"dear", "cheap"}
    tally = house.tally(rows)
    assert (tally.replayed, tally.same, dict(tally.otherwise), tally.cases) == (len(asks), len(asks), {}, [])


def test_a_proposed_rule_moves_its_use_case_alone() -> None:
    """Whoever is not named in the proposal stays where it was."""
    house = House()
    rows = [house.row(), house.row(asked=ask(use_case="other"))]
    tally = house.tally(rows, CHEAPER)
    [case] = tally.cases
    assert (case.id, case.in_force.model, case.proposed.model) == (rows[0].id, "a/dear", "b/cheap")
    assert (tally.shares["b/cheap"].gains, tally.shares["a/dear"].loses) == (1, 1)
    switched_off = Proposal(rules=(replace(CHAT_IS_CHEAP, is_enabled=False),))
    assert house.tally(rows, switched_off).cases == []  # both are the score's own choice


def test_proposed_weights_move_what_is_scored() -> None:
    """The default ones move whoever has none of their own; those of a profile its requests alone."""
    house = House(rules=(), weighing=lambda profile: QUALITY)
    free = house.row(asked=ask())
    thrifty = house.row(asked=ask(terms=Terms(profile=Profile.BALANCED)))
    moved = house.tally([free, thrifty], Proposal(weights=(THRIFT,)))
    assert [case.proposed.model for case in moved.cases] == ["b/cheap", "b/cheap"]
    fast = replace(THRIFT, name=Profile.PERFORMANCE.value)
    assert house.tally([free, thrifty], Proposal(weights=(fast,))).cases == []
    own = House(rules=(), weighing=lambda profile: replace(QUALITY, name="balanced"))
    assert own.tally([own.row(asked=ask())], Proposal(weights=(THRIFT,))).cases == []


def test_a_proposed_boost_moves_its_kind_of_work() -> None:
    """And no other."""
    house = House(rules=(), weighing=lambda profile: QUALITY)
    rows = [
        house.row(asked=ask(task=TaskType.CODING, complexity=0.5)),
        house.row(asked=ask(task=TaskType.ANALYSIS, complexity=0.5)),
    ]
    boost = Boost(task=TaskType.CODING, model="b", quality=0.3)
    tally = house.tally(rows, Proposal(weights=(replace(QUALITY, boosts=(boost,)),)))
    assert [case.id for case in tally.cases] == [rows[0].id]


def test_a_proposed_agent_counts_where_its_user_listens() -> None:
    """Its rows move; not those of a user who has switched recommendations off."""
    deaf = Choices(preferences=Preferences(agent_recommendations=False))
    house = House(rules=(), choices=lambda user_id: deaf if user_id == "deaf" else NOTHING_CHOSEN)
    asked = ask(agent="critique", complexity=1.0)
    rows = [house.row(user, asked=asked) for user in ("u", "deaf")]
    agent = AgentRouting(agent="critique", choice=Choice.MODEL, model="b/cheap")
    assert [case.id for case in house.tally(rows, Proposal(agents=(agent,))).cases] == [rows[0].id]


def test_proposed_prices_move_what_is_scored_by_them() -> None:
    """A model that becomes dear enough loses its requests; those that stay with one of another price are
    looked at, too."""
    house = House()
    rows = [house.row(asked=ask(complexity=0.0, input_tokens=20_000)), house.row()]
    assert rows[0].model == "cheap"
    tally = house.tally(rows, Proposal(models=(replace(CHEAP, prices=prices("300", "900")),)))
    [case] = tally.cases
    assert (case.in_force.model, case.proposed.model) == ("b/cheap", "a/dear")
    stays = house.tally(rows, Proposal(models=(replace(DEAR, prices=prices("3", "12")),)))
    assert [(case.id, case.proposed.model) for case in stays.cases] == [(rows[1].id, "a/dear")]


def shut_then(house: House, reason: str) -> PastRow:
    """A row that was decided while something spoke against the dear one."""

    def shut(offer: Offer) -> str | None:
        return reason if offer.id == "a/dear" else None

    decision = house.side.router.decide(ask(complexity=1.0), shut=[shut])
    assert decision.chosen.offer.id == "b/cheap"
    return house.row(asked=ask(complexity=1.0), routing=Notes().of(decision), provider="b", model="cheap")


@pytest.mark.parametrize(
    "reason",
    [
        "its breaker is open for 12 s",
        "its budget (a-day) is spent until 2026-12-01",
        "its budget has too little left for this request",
    ],
)
def test_whom_a_breaker_or_a_budget_kept_out_is_kept_out_again(reason: str) -> None:
    """Otherwise an outage of then would be put down to the proposal."""
    house = House(rules=())
    tally = house.tally([shut_then(house, reason)])
    assert (tally.same, tally.kept_out, tally.cases) == (1, 1, [])


def test_what_had_to_stay_somewhere_stays_there() -> None:
    """Cheaper models are no saving where they may not be asked."""
    policies = {"a": DataPolicy(provider="a", region="eu")}
    house = House(policies=lambda: policies)
    private = ask(use_case="chat", input_tokens=200, data_needs=frozenset({"region:eu"}))
    tally = house.tally([house.row(asked=private), house.row()], CHEAPER)
    assert [(case.in_force.model, case.proposed.model) for case in tally.cases] == [("a/dear", "b/cheap")]
    assert tally.same == 2


def test_a_difference_from_then_has_its_reason() -> None:
    """The model of then is gone; rules have changed; weights have; prices or health have."""
    before = House()
    chat, free = before.row(), before.row(asked=ask(complexity=1.0))
    assert (chat.model, free.model) == ("dear", "dear")

    def why(house: House, row: PastRow) -> dict[Why, int]:
        tally = house.tally([row])
        assert tally.same + sum(tally.otherwise.values()) == tally.replayed == 1
        return dict(tally.otherwise)

    gone = House(models=(replace(DEAR, is_enabled=False), CHEAP))
    assert why(gone, chat) == {Why.GONE: 1}
    assert why(House(models=(CHEAP, model("a/new", quality=0.1))), free) == {Why.GONE: 1}
    assert why(House(rules=(CHAT_IS_CHEAP,)), chat) == {Why.RULES: 1}
    assert why(House(weighing=lambda profile: THRIFT), free) == {Why.WEIGHTS: 1}
    assert why(House(models=(replace(DEAR, quality=0.5), CHEAP)), free) == {Why.SCORES: 1}
    assert why(before, chat) == {}


def test_where_a_budget_had_another_asked_the_first_choice_is_compared() -> None:
    """It is as it was, although another model has answered; where the choice is another one now, that is
    told."""
    house = House()
    row = house.row()
    decision = house.side.decide(row, house.note(row))
    cheap = house.side.offer("b/cheap")
    assert cheap is not None
    routing = Notes().of(instead(decision, cheap, "a budget has too little left for a/dear."))
    row = house.row(routing=routing, provider="b", model="cheap")
    tally = house.tally([row])
    assert (tally.same, tally.cases) == (1, [])
    assert dict(House(rules=(CHAT_IS_CHEAP,)).tally([row]).otherwise) == {Why.BUDGET: 1}


def test_whom_nobody_could_serve_is_in_no_sum() -> None:
    """Now, or as proposed: told apart."""
    house = House(models=(DEAR,), configured=frozenset({"a"}))
    row = house.row(asked=ask(terms=Terms(max_cost_nanos=10_000_000)))
    dearer = Proposal(models=(replace(DEAR, prices=prices("9000", "9000")),))
    refused = house.tally([row], dearer)
    assert (refused.refused, refused.replayed, refused.figures.requests) == (1, 0, 0)
    nobody = House(models=(replace(DEAR, is_enabled=False),), configured=frozenset({"a"}))
    assert (nobody.tally([row]).nobody_now, nobody.tally([row]).replayed) == (1, 0)


def test_so_many_use_cases_are_told_apart() -> None:
    """Callers choose their names, so beyond that they are put together."""
    house = House()
    rows = [house.row(asked=ask(use_case=f"case_{n}")) for n in range(MOST_USE_CASES + 5)]
    by_use_case = house.tally(rows).by_use_case
    assert len(by_use_case) == MOST_USE_CASES + 1
    assert by_use_case[OTHERS].requests == 5


def test_only_what_a_proposal_touches_is_decided_twice() -> None:
    """Rules and routings touch requests of their own, weights and prices all; nothing touches none."""
    rules, agents = Proposal(rules=(CHAT_IS_DEAR,)), Proposal(agents=(AgentRouting(agent="a"),))
    assert [rules.touches(each, "a") for each in ("chat", "other", None)] == [True, False, False]
    assert [agents.touches("chat", each) for each in ("a", "b", None)] == [True, False, False]
    for each in (Proposal(weights=(THRIFT,)), Proposal(models=(DEAR,))):
        assert each.touches(None, None)
    assert not NOTHING.touches("chat", "a")
