"""Experiments and what came of them, as admins write and read them."""

from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue

from baton.api.bodies import Asked, Shown
from baton.core.money import usd_text
from baton.gateway.experiments.experiment import MOST_ARMS, MOST_NAMED, Arm, Experiment, Status
from baton.gateway.experiments.promotion import Promoted
from baton.gateway.experiments.results import ArmResult, Results
from baton.gateway.experiments.statistics import LEVEL, Finding
from baton.gateway.routing.rules.use_cases import MOST_LISTED, Aim
from baton.ledger.trials import Metric, Moments
from baton.records.kind import Record

_NANOS = 10**9
_ARMS: list[JsonValue] = [
    {"name": "usual", "share": 90, "models": [], "rule": None},
    {"name": "short", "share": 10, "models": ["simulated/echo"], "rule": None},
]
_EXAMPLE: dict[str, JsonValue] = {
    "description": "Whether echo is enough",
    "arms": _ARMS,
    "scope": {"useCases": ["greeting"], "tiers": [], "agents": []},
    "salt": "",
    "guard": {
        "isEnabled": True,
        "maxFailureIncrease": 0.0,
        "maxCostIncrease": 0.5,
        "maxLatencyIncrease": None,
    },
    "goal": "cost",
    "promotes": False,
}

_Names = Annotated[
    tuple[str, ...],
    Field(max_length=MOST_LISTED, description="Any names of models that have a row, the first first."),
]
_Words = Annotated[tuple[str, ...], Field(max_length=MOST_NAMED)]
_Increase = Annotated[float | None, Field(ge=0, le=10, description="Relative; null: no bound.")]


class ArmRuleAsked(Asked):
    """A rule to be tried in place of the use case's."""

    preferred: _Names = ()
    fallbacks: _Names = ()
    aim: Aim = Aim.BALANCED


class ArmAsked(Asked):
    """One arm: models, a rule, or a version of a prompt; the first may have none, and goes the usual way."""

    name: str
    share: Annotated[float, Field(ge=0, le=100, description="Percent of the users, two decimals at most.")]
    models: _Names = ()
    rule: ArmRuleAsked | None = None
    prompt: Annotated[
        str | None, Field(max_length=160, description="`name@version`, in place of what is in production.")
    ] = None


class ScopeAsked(Asked):
    """Which requests it is about; what is empty says nothing."""

    use_cases: _Words = ()
    tiers: _Words = ()
    agents: _Words = ()
    prompts: Annotated[
        tuple[str, ...], Field(max_length=1, description="The one whose versions are compared.")
    ] = ()


class GuardAsked(Asked):
    """What an arm is stopped for, once it is shown to be worse than the control by more than this."""

    is_enabled: bool = True
    max_failure_increase: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_cost_increase: _Increase = None
    max_latency_increase: _Increase = None


class ExperimentAsked(Asked):
    """The whole experiment but for its status. Arms that keep their names keep their users."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    description: Annotated[str, Field(max_length=200)] = ""
    arms: Annotated[tuple[ArmAsked, ...], Field(min_length=2, max_length=MOST_ARMS)]
    scope: ScopeAsked = ScopeAsked()
    salt: Annotated[str, Field(max_length=200, description="Another one mixes the users anew.")] = ""
    guard: GuardAsked = GuardAsked()
    goal: Metric = Metric.COST
    promotes: Annotated[bool, Field(description="Whether a winner is promoted without being told to.")] = (
        False
    )


class RolloutAsked(Asked):
    """Another share for one arm, by default the only one beside the control, which gives what is missing."""

    model_config = ConfigDict(json_schema_extra={"example": {"percent": 50}})

    percent: Annotated[float, Field(ge=0, le=100)]
    arm: str | None = None


class PromotionAsked(Asked):
    """Which arm becomes the rule, by default the winner, and of which use cases, by default the scope's."""

    model_config = ConfigDict(json_schema_extra={"example": {"arm": "short", "useCases": ["greeting"]}})

    arm: str | None = None
    use_cases: _Words = ()


class ArmShown(Shown):
    """One arm; `stopped`: why its users go the usual way."""

    name: str
    share: float
    models: list[str]
    rule: ArmRuleAsked | None
    prompt: str | None
    stopped: str | None


