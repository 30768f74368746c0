"""An instruction changes what it names."""

from typing import Any

import msgspec
import pytest

from baton.core.errors import Invalid
from baton.pipelines.engine.run import RunShown, RunState
from baton.pipelines.itinerary.plan import Changes, Place, Plan
from baton.pipelines.itinerary.review import Action, Suggestion
from baton.pipelines.itinerary.revision import Addition, Revision, revised
from baton.pipelines.recipes.itinerary_revision import Made
from tests.pipelines.itinerary.conftest import Stage
from tests.pipelines.itinerary.trips import LISBON, LISBON_WISH, activity
from tests.pipelines.itinerary.troupe import REVISION, STRUCTURE, in_turn

MAAT = Place(2, 2)
LATER: dict[str, Any] = {
    "suggestions": [
        {"action": "modify", "day": 2, "activity": "MAAT", "replacement": {"timeSlot": "14:30-16:00"}}
    ]
}


async def changed(stage: Stage, tier: str = "pro", **given: Any) -> RunShown:
    """What came of an instruction."""
    return await stage.end(await stage.begin(tier, recipe="itinerary-revision", **given))


def made(shown: RunShown) -> Made:
    """Of a revision that went well."""
    assert shown.state is RunState.COMPLETED, shown.failure
    return msgspec.json.decode(shown.output or b"", type=Made)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_instruction_changes_what_it_names(stage: Stage) -> None:
    """It makes a new version; all else is as it was, and nothing of the trip is made or paid for again."""
    trip, _, _ = await stage.made("pro")
    stage.troupe.says[REVISION] = lambda _: LATER
    stage.troupe.asked.clear()
    done = made(await changed(stage, itineraryId=trip.id, instruction="The museum later."))
    assert (done.version, done.carried_out, done.left) == (2, 1, ())
    [asked] = stage.troupe.asked
    assert asked.question.variables["instruction"] == "The museum later."
    assert msgspec.json.decode(asked.question.variables["itinerary"], type=Plan) == LISBON
    kept = await stage.itineraries.get(trip.id)
    outcome = kept.version.content.outcome
    assert outcome.plan == LISBON.with_activities(
        {MAAT: LISBON.at(MAAT).changed(Changes(time_slot="14:30-16:00"))}
    )
    assert (outcome.quality_score, outcome.approved) == (None, None), "nobody has reviewed this plan"
    assert kept.version.content.instruction == "The museum later."
    assert (await stage.itineraries.get(trip.id, 1)).version.content.outcome.plan == LISBON


@pytest.mark.asyncio(loop_scope="module")
async def test_rules_look_at_what_was_changed(stage: Stage) -> None:
    """An instruction may make a plan impossible; that is told."""
    trip, _, _ = await stage.made("pro")
    stage.troupe.says[REVISION] = lambda _: {
        "suggestions": [
            {"action": "modify", "day": 2, "activity": "MAAT", "replacement": {"timeSlot": "13:00-15:00"}}
        ]
    }
    made(await changed(stage, itineraryId=trip.id, instruction="The museum at one."))
    report = (await stage.itineraries.get(trip.id)).version.content.outcome.report
    assert [(issue.type.value, issue.activity) for issue in report.issues] == [("time", "MAAT")]


