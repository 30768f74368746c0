"""The measures of a ranking, on examples small enough to work out by hand."""

import numpy as np
import pytest
from tools.gain.metrics import accuracy_curve, apgr, call_share, per_cost, threshold_for

WEAK = np.array([1.0, 0.0, 1.0, 0.0])
STRONG = np.array([1.0, 1.0, 1.0, 1.0])
PERFECT = np.array([0.0, 2.0, 0.0, 1.0])
"""Of four prompts the weak model gets two wrong; this ranks those two first."""
INVERTED = -PERFECT
ALIKE = np.zeros(4)


def test_the_curve_goes_from_the_weak_to_the_strong_model() -> None:
    """With no strong call the accuracy is the weak model's, with all of them the strong one's."""
    assert accuracy_curve(PERFECT, WEAK, STRONG).tolist() == [0.5, 0.75, 1, 1, 1]
    assert accuracy_curve(INVERTED, WEAK, STRONG).tolist() == [0.5, 0.5, 0.5, 0.75, 1]


def test_prompts_that_are_ranked_alike_count_as_shuffled() -> None:
    """A ranking that says nothing rises evenly, whatever the order of the rows."""
    assert accuracy_curve(ALIKE, WEAK, STRONG).tolist() == [0.5, 0.625, 0.75, 0.875, 1]


def test_the_area_of_a_perfect_a_silent_and_an_inverted_ranking() -> None:
    """By trapezoids: the areas 0.875, 0.75 and 0.625 between 0.5 and 1."""
    assert apgr(PERFECT, WEAK, STRONG) == pytest.approx(0.75)
    assert apgr(ALIKE, WEAK, STRONG) == pytest.approx(0.5)
    assert apgr(INVERTED, WEAK, STRONG) == pytest.approx(0.25)


def test_a_random_ranking_recovers_half() -> None:
    """The mean of many shuffles is 0.5."""
    rng = np.random.default_rng(1)
    weak, strong = rng.integers(0, 2, 400).astype(float), np.ones(400)
    drawn = [apgr(rng.random(400), weak, strong) for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.01)


def test_a_strong_model_that_does_harm_may_be_left_out_with_profit() -> None:
    """Where the strong model is sometimes worse, the best ranking recovers more than all of the gap."""
    weak, strong = np.array([0.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0])
    curve = accuracy_curve(np.array([2.0, 1.0, 0.0]), weak, strong)
    assert curve.tolist() == pytest.approx([1 / 3, 2 / 3, 1, 2 / 3])


def test_the_share_of_calls_that_recovers_half_of_the_gap() -> None:
    """One call of four is enough for the perfect ranking, three for the inverted one."""
    assert call_share(PERFECT, WEAK, STRONG, 0.5) == 0.25
    assert call_share(PERFECT, WEAK, STRONG, 0.8) == 0.5
    assert call_share(INVERTED, WEAK, STRONG, 0.5) == 0.75
    assert call_share(PERFECT, WEAK, STRONG, 0) == 0


def test_a_threshold_sends_as_many_as_it_takes() -> None:
    """Those ranked at least that high reach the wanted share of the strong model's accuracy, no fewer do."""
    assert threshold_for(PERFECT, WEAK, STRONG, 0.75) == 2
    assert threshold_for(PERFECT, WEAK, STRONG, 0.95) == 1
    assert threshold_for(PERFECT, WEAK, STRONG, 0.5) == np.inf


def test_gain_per_cost_prefers_the_cheap_and_spares_dear_harm() -> None:
    """Of two equal gains the cheaper ranks higher; of two equal harms the dearer ranks lower."""
    ranked = per_cost(np.array([0.2, 0.2, -0.2, -0.2]), np.array([100.0, 400.0, 100.0, 400.0]), 0.5)
    assert ranked.tolist() == pytest.approx([0.02, 0.01, -2, -4])
