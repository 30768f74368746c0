"""Carrying out what reviewers say."""

import pytest

from baton.pipelines.itinerary.amendment import amended, checked, rejected
from baton.pipelines.itinerary.facts import Check, FactCheck, Verdict
from baton.pipelines.itinerary.plan import Changes, Place
from baton.pipelines.itinerary.review import (
    Action,
    Correction,
    Field,
    Issue,
    IssueType,
    Review,
    Severity,
    Suggestion,
)
from tests.pipelines.itinerary.trips import LISBON, planted

RAMIRO = Place(1, 2)
MAAT = Place(2, 2)
ERROR = Issue(
    type=IssueType.LOCATION, severity=Severity.ERROR, message="It is closed.", day=2, activity="MAAT"
)


def review(
    *suggestions: Suggestion, corrections: tuple[Correction, ...] = (), issues: tuple[Issue, ...] = ()
) -> Review:
    """One that does not approve."""
    return Review(approved=False, score=5, issues=issues, suggestions=suggestions, corrections=corrections)


def test_replace_modify_and_remove_are_carried_out() -> None:
    """Each where it is meant, together; everything else is as it was."""
    after = amended(
        LISBON,
        review(
            Suggestion(
                action=Action.REPLACE,
                activity="MAAT",
                day=2,
                replacement=Changes(name="Museu de Marinha", address="Praça do Império"),
            ),
            Suggestion(
                action=Action.MODIFY,
                activity="cervejaria ramiro",
                day=1,
                replacement=Changes(time_slot="13:30-15:00"),
            ),
            Suggestion(action=Action.REMOVE, activity="Jardim da Estrela", day=1),
        ),
    )
    assert (after.carried_out, after.left) == (3, ())
    assert after.plan.at(MAAT).name == "Museu de Marinha"
    assert (after.plan.at(MAAT).time_slot, after.plan.at(MAAT).cost) == (LISBON.at(MAAT).time_slot, None)
    assert after.plan.at(RAMIRO).time_slot == "13:30-15:00"
    assert after.plan.at(RAMIRO).name == "Cervejaria Ramiro"
    before = {activity.name: activity for _, activity in LISBON.each()}
    now = {activity.name: activity for _, activity in after.plan.each()}
    assert before.keys() - now.keys() == {"MAAT", "Jardim da Estrela"}
    assert all(now[name] == before[name] for name in before.keys() & now.keys() - {"Cervejaria Ramiro"})


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (Field.NAME, "Museu de Arte", Changes(name="Museu de Arte")),
        (Field.ADDRESS, "Av. Brasília", Changes(address="Av. Brasília")),
        (Field.CATEGORY, "sight", Changes(category="sight")),
        (Field.TIME_SLOT, "14:00-15:30", Changes(time_slot="14:00-15:30")),
        (Field.COST, "12.5", Changes(cost=12.5)),
        (Field.COST, 0, Changes(cost=0.0)),
    ],
)
def test_a_correction_changes_its_field(field: Field, value: str | float, expected: Changes) -> None:
    """And no other one."""
    correction = Correction(activity="MAAT", day=2, field=field, value=value)
    after = amended(LISBON, review(corrections=(correction,)))
    assert after.plan == LISBON.with_activities({MAAT: LISBON.at(MAAT).changed(expected)})


@pytest.mark.parametrize(
    "correction",
    [
        Correction(activity="MAAT", field=Field.COST, value="cheap"),
        Correction(activity="MAAT", field=Field.COST, value=-3),
        Correction(activity="MAAT", field=Field.COST, value="nan"),
        Correction(activity="MAAT", field=Field.NAME, value=" "),
        Correction(activity="MAAT", field=Field.NAME, value="Musicbox"),
        Correction(activity="MAAT", field=Field.TIME_SLOT, value="later"),
        Correction(activity="Torre de Belém", field=Field.NAME, value="Torre"),
    ],
)
def test_a_correction_that_makes_it_worse_is_left(correction: Correction) -> None:
    """A value that is none, a name that another one has, a place that is not in the plan: said, not done."""
    after = amended(LISBON, review(corrections=(correction,)))
    assert (after.plan, after.carried_out, len(after.left)) == (LISBON, 0, 1)


@pytest.mark.parametrize("replacement", [None, Changes(), Changes(name="maat"), Changes(cost=3)])
def test_a_replacement_by_nothing_is_made_anew(replacement: Changes | None) -> None:
    """Who says that something must go and not what comes has it made anew."""
    suggestion = Suggestion(
        action=Action.REPLACE, activity="MAAT", day=2, reason="Too modern.", replacement=replacement
    )
    said = review(suggestion)
    after = amended(LISBON, said)
    assert after.plan == LISBON
    assert [(each.place, each.name, each.reason) for each in rejected(after.plan, after.issues, said)] == [
        (MAAT, "MAAT", "Too modern.")
    ]


