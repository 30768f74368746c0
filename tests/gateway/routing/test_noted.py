"""What the ledger keeps of a decision."""

from baton.catalog.lookup import Offer
from baton.core.profile import Profile
from baton.core.task import TaskType
from baton.gateway.routing.decision import instead
from baton.gateway.routing.noted import Notes, read_note
from baton.gateway.routing.terms import Terms
from tests.gateway.routing.landscape import ask, model, router

HOUSE = router(model("a/good", quality=0.9), model("b/fair", quality=0.7), model("c/poor", quality=0.5))


def test_what_was_asked_can_be_asked_again() -> None:
    """Everything of an ask that the router looks at comes back, with what stands in the row's columns."""
    asked = ask(
        needs=frozenset({"text"}),
        input_tokens=321,
        max_tokens=77,
        provider="a",
        exclude=frozenset({"c"}),
        use_case="chat",
        agent="research",
        any_model=True,
        models=frozenset({"a/*", "b/fair"}),
        task=TaskType.CODING,
        complexity=0.625,
        gain=0.25,
        evidence=("it says `def`",),
        pressure=0.5,
        terms=Terms(profile=Profile.PERFORMANCE, max_cost_nanos=123_456),
    )
    note = Notes().of(HOUSE.decide(asked))
    assert note is not None
    assert read_note(note).ask.again("free", "chat", "research") == asked
    plain = Notes().of(HOUSE.decide(ask()))
    assert plain is not None
    assert read_note(plain).ask.again("free", None, None) == ask()


def test_what_spoke_against_a_model_for_a_while_is_told_apart() -> None:
    """An open breaker or a spent budget is; what a model cannot do is not."""

    def shut(offer: Offer) -> str | None:
        reasons = {
            "a/good": "its breaker is open for 30 s",
            "b/fair": "its provider's budget (b-month) is spent until 2026-12-01",
        }
        return reasons.get(offer.id)

    decision = HOUSE.decide(ask(exclude=frozenset({"d"})), shut=[shut])
    note = Notes().of(decision)
    assert note is not None
    assert decision.chosen.offer.id == "c/poor"
    assert read_note(note).kept_out() == {"a/good", "b/fair"}
    excluded = Notes().of(HOUSE.decide(ask(exclude=frozenset({"a"}))))
    assert excluded is not None
    assert read_note(excluded).kept_out() == frozenset()


def test_who_was_chosen_first_outlasts_a_budget() -> None:
    """Where a budget has a cheaper model asked, the router's own choice is told as well."""
    decision = HOUSE.decide(ask())
    assert decision.chosen.offer.id == "a/good"
    cheaper = HOUSE.catalog.row("b/fair")
    assert cheaper is not None
    note = Notes().of(instead(decision, cheaper, "a budget has too little left for a/good."))
    assert note is not None
    assert (read_note(note).chosen, read_note(note).first) == ("b/fair", "a/good")
