"""What may be said of an experiment's phase: every arm beside the control, and which has won."""

from collections.abc import Mapping

from msgspec import Struct

from baton.gateway.experiments.experiment import Arm, Experiment
from baton.gateway.experiments.statistics import MEASURES, Difference, Finding, compare
from baton.ledger.trials import NOTHING_TALLIED, ArmTally, Metric


class ArmResult(Struct, frozen=True, kw_only=True):
    """One arm."""

    arm: Arm
    tally: ArmTally
    differences: tuple[Difference, ...]
    """From the control, one for each metric; none of the control itself."""

    def difference(self, metric: Metric) -> Difference:
        """Of one metric; of an arm that is not the control."""
        return next(each for each in self.differences if each.metric is metric)


class Results(Struct, frozen=True, kw_only=True):
    """All of them, the control first."""

    phase: str
    arms: tuple[ArmResult, ...]
    winner: str | None
    """The arm that is shown to be better by the goal, and worse by nothing; of several the best."""


def results_of(experiment: Experiment, tallies: Mapping[str, ArmTally]) -> Results:
    """What the tallies of its phase say."""
    control = tallies.get(experiment.control.name, NOTHING_TALLIED)
    comparisons = len(Metric) * len(experiment.treatments)
    found = [ArmResult(arm=experiment.control, tally=control, differences=())]
    for arm in experiment.treatments:
        tally = tallies.get(arm.name, NOTHING_TALLIED)
        differences = tuple(compare(metric, control, tally, comparisons) for metric in Metric)
        found.append(ArmResult(arm=arm, tally=tally, differences=differences))
    return Results(phase=experiment.phase, arms=tuple(found), winner=_winner(found[1:], experiment.goal))


def _winner(arms: list[ArmResult], goal: Metric) -> str | None:
    """By the end of its interval that is nearest to the control."""
    sign = 1 if MEASURES[goal].less_is_better else -1
    best: tuple[float, str] | None = None
    for each in arms:
        of_goal = each.difference(goal)
        worse = any(other.finding is Finding.WORSE for other in each.differences)
        if of_goal.finding is not Finding.BETTER or worse or each.arm.stopped is not None:
            continue
        nearest = of_goal.high if sign > 0 else of_goal.low
        assert nearest is not None
        if best is None or sign * nearest < best[0]:
            best = (sign * nearest, each.arm.name)
    return None if best is None else best[1]
