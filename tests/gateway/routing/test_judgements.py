"""What people and judges thought of answers moves models' quality."""

import pytest

from baton.gateway.routing.judgements import Graded, judged
from baton.ledger.feedback import Opinions


def test_one_to_five_is_nothing_to_one() -> None:
    """The mean of all that count, and how many those are."""
    found = judged(
        [Opinions("a/x", "ada", 5.0, 2), Opinions("a/x", "bob", 1.0, 2), Opinions("b/y", "bob", 3, 1)]
    )
    assert found["a/x"] == pytest.approx((0.5, 4))
    assert found["b/y"] == pytest.approx((0.5, 1))


def test_nobody_outvotes_all_others() -> None:
    """A thousand opinions of one person weigh as five."""
    found = judged(
        [Opinions("a/x", "ada", 1.0, 1000), *(Opinions("a/x", str(at), 5.0, 1) for at in range(5))]
    )
    assert found["a/x"] == pytest.approx((0.5, 10))


def test_a_judge_weighs_less_than_a_person() -> None:
    """Five scores of a judge weigh as one opinion, and a thousand as much as one person can."""
    found = judged([Opinions("a/x", "ada", 5.0, 1)], [Graded("a/x", 0.0, 5), Graded("b/y", 0.5, 1000)])
    assert found["a/x"] == pytest.approx((0.5, 2))
    assert found["b/y"] == pytest.approx((0.5, 5))


def test_judges_alone_move_a_quality_by_a_fifth_of_the_way_at_most() -> None:
    """However many scores there are: the catalog's word weighs 20."""
    [found] = judged([], [Graded("a/x", 0.0, 100_000)]).values()
    assert found.moves(1.0) == pytest.approx(0.8)
