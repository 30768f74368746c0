"""What people thought of answers moves models' quality."""

import pytest

from baton.gateway.routing.judgements import judged
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
