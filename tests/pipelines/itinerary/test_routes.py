"""Which route a trip takes, and what comes of it."""

import msgspec
import pytest

from baton.core.errors import Invalid
from baton.pipelines.engine.run import RunState, StepState
from baton.pipelines.itinerary.casting import packaged_casting
from baton.pipelines.itinerary.plan import Place
from baton.pipelines.itinerary.tally import Metrics
from tests.pipelines.itinerary.conftest import Stage
from tests.pipelines.itinerary.trips import LISBON, planted
from tests.pipelines.itinerary.troupe import (
    CHECK,
    CHECKER,
    FACTS,
    FOURTH,
    GENERATOR,
    KNOWN,
    REVIEW,
    STRUCTURE,
    SUPERVISOR,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUTES = {
    "primary": (set(), None, {GENERATOR, CHECKER, SUPERVISOR}),
    "gemini_fallback": ({CHECKER}, "Using alternative validation method", {GENERATOR, SUPERVISOR}),
    "claude_fallback": ({SUPERVISOR}, "Quality checks temporarily simplified", {GENERATOR, CHECKER}),
    "chatgpt_fallback": ({GENERATOR}, "Using alternative generation method", {CHECKER, SUPERVISOR}),
    "emergency": (
        {GENERATOR, CHECKER, SUPERVISOR},
        "Some features temporarily unavailable",
        {FOURTH},
    ),
}
"""Each with the providers that are out, its notice, and who is asked."""


@pytest.mark.parametrize("route", ROUTES)
async def test_each_outage_has_its_route(stage: Stage, route: str) -> None:
    """It gives a plan, its notice and its metrics, and asks nobody else."""
    out, notice, asked = ROUTES[route]
    stage.troupe.out = set(out)
    _, outcome, metrics = await stage.made("expert")
    assert outcome.plan == LISBON
    assert (metrics.route, metrics.routes_tried) == (route, (route,))
    assert (outcome.notice, outcome.fallback_used) == (notice, notice is not None)
    assert outcome.reduced_quality == (route in ("claude_fallback", "emergency"))
    assert set(metrics.providers_used) == asked == {each.provider for each in stage.troupe.asked}
    assert metrics.total_ms >= metrics.phase1_ms + metrics.phase2_ms
    assert metrics.retries == 0
    is_reviewed = {"primary": 9, "gemini_fallback": 9, "chatgpt_fallback": 9, "claude_fallback": 7}
    assert outcome.quality_score == is_reviewed.get(route)
    assert (REVIEW in stage.troupe.prompts()) == (route not in ("claude_fallback", "emergency"))


@pytest.mark.parametrize("out", [{GENERATOR, CHECKER}, {GENERATOR, SUPERVISOR}, {CHECKER, SUPERVISOR}])
async def test_two_outages_are_an_emergency(stage: Stage, out: set[str]) -> None:
    """Whoever is left plans; nobody validates."""
    stage.troupe.out = set(out)
    _, outcome, metrics = await stage.made("master")
    assert (metrics.route, outcome.quality_score) == ("emergency", None)
    assert stage.troupe.prompts() == [STRUCTURE]
    assert stage.troupe.asked[0].provider not in out


async def test_roles_are_cast_as_the_route_says(stage: Stage) -> None:
    """Each provider is asked what is its part, and no other one could stand in."""
    await stage.made("expert")
    parts = {each.prompt: each.provider for each in stage.troupe.asked}
    assert parts == {STRUCTURE: GENERATOR, FACTS: CHECKER, REVIEW: SUPERVISOR, CHECK: CHECKER}
    for each in stage.troupe.asked:
        assert set(each.question.exclude) == KNOWN - {each.provider}


async def test_a_model_that_is_not_there_is_passed_over(stage: Stage) -> None:
    """The next that is preferred is asked, and in the end any of the same provider; nothing is paid twice."""
    first, second = packaged_casting().models[GENERATOR]
    for models, asked in ((None, first), (frozenset({second}), second), (frozenset[str](), "auto")):
        stage.troupe.asked.clear()
        stage.troupe.models = models
        await stage.made("free")
        assert [each.question.model for each in stage.troupe.asked] == [asked]


async def test_an_outage_midway_ends_in_an_emergency(stage: Stage) -> None:
    """The supervisor fails with its retries exhausted: the plan that there is is handed out, unvalidated."""
    stage.troupe.fails = {REVIEW: 100}
    _, outcome, metrics = await stage.made("pro")
    assert metrics.routes_tried == ("primary", "emergency")
    assert (metrics.route, metrics.retries) == ("emergency", 1)
    assert outcome.notice == "Some features temporarily unavailable"
    assert (outcome.plan, outcome.quality_score, outcome.approved) == (LISBON, None, None)
    assert len(stage.troupe.of(STRUCTURE)) == 1, "what is there is not paid for again"


async def test_a_generator_that_fails_midway_is_replaced(stage: Stage) -> None:
    """Its retries exhausted, anybody else plans."""
    stage.troupe.fails = {STRUCTURE: 2}
    shown, outcome, metrics = await stage.made("expert")
    assert metrics.routes_tried == ("primary", "emergency")
    assert outcome.plan == LISBON
    assert len(stage.troupe.of(STRUCTURE)) == 3
    assert stage.troupe.of(STRUCTURE)[-1].question.exclude == ()
    states = {step.name: step.state for step in shown.steps}
    assert states["structure"] is StepState.FAILED
    assert states["emergency structure"] is StepState.COMPLETED


@pytest.mark.parametrize(
    "answer", ["I cannot do that.", '{"days": []}', "", msgspec.json.encode(LISBON)[:-9].decode()]
)
async def test_a_plan_that_cannot_be_read_is_asked_for_once_more(stage: Stage, answer: str) -> None:
    """The second one counts; the first was paid for and is told of."""
    said = [answer, LISBON]
    stage.troupe.says[STRUCTURE] = lambda _: said.pop(0)
    shown, outcome, metrics = await stage.made("free")
    assert (outcome.plan, metrics.route, metrics.retries) == (LISBON, "primary", 1)
    assert sum(len(step.calls) for step in shown.steps) == 2


async def test_nobody_at_all_is_a_plain_failure(stage: Stage) -> None:
    """Nothing is asked; the run says why, and has its metrics."""
    stage.troupe.out = set(KNOWN)
    shown = await stage.end(await stage.begin("expert"))
    assert shown.state is RunState.FAILED
    assert shown.failure is not None
    assert shown.failure.code == "no_model_available"
    assert stage.troupe.asked == []
    [told] = [step for step in shown.steps if step.name == "metrics"]
    metrics = msgspec.json.decode(told.output or b"", type=Metrics)
    assert (metrics.route, metrics.routes_tried, metrics.providers_used) == (None, (), ())


async def test_an_emergency_that_fails_too_is_a_plain_failure(stage: Stage) -> None:
    """With the metrics of all that was tried, and nothing saved."""
    stage.troupe.fails = {STRUCTURE: 100}
    run_id = await stage.begin("expert")
    shown = await stage.end(run_id)
    assert shown.state is RunState.FAILED
    assert shown.failure is not None
    assert "emergency structure" in shown.failure.message
    [told] = [step for step in shown.steps if step.name == "metrics"]
    metrics = msgspec.json.decode(told.output or b"", type=Metrics)
    assert (metrics.routes_tried, metrics.retries) == (("primary", "emergency"), 2)
    assert run_id not in {line.id for line in await stage.itineraries.find("expert", before=None, limit=50)}


@pytest.mark.parametrize(
    ("out", "route", "provider"),
    [
        (set(), "primary", GENERATOR),
        ({CHECKER, SUPERVISOR, FOURTH}, "primary", GENERATOR),
        ({GENERATOR}, "chatgpt_fallback", CHECKER),
        ({GENERATOR, CHECKER, SUPERVISOR}, "emergency", FOURTH),
    ],
)
async def test_the_lowest_tier_needs_a_generator_alone(
    stage: Stage, out: set[str], route: str, provider: str
) -> None:
    """The first one, or else any; who would review does not matter, as nobody does."""
    stage.troupe.out = set(out)
    _, outcome, metrics = await stage.made("free")
    assert (metrics.route, metrics.providers_used) == (route, (provider,))
    assert stage.troupe.prompts() == [STRUCTURE]
    assert (outcome.quality_score, outcome.report.issues) == (None, ())


async def test_a_wish_that_is_none_begins_nothing(stage: Stage) -> None:
    """It is refused, and nothing is asked."""
    with pytest.raises(Invalid):
        await stage.begin("pro", city="Lisbon", days=31)
    assert stage.troupe.asked == []


async def test_rules_take_the_place_of_a_missing_supervisor(stage: Stage) -> None:
    """What they find is told, and lowers the score."""
    stage.troupe.out = {SUPERVISOR}
    stage.troupe.says[STRUCTURE] = lambda _: planted(Place(1, 0), time_slot="25:00-26:00")
    _, outcome, _ = await stage.made("pro")
    assert [issue.activity for issue in outcome.report.issues] == ["Museu Nacional do Azulejo"]
    assert (outcome.quality_score, outcome.approved) == (5, False)
    assert sorted(stage.troupe.prompts()) == sorted([STRUCTURE, CHECK]), "who else could look at places"