def test_a_removal_has_the_last_word() -> None:
    """Also where the same activity was to be changed."""
    modify = Suggestion(action=Action.MODIFY, activity="MAAT", replacement=Changes(cost=1.0))
    remove = Suggestion(action=Action.REMOVE, activity="MAAT")
    for order in ((modify, remove), (remove, modify)):
        after = amended(LISBON, review(*order))
        assert "MAAT" not in {activity.name for _, activity in after.plan.each()}


def test_what_is_mended_is_marked_and_not_made_anew() -> None:
    """An error whose place was replaced is done with; one that nobody mended names what must be made anew."""
    suggestion = Suggestion(
        action=Action.REPLACE, activity="MAAT", day=2, replacement=Changes(name="Museu de Marinha")
    )
    done = amended(LISBON, review(suggestion, issues=(ERROR,)))
    assert done.issues[0].auto_fixed
    assert rejected(done.plan, done.issues) == ()
    undone = amended(LISBON, review(issues=(ERROR,)))
    assert not undone.issues[0].auto_fixed
    assert [each.place for each in rejected(undone.plan, undone.issues)] == [MAAT]


def test_only_errors_that_name_an_activity_reject_one() -> None:
    """Warnings, and errors about a day, name nothing that could be made anew; all reasons go along."""
    issues = (
        ERROR,
        Issue(type=IssueType.TIME, severity=Severity.ERROR, message="Too far.", day=2, activity="MAAT"),
        Issue(
            type=IssueType.TIME,
            severity=Severity.WARNING,
            message="Hurry.",
            day=1,
            activity="Cervejaria Ramiro",
        ),
        Issue(type=IssueType.STRUCTURE, severity=Severity.ERROR, message="Day 3 is missing.", day=3),
    )
    [only] = rejected(LISBON, issues)
    assert (only.name, only.reason) == ("MAAT", "It is closed. Too far.")


def test_of_two_with_one_name_the_later_is_rejected_first() -> None:
    """What came first may stay; rejected twice, for each of them, both are."""
    plan = planted(Place(2, 3), name="MAAT")
    assert [each.place for each in rejected(plan, (ERROR,))] == [Place(2, 3)]
    assert [each.place for each in rejected(plan, (ERROR, ERROR))] == [MAAT, Place(2, 3)]


def check(verdict: Verdict, confidence: float, **more: object) -> FactCheck:
    """What a checker says of one place."""
    return FactCheck(checks=(Check(name="MAAT", verdict=verdict, confidence=confidence, **more),))  # type: ignore[arg-type]


def test_invalid_counts_when_it_is_sure() -> None:
    """With confidence from 0.8, a reason, and what to do instead: an error that rejects the place."""
    facts = check(Verdict.INVALID, 0.8, reason="Closed for good.", matches=("Central Tejo",))
    plan, issues = checked(LISBON, facts)
    assert plan == LISBON
    [only] = rejected(plan, issues)
    assert only.place == MAAT
    assert "Closed for good." in only.reason
    assert "Central Tejo" in only.reason


@pytest.mark.parametrize(
    "facts",
    [
        check(Verdict.INVALID, 0.79, reason="Closed.", suggestion="Another one."),
        check(Verdict.INVALID, 0.9, reason="Closed."),
        check(Verdict.INVALID, 0.9, suggestion="Another one."),
        check(Verdict.UNCERTAIN, 1.0, reason="Moved?", suggestion="Another one."),
    ],
)
def test_a_doubt_rejects_nothing(facts: FactCheck) -> None:
    """Unsure, without a reason, or without a suggestion: at most a hint."""
    plan, issues = checked(LISBON, facts)
    assert plan == LISBON
    assert rejected(plan, issues) == ()
    assert all(each.severity is Severity.INFO for each in issues)


def test_what_is_verified_is_corrected() -> None:
    """Spelling, address, category, and what was looked up beside; by who is sure only."""
    said = {
        "corrected_name": "Museu MAAT",
        "corrected_address": "Av. Brasília",
        "corrected_category": "art",
        "place_id": "p1",
        "hours": "10-19",
    }
    plan, issues = checked(LISBON, check(Verdict.VERIFIED, 0.9, **said))
    now = plan.at(MAAT)
    assert (now.name, now.address, now.category, now.place_id, now.hours) == tuple(said.values())
    assert issues == ()
    assert checked(LISBON, check(Verdict.VERIFIED, 0.5, **said))[0] == LISBON
    assert checked(LISBON, check(Verdict.INVALID, 0.9, **said))[0] == LISBON