class ExperimentShown(Shown):
    """An experiment; the first arm is the control, `revision` is what a change wants as `If-Match`."""

    name: str
    description: str
    status: Status
    arms: list[ArmShown]
    scope: ScopeAsked
    salt: str
    guard: GuardAsked
    goal: Metric
    promotes: bool
    phase: str
    revision: int
    deleted: bool


class ExperimentList(Shown):
    """All experiments, by name."""

    experiments: list[ExperimentShown]


class RevisedRule(Shown):
    """A rule that was written."""

    use_case: str
    revision: int


class RevisedPrompt(Shown):
    """A prompt whose production label was moved."""

    name: str
    revision: int


class PromotedShown(Shown):
    """What became of a promotion; the experiment, each rule and each prompt can be undone."""

    experiment: ExperimentShown
    rules: list[RevisedRule]
    prompts: list[RevisedPrompt]


class DifferenceShown(Shown):
    """An arm beside the control: cost and latency relative (0.1: a tenth more), else absolute."""

    metric: Metric
    finding: Finding
    estimate: float | None
    low: float | None
    high: float | None


class ArmResultShown(Shown):
    """One arm. The means are over users, each by the mean of its own requests; null: there is none."""

    arm: str
    share: float
    stopped: str | None
    requests: int
    users: int
    failures: int
    cost_usd: str
    mean_cost_usd: str | None
    mean_latency_ms: float | None
    mean_failures: float | None
    mean_feedback: float | None
    differences: list[DifferenceShown]


class ResultsShown(Shown):
    """What may be said. With probability 1 − `level` no interval of the phase ever misses the truth, over all
    arms and metrics and however often it is looked at."""

    experiment: str
    status: Status
    phase: str
    goal: Metric
    level: float
    winner: str | None
    arms: list[ArmResultShown]


def experiment_shown(record: Record[Experiment]) -> ExperimentShown:
    """One experiment."""
    value = record.value
    return ExperimentShown(
        name=value.name,
        description=value.description,
        status=value.status,
        arms=[_arm_shown(each) for each in value.arms],
        scope=ScopeAsked.model_validate(value.scope, from_attributes=True, by_name=True),
        salt=value.salt,
        guard=GuardAsked.model_validate(value.guard, from_attributes=True, by_name=True),
        goal=value.goal,
        promotes=value.promotes,
        phase=value.phase,
        revision=record.revision,
        deleted=record.deleted,
    )


def promoted_shown(promoted: Promoted) -> PromotedShown:
    """What became of a promotion."""
    return PromotedShown(
        experiment=experiment_shown(promoted.experiment),
        rules=[RevisedRule(use_case=each.key, revision=each.revision) for each in promoted.rules],
        prompts=[RevisedPrompt(name=each.key, revision=each.revision) for each in promoted.prompts],
    )


def results_shown(experiment: Experiment, results: Results) -> ResultsShown:
    """What came of one."""
    return ResultsShown(
        experiment=experiment.name,
        status=experiment.status,
        phase=results.phase,
        goal=experiment.goal,
        level=LEVEL,
        winner=results.winner,
        arms=[_result_shown(each) for each in results.arms],
    )


def _arm_shown(arm: Arm) -> ArmShown:
    rule = arm.rule
    return ArmShown(
        name=arm.name,
        share=arm.share,
        models=list(arm.models),
        rule=None if rule is None else ArmRuleAsked.model_validate(rule, from_attributes=True, by_name=True),
        prompt=arm.prompt,
        stopped=arm.stopped,
    )


def _result_shown(result: ArmResult) -> ArmResultShown:
    tally = result.tally
    cost = _mean(tally.moments[Metric.COST])
    return ArmResultShown(
        arm=result.arm.name,
        share=result.arm.share,
        stopped=result.arm.stopped,
        requests=tally.requests,
        users=tally.users,
        failures=tally.failures,
        cost_usd=usd_text(tally.cost_nanos),
        mean_cost_usd=None if cost is None else usd_text(round(cost * _NANOS)),
        mean_latency_ms=_mean(tally.moments[Metric.LATENCY]),
        mean_failures=_mean(tally.moments[Metric.FAILURES]),
        mean_feedback=_mean(tally.moments[Metric.FEEDBACK]),
        differences=[
            DifferenceShown(
                metric=each.metric,
                finding=each.finding,
                estimate=each.estimate,
                low=each.low,
                high=each.high,
            )
            for each in result.differences
        ],
    )


def _mean(moments: Moments) -> float | None:
    return moments.mean if moments.users else None
