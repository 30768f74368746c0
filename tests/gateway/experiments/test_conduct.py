"""What becomes of an experiment."""

import pytest
from msgspec.structs import replace

from baton.core.errors import Invalid
from baton.gateway.experiments.conduct import drawn_up, rolled_out, started, stopped, without
from baton.gateway.experiments.experiment import Scope, Status, experiments_kind
from tests.gateway.experiments.samples import an_arm, an_experiment


def test_an_experiment_ends_with_its_last_arm() -> None:
    """An arm that is stopped leaves the others alone; where only the control is left there is nothing to try.
    A new start brings all of them back."""
    three = an_experiment((40, 30, 30))
    once = without(three, "one", "it fails")
    assert (once.status, once.arm("one").stopped, once.arm("two").stopped) == (
        Status.RUNNING,
        "it fails",
        None,
    )
    twice = without(once, "two", "it fails, too")
    assert twice.status is Status.STOPPED
    assert started(twice) == three
    assert stopped(three).phase == once.phase == three.phase


def test_a_phase_is_what_is_tried_on_whom() -> None:
    """Another share, model, scope or salt begins another one; other words and bounds do not."""
    before = an_experiment((50, 20))
    assert drawn_up(replace(before, description="other words"), before).phase == before.phase
    for changed in (
        rolled_out(before, 30, None),
        drawn_up(replace(before, scope=Scope(tiers=("free",))), before),
        drawn_up(replace(before, salt="s"), before),
        drawn_up(replace(before, arms=(before.control, an_arm("one", 20, "a/b"))), before),
    ):
        assert changed.phase != before.phase
    back = rolled_out(rolled_out(before, 30, None), 20, None)
    assert back.phase == before.phase


def test_an_arm_that_was_stopped_stays_so_while_it_does_the_same() -> None:
    """Changing the experiment's words brings no arm back that fails; changing the arm does."""
    ended = without(an_experiment((40, 30, 30)), "one", "it fails")
    assert drawn_up(replace(ended, description="other words"), ended).arm("one").stopped == "it fails"
    other = replace(ended, arms=(*ended.arms[:1], an_arm("one", 30, "a/b"), ended.arms[2]))
    assert drawn_up(other, ended).arm("one").stopped is None


def test_a_roll_out_takes_from_the_control_only() -> None:
    """As much as is missing, and it says which arm it cannot mean."""
    three = an_experiment((60, 20, 20))
    wider = rolled_out(three, 50, "two")
    assert [each.share for each in wider.arms] == [30, 20, 50]
    assert [each.share for each in rolled_out(three, 5, "two").arms] == [60, 20, 5]
    for percent, arm in ((90, "two"), (10, None), (10, "usual"), (10, "ten"), (101, "two"), (0.001, "two")):
        with pytest.raises(Invalid):
            rolled_out(three, percent, arm)


def test_what_contradicts_itself_is_no_experiment() -> None:
    """Arms of one name, too large shares, arms that do nothing, or two things, or hold what is another's."""
    good = an_experiment((50, 50))
    usual, one = good.arms
    check = experiments_kind().checked_key
    assert check(good) == "try"
    assert check(replace(good, promotes=True, scope=Scope(use_cases=("chat",)))) == "try"
    for wrong in (
        replace(good, arms=(usual, replace(one, name="usual"))),
        replace(good, arms=(usual,)),
        replace(good, arms=(usual, replace(one, models=()))),
        replace(good, arms=(usual, replace(one, models=("a/b", "a/b")))),
        replace(good, arms=(usual, replace(one, ranges=usual.ranges))),
        replace(good, arms=(usual, replace(one, ranges=()))),
        replace(good, arms=(usual, replace(one, share=50.001))),
        replace(good, arms=(replace(usual, share=60), one)),
        replace(good, promotes=True),
        replace(good, promotes=True, scope=Scope(use_cases=("chat",), tiers=("free",))),
    ):
        with pytest.raises(Invalid):
            check(wrong)
    with pytest.raises(Invalid, match="more than 100"):
        an_experiment((60, 50))
