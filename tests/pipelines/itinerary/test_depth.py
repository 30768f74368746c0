"""How deeply a trip is looked at, by tier, and what is done about what is found."""

from typing import Any

import msgspec
import pytest
from msgspec import structs

from baton.pipelines.itinerary.plan import Place, Plan
from baton.pipelines.itinerary.review import Severity
from tests.pipelines.itinerary.conftest import Stage
from tests.pipelines.itinerary.test_spots import spot
from tests.pipelines.itinerary.trips import LISBON, LISBON_WISH, activity, planted
from tests.pipelines.itinerary.troupe import (
    ACTIVITY,
    APPROVED,
    CHECK,
    CHECKER,
    FACTS,
    GENERATOR,
    REVIEW,
    STRUCTURE,
    SUPERVISOR,
    in_turn,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAAT = Place(2, 2)
CLOSED = {"type": "location", "severity": "error", "day": 2, "activity": "MAAT", "message": "It is closed."}
FAR = {"type": "time", "severity": "error", "day": 1, "activity": "Jardim da Estrela", "message": "Too far."}
MARINHA = activity("20:00-21:00", "Museu de Marinha", "museum", 7)
TEJO = activity("20:00-21:00", "Ponto Final", "food", 25)


def review(approved: bool, score: float, *issues: object, **more: object) -> dict[str, Any]:
    """What a supervisor writes."""
    return {"approved": approved, "score": score, "issues": issues, **more}


def names(plan: Plan) -> list[str]:
    """Of all activities, in order."""
    return [each.name for _, each in plan.each()]


async def test_the_lowest_tier_has_a_plan_and_no_review(stage: Stage) -> None:
    """One call, and nothing is said of quality."""
    _, outcome, metrics = await stage.made("free")
    assert stage.troupe.prompts() == [STRUCTURE]
    assert (outcome.quality_score, outcome.approved, metrics.phase2_ms) == (None, None, 0)


async def test_the_next_has_a_basic_review(stage: Stage) -> None:
    """Suggestions are carried out; facts are not checked and nothing is made anew, approved or not."""
    remove = {"action": "remove", "day": 1, "activity": "Cervejaria Ramiro", "reason": "Closed on Mondays."}
    stage.troupe.says[REVIEW] = lambda _: review(False, 6, CLOSED, suggestions=[remove])
    _, outcome, _ = await stage.made("pro")
    assert sorted(stage.troupe.prompts()) == sorted([STRUCTURE, FACTS, REVIEW])
    assert stage.troupe.of(REVIEW)[0].question.variables["depth"] == "basic"
    assert names(outcome.plan) == [name for name in names(LISBON) if name != "Cervejaria Ramiro"]
    assert (outcome.quality_score, outcome.approved) == (5, False)
    assert (outcome.report.revision_cycles, outcome.report.carried_out) == (0, 1)


@pytest.mark.parametrize("tier", ["expert", "master"])
async def test_those_above_have_a_full_review(stage: Stage, tier: str) -> None:
    """Facts are checked as well; what is approved is not touched."""
    _, outcome, _ = await stage.made(tier)
    assert sorted(stage.troupe.prompts()) == sorted([STRUCTURE, FACTS, REVIEW, CHECK])
    assert stage.troupe.of(REVIEW)[0].question.variables["depth"] == "full"
    assert (outcome.plan, outcome.quality_score, outcome.approved) == (LISBON, 9, True)
    assert outcome.report.facts_checked


async def test_the_supervisor_gets_all_three(stage: Stage) -> None:
    """The plan, the facts of the city, and the verified places, which the generator has as well."""
    stage.spots = [spot("estrela", localness=4), spot("castelo", localness=1)]
    await stage.made("pro")
    [asked] = stage.troupe.of(REVIEW)
    told = asked.question.variables
    assert msgspec.json.decode(told["itinerary"], type=Plan) == LISBON
    assert told["facts"] == "Museums are closed on Mondays."
    assert "estrela" in told["spots"]
    assert "castelo" not in told["spots"]
    assert told["spots"] == stage.troupe.of(STRUCTURE)[0].question.variables["spots"]


async def test_facts_and_places_may_fail(stage: Stage) -> None:
    """The trip is made and reviewed without them."""
    stage.troupe.fails = {FACTS: 100, CHECK: 100}
    _, outcome, metrics = await stage.made("expert")
    assert (outcome.plan, outcome.quality_score, metrics.route) == (LISBON, 9, "primary")
    assert not outcome.report.facts_checked
    assert metrics.retries == 2
    assert "facts" not in stage.troupe.of(REVIEW)[0].question.variables


async def test_only_what_is_rejected_is_made_anew(stage: Stage) -> None:
    """One call for each named activity, a quick second review, and all else is as it was, word for word."""
    stage.troupe.says[REVIEW] = in_turn(review(False, 4, CLOSED, FAR), review(True, 8))
    stage.troupe.says[ACTIVITY] = lambda question: (
        MARINHA if question.variables["rejected"] == "MAAT" else TEJO
    )
    shown, outcome, metrics = await stage.made("expert")
    estrela = next(place for place, each in LISBON.each() if each.name == "Jardim da Estrela")
    for place, each in outcome.plan.each():
        if place not in (MAAT, estrela):
            assert each == LISBON.at(place)
    assert outcome.plan.at(MAAT) == structs.replace(MARINHA, time_slot=LISBON.at(MAAT).time_slot)
    assert outcome.plan.at(estrela).name == TEJO.name
    assert len(stage.troupe.of(ACTIVITY)) == 2
    assert {each.provider for each in stage.troupe.of(ACTIVITY)} == {GENERATOR}
    quick = stage.troupe.of(REVIEW)[1].question.variables
    assert (quick["depth"], set(quick["fresh"].split("; "))) == ("again", {MARINHA.name, TEJO.name})
    assert (outcome.quality_score, outcome.approved, outcome.report.revision_cycles) == (8, True, 1)
    assert all(issue.auto_fixed for issue in outcome.report.issues)
    assert {step.name for step in shown.steps} >= {"activity 1.4", "activity 2.3", "re-validation"}
    assert metrics.phase2_ms > 0


async def test_what_is_made_anew_is_told_what_it_must_know(stage: Stage) -> None:
    """City, theme of the day, slot, reason, what may be spent, and the names to avoid: all of the plan."""
    stage.troupe.says[REVIEW] = in_turn(review(False, 4, CLOSED), APPROVED)
    stage.troupe.says[ACTIVITY] = lambda _: MARINHA
    await stage.made("expert", structs.replace(LISBON_WISH, budget=100))
    [asked] = stage.troupe.of(ACTIVITY)
    told = asked.question.variables
    assert (told["city"], told["theme"], told["slot"]) == ("Lisbon", "By the river", "14:00-16:00")
    assert (told["rejected"], told["reason"], told["budget"]) == ("MAAT", "It is closed.", "18 EUR")
    assert set(told["avoid"].split("; ")) == set(names(LISBON))


async def test_a_rejected_name_does_not_come_back(stage: Stage) -> None:
    """Also spelt otherwise: it is asked for again; where it comes twice, the old one stays and is told of."""
    back = structs.replace(MARINHA, name="  maat ")
    stage.troupe.says[REVIEW] = in_turn(review(False, 4, CLOSED), APPROVED)
    stage.troupe.says[ACTIVITY] = in_turn(back, MARINHA)
    _, outcome, metrics = await stage.made("expert")
    assert outcome.plan.at(MAAT).name == MARINHA.name
    assert metrics.retries == 1
    stage.troupe.says[REVIEW] = in_turn(review(False, 4, CLOSED), APPROVED)
    stage.troupe.says[ACTIVITY] = in_turn(back)
    _, outcome, _ = await stage.made("expert")
    assert (outcome.plan, outcome.approved, outcome.quality_score) == (LISBON, False, 4)
    assert outcome.report.revision_cycles == 0


async def test_two_made_anew_are_not_the_same(stage: Stage) -> None:
    """Made beside each other they may be; then the second is made once more, knowing of the first."""
    said = [MARINHA, MARINHA, TEJO]
    stage.troupe.says[REVIEW] = in_turn(review(False, 4, CLOSED, FAR), APPROVED)
    stage.troupe.says[ACTIVITY] = lambda _: said.pop(0)
    _, outcome, _ = await stage.made("expert")
    assert {MARINHA.name, TEJO.name} < set(names(outcome.plan))
    assert len(set(names(outcome.plan))) == len(names(LISBON))
    assert MARINHA.name in stage.troupe.of(ACTIVITY)[-1].question.variables["avoid"]


async def test_a_second_review_may_fail(stage: Stage) -> None:
    """What was made anew is handed out with the first score, not approved, and with a word on it."""
    stage.troupe.says[REVIEW] = in_turn(review(False, 4, CLOSED), "no")
    stage.troupe.says[ACTIVITY] = lambda _: MARINHA
    _, outcome, metrics = await stage.made("expert")
    assert (metrics.route, outcome.quality_score, outcome.approved) == ("primary", 4, False)
    assert outcome.plan.at(MAAT).name == MARINHA.name
    assert outcome.report.left == ("What was made anew was not reviewed again.",)


async def test_there_is_one_cycle(stage: Stage) -> None:
    """What the second review rejects is told, and stays."""
    again = {**CLOSED, "activity": MARINHA.name}
    stage.troupe.says[REVIEW] = in_turn(review(False, 4, CLOSED), review(False, 4, again))
    stage.troupe.says[ACTIVITY] = lambda _: MARINHA
    _, outcome, _ = await stage.made("master")
    assert (len(stage.troupe.of(ACTIVITY)), len(stage.troupe.of(REVIEW))) == (1, 2)
    assert (outcome.approved, outcome.quality_score) == (False, 4)
    left = [issue for issue in outcome.report.issues if not issue.auto_fixed]
    assert [issue.activity for issue in left] == [MARINHA.name]


async def test_a_place_that_is_surely_invalid_is_made_anew(stage: Stage) -> None:
    """Also where the supervisor approved; one that is only doubted is told of."""
    stage.troupe.says[CHECK] = lambda _: {
        "checks": [
            {
                "name": "MAAT",
                "verdict": "invalid",
                "confidence": 0.95,
                "reason": "It has closed for good.",
                "suggestion": "The museum next door.",
            },
            {"name": "Musicbox", "verdict": "invalid", "confidence": 0.5, "reason": "Perhaps closed."},
            {"name": "Cervejaria Ramiro", "verdict": "verified", "confidence": 1, "placeId": "p7"},
        ]
    }
    stage.troupe.says[ACTIVITY] = lambda _: MARINHA
    _, outcome, _ = await stage.made("expert")
    assert outcome.plan.at(MAAT).name == MARINHA.name
    [asked] = stage.troupe.of(ACTIVITY)
    assert asked.question.variables["reason"] == "It has closed for good. The museum next door."
    assert outcome.plan.at(Place(1, 2)).place_id == "p7"
    doubts = [each for each in outcome.report.issues if each.severity is Severity.INFO]
    assert [each.activity for each in doubts] == ["Musicbox"]
    assert outcome.approved


async def test_what_rules_find_is_made_anew_where_nobody_else_reviews(stage: Stage) -> None:
    """Without a supervisor a full review rests on rules and facts; rules look again afterwards."""
    stage.troupe.out = {SUPERVISOR}
    stage.troupe.says[STRUCTURE] = lambda _: planted(MAAT, name="Lunch spot")
    stage.troupe.says[ACTIVITY] = lambda _: MARINHA
    _, outcome, metrics = await stage.made("expert")
    assert metrics.route == "claude_fallback"
    assert outcome.plan == planted(
        MAAT, name=MARINHA.name, category="museum", address=MARINHA.address, cost=7.0
    )
    assert (outcome.quality_score, outcome.approved, outcome.report.revision_cycles) == (7, True, 1)
    assert [issue.auto_fixed for issue in outcome.report.issues] == [True]


async def test_a_time_that_is_rejected_may_change(stage: Stage) -> None:
    """One that is no time, or is taken, is left open; a free one must come."""
    stage.troupe.out = {SUPERVISOR}
    stage.troupe.says[STRUCTURE] = lambda _: planted(MAAT, time_slot="12:00-14:00")
    stage.troupe.says[ACTIVITY] = in_turn(structs.replace(MARINHA, time_slot="13:00-15:00"), MARINHA)
    _, outcome, _ = await stage.made("expert")
    assert "12:00-13:30" in stage.troupe.of(ACTIVITY)[0].question.variables["slot"]
    assert outcome.plan.at(MAAT).time_slot == "20:00-21:00"
    assert len(stage.troupe.of(ACTIVITY)) == 2


async def test_a_plan_that_lacks_days_is_asked_for_again(stage: Stage) -> None:
    """Where days are still missing, that is told."""
    short = Plan(days=LISBON.days[:1])
    stage.troupe.says[STRUCTURE] = in_turn(short, LISBON)
    _, outcome, _ = await stage.made("pro")
    assert outcome.plan == LISBON
    stage.troupe.says[STRUCTURE] = in_turn(short)
    _, outcome, _ = await stage.made("pro")
    assert [(each.message, each.severity) for each in outcome.report.issues] == [
        ("Day 2 is missing.", Severity.ERROR)
    ]
    assert outcome.quality_score == 5


async def test_facts_that_are_known_are_cached(stage: Stage) -> None:
    """They are asked for so that they may be given again for a day, whoever asks, and the hit is counted."""
    stage.troupe.cached = {FACTS}
    _, _, metrics = await stage.made("pro", structs.replace(LISBON_WISH, city="  LISBON ".strip()))
    assert metrics.cache_hits == 1
    [asked] = stage.troupe.of(FACTS)
    assert asked.question.cache_ttl_s == 24 * 60 * 60
    assert asked.question.variables == {"city": "lisbon"}
    assert all(each.question.cache_ttl_s is None for each in stage.troupe.asked if each.prompt != FACTS)
    assert asked.provider == CHECKER


async def test_a_plan_is_readable_before_it_is_reviewed(stage: Stage) -> None:
    """As soon as it exists, and whoever follows is told of its days and of the places that are checked."""
    shown, _, _ = await stage.made("expert")
    steps = {step.name: step for step in shown.steps}
    structure = steps["structure"]
    assert msgspec.json.decode(structure.interim or b"", type=Plan) == LISBON
    assert (structure.done, structure.total) == (2, 2)
    assert (steps["fact check"].done, steps["fact check"].total) == (0, 8)


async def test_what_people_add_reaches_the_generator(stage: Stage) -> None:
    """Names are no instructions; the wish's own words are told as wishes."""
    wish = structs.replace(
        LISBON_WISH, template_prompt="No stairs.", group="two friends", interests=("tiles",)
    )
    await stage.made("free", wish)
    told = stage.troupe.asked[0].question.variables
    assert (told["wishes"], told["group"], told["interests"]) == ("No stairs.", "two friends", "tiles")
    assert (told["days"], told["pace"], told["localness"], told["budget"]) == ("2", "moderate", "3", "200")


async def test_a_review_that_is_redone_pays_for_nothing_else(stage: Stage) -> None:
    """The plan is kept, the same result makes no second version, another one does."""
    shown, _, _ = await stage.made("pro")
    await stage.runs.redo(shown.id, "supervision")
    await stage.end(shown.id)
    assert (len(stage.troupe.of(STRUCTURE)), len(stage.troupe.of(REVIEW))) == (1, 2)
    assert (await stage.itineraries.get(shown.id)).numbers == (1,)
    remove = {"action": "remove", "day": 2, "activity": "MAAT"}
    stage.troupe.says[REVIEW] = lambda _: review(True, 8, suggestions=[remove])
    await stage.runs.redo(shown.id, "supervision")
    await stage.end(shown.id)
    assert len(stage.troupe.of(STRUCTURE)) == 1
    kept = await stage.itineraries.get(shown.id)
    assert (kept.numbers, "MAAT" in names(kept.version.content.outcome.plan)) == ((1, 2), False)
