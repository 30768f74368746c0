"""What may be said of a phase."""

from collections.abc import Mapping

from baton.gateway.experiments.conduct import without
from baton.gateway.experiments.results import results_of
from baton.gateway.experiments.statistics import Finding
from baton.ledger.trials import ArmTally, Metric, Moments
from tests.gateway.experiments.samples import an_experiment

USERS = 1000


def tally(**means: float) -> ArmTally:
    """An arm of many users who hardly differ."""
    usual = {Metric.COST: 1.0, Metric.LATENCY: 1.0, Metric.FAILURES: 0.1, Metric.FEEDBACK: 3.0}
    return ArmTally(
        requests=10 * USERS,
        users=USERS,
        moments={metric: _moments(means.get(metric.value, mean)) for metric, mean in usual.items()},
    )


def _moments(mean: float) -> Moments:
    return Moments(USERS, USERS, USERS, USERS * mean, USERS * mean, USERS * (mean**2 + 0.1**2))


def winner(tallies: Mapping[str, ArmTally], goal: Metric = Metric.COST) -> str | None:
    return results_of(an_experiment((40, 30, 30), goal=goal), tallies).winner


def test_an_arm_wins_that_is_better_by_the_goal_and_worse_by_nothing() -> None:
    """Of several the best; more feedback is better; who fails more often has not won however cheap it is."""
    usual, cheap, cheaper = tally(), tally(cost=0.8), tally(cost=0.6)
    assert winner({"usual": usual, "one": cheap, "two": cheaper}) == "two"
    assert winner({"usual": usual, "one": cheap, "two": tally(cost=0.6, failures=0.3)}) == "one"
    assert winner({"usual": usual, "one": usual, "two": usual}) is None
    liked = tally(feedback=4.0)
    assert winner({"usual": usual, "one": liked, "two": tally(feedback=4.5)}, Metric.FEEDBACK) == "two"
    assert winner({"usual": usual, "one": liked, "two": tally(feedback=2.0)}, Metric.FEEDBACK) == "one"
    assert winner({}) is None


def test_who_was_stopped_has_not_won() -> None:
    """Whatever its figures say."""
    experiment = without(an_experiment((40, 30, 30)), "one", "it fails")
    assert results_of(experiment, {"usual": tally(), "one": tally(cost=0.5), "two": tally()}).winner is None


def test_every_arm_is_there_also_without_requests() -> None:
    """The control has no differences, the others one for each metric."""
    results = results_of(an_experiment((40, 30, 30)), {})
    assert [each.arm.name for each in results.arms] == ["usual", "one", "two"]
    assert results.arms[0].differences == ()
    for each in results.arms[1:]:
        assert [found.metric for found in each.differences] == list(Metric)
        assert {found.finding for found in each.differences} == {Finding.TOO_FEW}
