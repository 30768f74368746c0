"""What is tried on some users in place of the usual way; edited at run time, as rules are."""

from collections.abc import Iterable
from enum import StrEnum
from hashlib import blake2b
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from baton.catalog.chains import ModelId
from baton.catalog.model import Line, Word
from baton.core.errors import Invalid
from baton.gateway.experiments.allotment import PLACES, Ranges, places_of
from baton.gateway.routing.rules.use_cases import MOST_LISTED, Aim
from baton.ledger.trials import Metric
from baton.prompts.prompt import split
from baton.records.kind import RecordKind

MOST_ARMS = 8

MOST_NAMED = 32
"""Use cases, tiers or agents of one scope."""

_PHASE_BYTES = 8
_encode = msgspec.json.Encoder(order="deterministic").encode

Listed = Annotated[tuple[ModelId, ...], Meta(max_length=MOST_LISTED)]
Words = Annotated[tuple[Word, ...], Meta(max_length=MOST_NAMED)]
Reference = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}@[1-9][0-9]{0,6}$")]
"""`name@version`."""
Increase = Annotated[float, Meta(ge=0, le=10)]


class Status(StrEnum):
    """Whether anybody is in it."""

    DRAFT = "draft"
    RUNNING = "running"
    STOPPED = "stopped"


class ArmRule(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A use case's rule, as far as it says who serves."""

    preferred: Listed = ()
    fallbacks: Listed = ()
    aim: Aim = Aim.BALANCED


class Arm(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One of the ways that are compared: models, a rule, a version of a prompt, or none of them, which is the
    usual way."""

    name: Word
    share: Annotated[float, Meta(ge=0, le=100)]
    """Percent of the users, in hundredths."""
    models: Listed = ()
    """The first that fits serves, those after it are asked when it fails; the rule in force is next."""
    rule: ArmRule | None = None
    """In place of the one in force."""
    prompt: Reference | None = None
    """The version of a prompt, in place of the one in production."""
    ranges: Ranges = ()
    """The places that it holds: `allotment.py`."""
    stopped: Line | None = None
    """Why its users go the usual way; None: they do not."""


class Scope(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which requests it is about; what is empty says nothing."""

    use_cases: Words = ()
    tiers: Words = ()
    agents: Words = ()
    prompts: Annotated[tuple[Word, ...], Meta(max_length=1)] = ()
    """The prompt that requests are served with, where they leave its version to Baton."""


class Guard(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What an arm is stopped for, once it is shown to be worse than the control by more than this."""

    is_enabled: bool = True
    max_failure_increase: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """Of the share of failures, as a difference."""
    max_cost_increase: Increase | None = None
    """Relative, 0.2 is a fifth more, as of the latency; None: it may be as dear as it likes."""
    max_latency_increase: Increase | None = None


class Experiment(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Arms, the first of which is the control, and who is in them."""

    name: Word
    description: Line = ""
    status: Status = Status.DRAFT
    arms: Annotated[tuple[Arm, ...], Meta(min_length=2, max_length=MOST_ARMS)]
    scope: Scope = Scope()
    salt: Line = ""
    """Another one mixes the users anew."""
    guard: Guard = Guard()
    goal: Metric = Metric.COST
    """What an arm wins by."""
    promotes: bool = False
    """Whether a winner is promoted without being told to."""

    @property
    def control(self) -> Arm:
        """What the others are compared with."""
        return self.arms[0]

    @property
    def treatments(self) -> tuple[Arm, ...]:
        """The others."""
        return self.arms[1:]

    @property
    def phase(self) -> str:
        """Names what is tried, and on whom: the same for equal arms, shares, scope and salt."""
        arms = [
            (each.name, each.models, each.rule, each.ranges, *((each.prompt,) if each.prompt else ()))
            for each in self.arms
        ]
        return blake2b(_encode((arms, self.scope, self.salt)), digest_size=_PHASE_BYTES).hexdigest()

    def arm(self, name: str) -> Arm:
        """One by its name.

        Raises:
            Invalid: it has none of that name.
        """
        found = next((each for each in self.arms if each.name == name), None)
        if found is None:
            names = ", ".join(each.name for each in self.arms)
            raise Invalid(f"{self.name} has no arm {name}. There are: {names}.", param="arm")
        return found


def experiments_kind() -> RecordKind[Experiment]:
    """The kind `experiments`; its key is the experiment's name."""
    return RecordKind(name="experiments", type=Experiment, key=lambda each: each.name, check=_check)


def _check(experiment: Experiment) -> None:
    names = [each.name for each in experiment.arms]
    _each_once("arms[{}].name", names)
    for place, arm in enumerate(experiment.arms):
        _check_arm(arm, f"arms[{place}]", usual=place == 0)
    scope = experiment.scope
    _check_prompts(experiment)
    narrow = scope.tiers or scope.agents or (scope.prompts and scope.use_cases)
    if experiment.promotes and (narrow or not (scope.use_cases or scope.prompts)):
        raise Invalid(
            "What is promoted without being told to is for everybody: the rule of use cases, or a prompt's"
            " version. So the scope must be use cases, or a prompt, and nothing else.",
            param="promotes",
        )
    if sum(places_of(each.share) for each in experiment.arms) > PLACES:
        raise Invalid("The shares come to more than 100 percent.", param="arms")
    held = sorted(each for arm in experiment.arms for each in arm.ranges)
    if any(one[1] > two[0] for one, two in pairwise(held)):
        raise Invalid("Two arms hold the same place.", param="arms")


def _check_prompts(experiment: Experiment) -> None:
    """Versions of one prompt are compared with one another, on the requests that are served with it."""
    tried = {split(arm.prompt)[0] for arm in experiment.arms if arm.prompt is not None}
    if tried != set(experiment.scope.prompts):
        raise Invalid(
            "Arms that name versions of a prompt go together with a scope that names that prompt.",
            param="scope.prompts",
        )
    if tried and any(arm.models or arm.rule is not None for arm in experiment.arms):
        raise Invalid("What is compared is either models and rules or versions of a prompt.", param="arms")


def _check_arm(arm: Arm, field: str, *, usual: bool) -> None:
    """`usual`: whether it may go the usual way."""
    said = bool(arm.models) + (arm.rule is not None) + (arm.prompt is not None)
    if said > 1 or (said == 0 and not usual):
        raise Invalid(
            f"The arm {arm.name} wants models, a rule or a prompt; only the first may go the usual way.",
            param=field,
        )
    _each_once(f"{field}.models[{{}}]", arm.models)
    if arm.rule is not None:
        _each_once(f"{field}.rule[{{}}]", (*arm.rule.preferred, *arm.rule.fallbacks))
    try:
        places = places_of(arm.share)
    except ValueError as error:
        raise Invalid(f"A share has two decimals at most: {arm.share}.", param=f"{field}.share") from error
    if sum(end - start for start, end in arm.ranges) != places or not all(
        0 <= start < end <= PLACES for start, end in arm.ranges
    ):
        raise Invalid(f"The arm {arm.name} holds other places than its share.", param=f"{field}.ranges")


def _each_once(field: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise Invalid(f"{name} is there twice.", param=field.format(place))
        seen.add(name)
