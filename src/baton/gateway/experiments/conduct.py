"""What becomes of an experiment when somebody starts it, stops it or changes its shares: values, no more."""

from collections.abc import Sequence

from msgspec.structs import replace

from baton.core.errors import Invalid
from baton.gateway.experiments.allotment import PLACES, allotted, places_of
from baton.gateway.experiments.experiment import Arm, Experiment, Status

_A_PERCENT = PLACES / 100


def drawn_up(asked: Experiment, before: Experiment | None) -> Experiment:
    """The experiment that is asked for, in the place of the one before: nobody is moved without need.

    Raises:
        Invalid: the shares are none, or too much together.
    """
    was = {} if before is None else {each.name: each for each in before.arms}
    arms = _placed(asked.arms, {} if before is None or before.salt != asked.salt else was)
    arms = tuple(replace(each, stopped=_still(each, was.get(each.name))) for each in arms)
    return replace(asked, arms=arms, status=Status.DRAFT if before is None else before.status)


def started(experiment: Experiment) -> Experiment:
    """With users in it from now on, in every arm."""
    arms = tuple(replace(each, stopped=None) for each in experiment.arms)
    return replace(experiment, status=Status.RUNNING, arms=arms)


def stopped(experiment: Experiment) -> Experiment:
    """With everybody going the usual way."""
    return replace(experiment, status=Status.STOPPED)


def without(experiment: Experiment, arm: str, why: str) -> Experiment:
    """With the users of one arm going the usual way; where no arm is left beside the control, all of them."""
    arms = tuple(replace(each, stopped=why) if each.name == arm else each for each in experiment.arms)
    left = replace(experiment, arms=arms)
    return left if any(each.stopped is None for each in left.treatments) else stopped(left)


def rolled_out(experiment: Experiment, percent: float, arm: str | None) -> Experiment:
    """With another share for one arm, by default the only one beside the control, who gives what lacks.

    Raises:
        Invalid: there are several and none is named, none is of that name, or the others leave too little.
    """
    if arm is None and len(experiment.treatments) > 1:
        raise Invalid("Several arms might be meant; name one.", param="arm")
    chosen = experiment.arm(experiment.arms[1].name if arm is None else arm)
    control = experiment.control
    if chosen is control:
        raise Invalid(f"{control.name} is the control; name the arm that is rolled out.", param="arm")
    others = sum(_places(each) for each in experiment.treatments if each is not chosen)
    left = PLACES - others - places_of_percent(percent)
    if left < 0:
        raise Invalid("The other arms leave too little; lower their shares first.", param="percent")
    shares = {
        chosen.name: percent,
        control.name: min(_places(control), left) / _A_PERCENT,
    }
    arms = tuple(replace(each, share=shares.get(each.name, each.share)) for each in experiment.arms)
    return replace(experiment, arms=_placed(arms, {each.name: each for each in experiment.arms}))


def places_of_percent(percent: float) -> int:
    """How many places that is.

    Raises:
        Invalid: it has more than two decimals, or is no share.
    """
    if not 0 <= percent <= 100:
        raise Invalid("A share is from 0 to 100 percent.", param="percent")
    try:
        return places_of(percent)
    except ValueError as error:
        raise Invalid("A share has two decimals at most.", param="percent") from error


def _placed(arms: Sequence[Arm], was: dict[str, Arm]) -> tuple[Arm, ...]:
    """The arms with the places of their shares; `was`: who held some."""
    wanted = {each.name: places_of_percent(each.share) for each in arms}
    if sum(wanted.values()) > PLACES:
        raise Invalid("The shares come to more than 100 percent.", param="arms")
    ranges = allotted(wanted, {name: each.ranges for name, each in was.items()})
    return tuple(replace(each, ranges=ranges[each.name]) for each in arms)


def _still(arm: Arm, before: Arm | None) -> str | None:
    """An arm that was stopped stays so while it does the same."""
    if before is None or (before.models, before.rule) != (arm.models, arm.rule):
        return None
    return before.stopped


def _places(arm: Arm) -> int:
    return places_of(arm.share)
