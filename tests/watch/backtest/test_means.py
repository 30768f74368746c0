"""What answers were like."""

import pytest

from baton.watch.backtest.means import Means, Spread, length_class


def test_a_resample_has_a_mean_of_its_own() -> None:
    """Each cluster counts as often as it was drawn; a resample without any has none."""
    means: Means[str] = Means(3)
    for cluster, value in ((0, 10.0), (0, 20.0), (2, 90.0)):
        means.add("a", cluster, value)
    assert (means.count("a"), means.count("b"), means.mean("a")) == (3, 0, 40.0)
    assert means.mean_of("a", [1, 1, 1]) == 40.0
    assert means.mean_of("a", [2, 1, 0]) == 15.0
    assert means.mean_of("a", [0, 3, 0]) is None


def test_a_median_is_right_to_five_percent() -> None:
    """Of few and many, small and large times; also of a mixture of others."""
    for times in ([7.0], [100.0, 900.0, 1000.0], [float(each) for each in range(1, 4002)]):
        spread = Spread()
        for each in times:
            spread.add(each)
        assert spread.median() == pytest.approx(sorted(times)[len(times) // 2], rel=0.05, abs=1)
    fast, slow, both = Spread(), Spread(), Spread()
    for _ in range(10):
        fast.add(100)
        slow.add(1000)
    both.take(fast, 40)
    both.take(slow, 60)
    assert both.median() == pytest.approx(1000, rel=0.05)
    both.take(fast, 30)
    assert both.median() == pytest.approx(100, rel=0.05)
    assert Spread().median() is None
    both.take(Spread(), 0)


def test_answers_are_told_apart_by_their_length() -> None:
    """Bounds are inclusive; beyond the last there is one class more."""
    assert [length_class(each) for each in (1, 50, 51, 150, 3000, 3001)] == [0, 0, 1, 1, 4, 5]
