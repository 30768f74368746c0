"""Whether two arms differ: the formulas against textbooks, and what they say against simulated truth."""

from math import exp, inf, log, sqrt
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.experiments.runs import Plan, simulated, wilson
from tools.experiments.traffic import Effect

from baton.gateway.experiments.statistics import (
    LEAST_REQUESTS,
    LEAST_USERS,
    LEVEL,
    Difference,
    Finding,
    compare,
    half_width,
    student,
)
from baton.ledger.trials import ArmTally, Metric, Moments


def tally(mean: float, deviation: float = 0.0, users: int = 400, requests: int = 4000) -> ArmTally:
    """An arm whose users weigh the same, and whose means have this deviation, in every metric."""
    moments = Moments(users, users, users, users * mean, users * mean, users * (mean**2 + deviation**2))
    return ArmTally(requests=requests, users=users, moments=dict.fromkeys(Metric, moments))


def test_students_quantile_is_the_tables() -> None:
    """Within a thousandth for 30 users and more, and the normal one in the end."""
    quantile = NormalDist().inv_cdf
    for level, freedom, table in (
        (0.975, 29, 2.0452),
        (0.995, 29, 2.7564),
        (0.9995, 29, 3.6594),
        (0.9995, 60, 3.4602),
        (0.9995, 120, 3.3735),
    ):
        assert student(quantile(level), freedom) == pytest.approx(table, abs=1e-3)
    assert student(3.0, 1e12) == pytest.approx(3.0)


@given(st.floats(1e-8, 1), st.floats(0.01, 1), st.floats(0.001, 0.2))
def test_the_interval_is_the_test_turned_around(variance: float, expected: float, level: float) -> None:
    """At its end the mixture's likelihood ratio is 1 / level, by the formula of the paper."""
    half = half_width(variance, inf, expected, level)
    tau2 = expected * expected
    ratio = sqrt(variance / (variance + tau2)) * exp(tau2 * half * half / (2 * variance * (variance + tau2)))
    assert ratio == pytest.approx(1 / level, rel=1e-6)


def test_it_is_wider_than_for_one_look() -> None:
    """What may be looked at always costs some width, and less of it where the difference is expected so."""
    plain = NormalDist().inv_cdf(1 - LEVEL / 2)
    assert half_width(1.0, inf, 3.0, LEVEL) > plain
    assert half_width(1.0, inf, 3.0, LEVEL) < half_width(1.0, inf, 0.1, LEVEL)


def test_nothing_is_said_of_few() -> None:
    """Users or requests, in either arm; and of a metric of which few users have any."""
    enough, other = tally(1.0), tally(100.0)
    for few in (tally(100.0, users=LEAST_USERS - 1), tally(100.0, requests=LEAST_REQUESTS - 1)):
        assert compare(Metric.COST, enough, few, 1) == Difference(metric=Metric.COST, finding=Finding.TOO_FEW)
        assert compare(Metric.COST, few, enough, 1).finding is Finding.TOO_FEW
    unjudged = ArmTally(
        requests=other.requests, users=other.users, moments={**other.moments, Metric.FEEDBACK: Moments()}
    )
    assert compare(Metric.FEEDBACK, enough, unjudged, 1).finding is Finding.TOO_FEW
    assert compare(Metric.COST, enough, unjudged, 1).finding is Finding.WORSE


def test_cost_is_compared_by_its_ratio() -> None:
    """A tenth dearer is 0.1, whatever the currency; less is better."""
    for unit in (1e-6, 1.0, 1e6):
        found = compare(Metric.COST, tally(unit, unit / 5), tally(1.1 * unit, unit / 5), 4)
        assert found.finding is Finding.WORSE
        assert found.estimate == pytest.approx(0.1)
        assert found.low is not None
        assert found.high is not None
        assert log(1 + found.high) + log(1 + found.low) == pytest.approx(2 * log(1.1))
    assert compare(Metric.COST, tally(1.1, 0.2), tally(1.0, 0.2), 4).finding is Finding.BETTER


def test_what_is_free_has_no_ratio() -> None:
    """Nothing is said of how many times as dear as nothing something is."""
    assert compare(Metric.COST, tally(0.0), tally(1.0), 4) == Difference(
        metric=Metric.COST, finding=Finding.OPEN
    )


def test_more_feedback_is_better_and_more_failures_are_worse() -> None:
    """Both as differences."""
    better = compare(Metric.FEEDBACK, tally(3.0, 0.5), tally(4.0, 0.5), 4)
    assert (better.finding, better.estimate) == (Finding.BETTER, pytest.approx(1.0))
    assert compare(Metric.FAILURES, tally(0.1, 0.2), tally(0.3, 0.2), 4).finding is Finding.WORSE


def test_no_failure_in_few_is_no_proof() -> None:
    """Where nothing has failed, and users do not differ, the interval has a width all the same."""
    few = compare(Metric.FAILURES, tally(0.0, users=30), tally(0.0, users=30), 4)
    assert few.finding is Finding.OPEN
    assert few.high is not None
    assert few.high > 0.01


@given(st.sampled_from(Metric), st.integers(1, 30))
def test_more_comparisons_say_less(metric: Metric, comparisons: int) -> None:
    """The level is shared."""
    one, two = tally(1.5, 0.3), tally(1.6, 0.3)
    alone, shared = compare(metric, one, two, comparisons), compare(metric, one, two, comparisons + 1)
    assert alone.low is not None
    assert shared.low is not None
    assert shared.low < alone.low


@pytest.mark.parametrize(("shares", "runs"), [((0.5, 0.5), 1000), ((0.8, 0.1, 0.1), 300)])
def test_equal_arms_are_called_different_more_rarely_than_the_level(
    shares: tuple[float, ...], runs: int
) -> None:
    """Skewed simulated traffic, looked at 20 times: in all looks, arms and metrics together."""
    said = simulated(Plan(runs=runs, users=500, shares=shares, looks=20, seed=1))
    assert wilson(said.any, runs)[1] <= LEVEL


def test_a_plain_test_is_fooled_by_the_same_looks() -> None:
    """So the promise above is one that could be broken."""
    said = simulated(Plan(runs=60, users=500, looks=20, seed=1), plain=True)
    assert wilson(said.plain, 60)[0] > 5 * LEVEL


def test_a_true_difference_is_found_and_its_direction() -> None:
    """Half as dear, and a tenth more failures: mostly found, never the wrong way."""
    effect = Effect(cost=0.5, failures=0.1)
    said = simulated(Plan(runs=60, users=800, effect=effect, looks=20, seed=2))
    assert said.better[Metric.COST] >= 50
    assert said.worse[Metric.FAILURES] >= 55
    assert said.worse[Metric.COST] == said.better[Metric.FAILURES] == 0
