"""What follows from a score."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.quality.objection import Kind, Objection, Severity
from baton.quality.verdict import CAP, Verdict, capped, verdict_on

SCORES = st.floats(0, 100)
OBJECTIONS = st.lists(
    st.builds(Objection, kind=st.sampled_from(Kind), severity=st.sampled_from(Severity), because=st.just("x"))
)


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        (100, Verdict.ACCEPTED),
        (70, Verdict.ACCEPTED),
        (209 / 3, Verdict.OFFERED),
        (60, Verdict.OFFERED),
        (179 / 3, Verdict.HELD),
        (30, Verdict.HELD),
        (89 / 3, Verdict.REJECTED),
        (0, Verdict.REJECTED),
    ],
)
def test_the_bounds_are_those_of_the_decision(score: float, verdict: Verdict) -> None:
    """70 is accepted, 60 offered, 30 held, and what is a third of a point below them is not."""
    assert verdict_on(score) is verdict


@given(SCORES, SCORES)
def test_more_is_never_worse(one: float, other: float) -> None:
    """A higher score never has a harder verdict."""
    ranks = [Verdict.REJECTED, Verdict.HELD, Verdict.OFFERED, Verdict.ACCEPTED]
    low, high = sorted((one, other))
    assert ranks.index(verdict_on(low)) <= ranks.index(verdict_on(high))


@given(SCORES, OBJECTIONS)
def test_what_is_serious_keeps_an_output_from_passing(score: float, objections: list[Objection]) -> None:
    """With a serious objection no score passes; hints change nothing; and no objection raises a score."""
    counted = capped(score, objections)
    assert counted <= score
    if any(each.severity is not Severity.HINT for each in objections):
        assert not verdict_on(counted).passes
        assert counted == min(score, CAP)
    else:
        assert counted == score


def test_what_nobody_scored_does_not_pass() -> None:
    """Unscored is no pass."""
    assert [each for each in Verdict if each.passes] == [Verdict.ACCEPTED, Verdict.OFFERED]