@pytest.mark.asyncio(loop_scope="module")
async def test_an_instruction_that_changes_nothing_makes_no_version(stage: Stage) -> None:
    """It says why, in the model's words."""
    trip, _, _ = await stage.made("pro")
    stage.troupe.says[REVISION] = lambda _: {"note": "There is no lake."}
    done = made(await changed(stage, itineraryId=trip.id, instruction="Swim in the lake."))
    assert (done.version, done.note) == (1, "There is no lake.")
    assert (await stage.itineraries.get(trip.id)).numbers == (1,)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_answer_that_cannot_be_read_is_asked_for_once_more(stage: Stage) -> None:
    """And then the run fails plainly; the trip is as it was."""
    trip, _, _ = await stage.made("pro")
    stage.troupe.says[REVISION] = in_turn("What?", LATER)
    assert made(await changed(stage, itineraryId=trip.id, instruction="Later.")).version == 2
    stage.troupe.says[REVISION] = in_turn("What?")
    shown = await changed(stage, itineraryId=trip.id, instruction="Later.")
    assert shown.failure is not None
    assert (shown.state, shown.failure.code) == (RunState.FAILED, "unexpected_output")
    assert (await stage.itineraries.get(trip.id)).numbers == (1, 2)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("tier", "based_on", "code"), [("pro", 7, "version_conflict"), ("expert", None, "not_found")]
)
async def test_nothing_is_asked_for_what_cannot_be_changed(
    stage: Stage, tier: str, based_on: int | None, code: str
) -> None:
    """A version that is not the newest, and somebody else's trip, which is as one that is not there."""
    trip, _, _ = await stage.made("pro")
    stage.troupe.asked.clear()
    given: dict[str, object] = {} if based_on is None else {"basedOn": based_on}
    shown = await changed(stage, tier, itineraryId=trip.id, instruction="Later.", **given)
    assert shown.failure is not None
    assert (shown.failure.code, stage.troupe.asked) == (code, [])


@pytest.mark.asyncio(loop_scope="module")
async def test_an_instruction_has_words(stage: Stage) -> None:
    """An empty one begins no run."""
    with pytest.raises(Invalid):
        await stage.begin("pro", recipe="itinerary-revision", itineraryId="x", instruction="")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_trip_counts_once_however_often_it_is_changed(stage: Stage) -> None:
    """The month's limit is of trips; a refusal asks nobody, and leaves nothing behind."""
    stage.most = {"master": 1}
    trip, _, _ = await stage.made("master")
    stage.troupe.says[REVISION] = lambda _: LATER
    assert made(await changed(stage, "master", itineraryId=trip.id, instruction="Later.")).version == 2
    stage.troupe.asked.clear()
    shown = await stage.end(await stage.begin("master", LISBON_WISH))
    assert shown.failure is not None
    assert (shown.failure.code, stage.troupe.of(STRUCTURE)) == ("limit_exceeded", [])


def test_what_is_added_stands_at_its_time() -> None:
    """What is there keeps its order."""
    new = activity("12:45-13:00", "Manteigaria", "food")
    done = revised(LISBON, Revision(additions=(Addition(day=1, activity=new),)))
    assert [each.name for each in done.plan.day(1).activities][2] == "Manteigaria"
    assert done.plan.day(2) == LISBON.day(2)
    late = activity("23:00-23:30", "Pavilhão Chinês", "nightlife")
    assert (
        revised(LISBON, Revision(additions=(Addition(day=1, activity=late),))).plan.day(1).activities[-1]
        == late
    )


@pytest.mark.parametrize(
    "addition",
    [
        Addition(day=3, activity=activity("10:00-11:00", "Manteigaria")),
        Addition(day=1, activity=activity("10:00-11:00", "maat")),
        Addition(day=1, activity=activity("some time", "Manteigaria")),
    ],
)
def test_what_cannot_be_added_is_left(addition: Addition) -> None:
    """A day that is not there, a name that is, a time that is none."""
    done = revised(LISBON, Revision(additions=(addition,)))
    assert (done.plan, done.carried_out, len(done.left)) == (LISBON, 0, 1)


def test_removals_and_additions_go_together() -> None:
    """What is taken out may come back on another day."""
    remove = Suggestion(action=Action.REMOVE, day=2, activity="MAAT")
    back = Addition(day=1, activity=activity("15:00-16:00", "MAAT"))
    done = revised(LISBON, Revision(suggestions=(remove,), additions=(back,)))
    assert (done.carried_out, done.left) == (2, ())
    assert [place.day for place, each in done.plan.each() if each.name == "MAAT"] == [1]
