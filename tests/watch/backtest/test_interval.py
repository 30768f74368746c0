"""Intervals by resampling users."""

import random
from collections.abc import Sequence
from operator import mul
from statistics import NormalDist, fmean

import pytest

from baton.watch.backtest.interval import RESAMPLES, Draws, Interval, expanded_tail


def test_few_users_take_a_wider_interval() -> None:
    """As Student's t asks for (2.0452 standard errors for 30 users), a little wider still; 1.96 for many."""
    for users, t in ((30, 2.04523), (200, 1.97196), (1_000_000, 1.95996)):
        expected = NormalDist().cdf(-((users / (users - 1)) ** 0.5) * t)
        assert expanded_tail(users) == pytest.approx(expected, rel=1e-3)


def test_a_mean_is_as_sure_as_textbooks_say() -> None:
    """The ends lie where mean ± t·s/√n has them, to a tenth of the width; the same ones each time."""
    rng = random.Random(7)
    values = [rng.gauss(10, 3) for _ in range(50)]
    middle = fmean(values)
    error = (sum((each - middle) ** 2 for each in values) / 49 / 50) ** 0.5

    def mean(drawn: Sequence[int]) -> float:
        return sum(count * each for count, each in zip(drawn, values, strict=True)) / sum(drawn)

    found = Draws(50).interval(mean)
    assert found is not None
    assert found.low == pytest.approx(middle - 2.0096 * error, abs=0.2 * error)
    assert found.high == pytest.approx(middle + 2.0096 * error, abs=0.2 * error)
    assert found == Draws(50).interval(mean)


def test_a_skewed_sum_is_told_as_skewed() -> None:
    """Where a few users make most of it, it may be more by more than it may be less."""
    values = [1.0] * 45 + [40.0] * 5
    found = Draws(50).interval(lambda drawn: sum(map(mul, drawn, values)))
    assert found is not None
    assert found.high - sum(values) > 1.1 * (sum(values) - found.low)


def test_what_differs_nowhere_is_sure() -> None:
    """Where every user has the same, resamples tell nothing else."""
    assert Draws(40).interval(lambda drawn: 0.5 * sum(drawn)) == Interval(20.0, 20.0)


def test_what_hardly_any_resample_has_is_not_told() -> None:
    """No interval, where most resamples have no figure: one user comes twice in one of four."""
    assert Draws(40).interval(lambda drawn: None) is None
    assert Draws(40).interval(lambda drawn: float(drawn[1]) if drawn[0] > 1 else None) is None
    assert Draws(40).interval(lambda drawn: float(drawn[1]) if drawn[0] else None) is not None


def test_others_get_their_turn_between_resamples() -> None:
    """The thread may rest, or end, before each."""
    turns: list[None] = []
    Draws(30).interval(lambda drawn: float(drawn[0]), lambda: turns.append(None))
    assert len(turns) >= RESAMPLES
