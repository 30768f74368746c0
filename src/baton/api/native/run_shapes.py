"""Runs as they are asked for and shown."""

from datetime import datetime
from typing import Annotated, Any, cast

import msgspec
from msgspec import Raw
from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from baton.api.bodies import Asked, Shown, moment, moment_or_none
from baton.core.errors import Invalid
from baton.core.money import usd_text
from baton.pipelines.engine.run import Call, Event, Failing, RunLine, RunShown, StepShown
from baton.pipelines.outputs.output import LONGEST_CHARS

Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Usd = Annotated[
    str,
    StringConstraints(pattern=r"^\d{1,9}(\.\d{1,9})?$"),
    Field(description="US dollars as a decimal string, e.g. `2.50`."),
]
_DEEPEST = 64
"""Levels of what is asked for: recipes take some five."""

_Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class RunAsked(Asked):
    """A run that shall be made. `input` is what its recipe takes; `version` of the recipe: the newest, unless
    one is named; `budgetUsd` is what all of it may cost."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "recipe": "brand-strategy",
                "projectId": "0197c6a0-0000-7000-8000-000000000000",
                "input": {"brief": "A small roastery in Porto wants to sell to restaurants."},
                "budgetUsd": "2.00",
            }
        },
    )

    recipe: Name
    input: dict[str, Any] = Field(default_factory=dict)
    project_id: Annotated[str, StringConstraints(min_length=1, max_length=36)] | None = None
    budget_usd: Usd | None = None
    version: Annotated[int, Field(ge=1)] | None = None


class Approval(Asked):
    """What somebody says at a gate."""

    gate: Name
    approved: bool
    comment: Annotated[str, StringConstraints(max_length=20_000)] = ""


class Editing(Asked):
    """What somebody puts in the place of what a step made: of a text the new text (or the object that it has
    there, with another `content`), of anything else a value with the same fields. `after`: the number of the
    last event that they know of; 409 where the step was changed since."""

    step: Name
    output: Any
    after: Annotated[int, Field(ge=0, le=2**31)] | None = None


class RunSteered(Asked):
    """One thing that is said to a run.

    `instruction`: given to steps that begin from now on. `approve`: lets it through a gate, or not. `edit`: a
    step's output is replaced, and what rests on it done again. `redo`: the step of that name is done again,
    and what rests on it. `budgetUsd`: what all of it may cost from now on.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"instruction": "Leave supermarkets out."}},
    )

    instruction: _Text | None = None
    approve: Approval | None = None
    edit: Editing | None = None
    redo: Name | None = None
    budget_usd: Usd | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> "RunSteered":
        if len(self.model_fields_set) != 1 or all(
            getattr(self, name) is None for name in self.model_fields_set
        ):
            raise ValueError("say one thing: instruction, approve, edit, redo or budgetUsd")
        return self


class CallShown(Shown):
    """A model's answer in a step."""

    interaction_id: str
    provider: str
    model: str
    prompt: str | None
    tokens: int
    cost_usd: str
    cached: bool
    fallback_used: bool


class FailureShown(Shown):
    """Why something failed."""

    code: str
    message: str


class RunStepShown(Shown):
    """A step as far as it has come. `interim`: the newest result on the way, of a gate what it shows;
    `edited`: what a person put in the output's place."""

    name: str
    gate: bool
    state: str
    attempt: int
    began_at: datetime
    ended_at: datetime | None
    cost_usd: str
    models: list[CallShown]
    done: int | None
    total: int | None
    interim: Any
    output: Any
    edited: Any
    failure: FailureShown | None


class RunLineShown(Shown):
    """A run in a list."""

    id: str
    recipe: str
    version: int
    state: str
    user_id: str
    project_id: str | None
    budget_usd: str | None
    spent_usd: str
    created_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    last_event: int


class RunWhole(RunLineShown):
    """A run as far as it has come, its steps in the order in which they began."""

    input: Any
    output: Any
    failure: FailureShown | None
    steps: list[RunStepShown]


class RunList(Shown):
    """A page, newest first."""

    runs: list[RunLineShown]
    next_cursor: str | None


class EventShown(Shown):
    """One thing that happened to a run; numbers count from 1 without a gap."""

    number: int
    at: datetime
    kind: str
    step: str | None
    detail: Any


class EventList(Shown):
    """What happened after event number `after`."""

    events: list[EventShown]
    state: str


def require_shallow(value: Any, param: str) -> None:
    """Let nothing by that is nested deeper than anybody reads.

    Raises:
        Invalid: it is.
    """
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise Invalid(f"This is nested deeper than {_DEEPEST} levels.", param=param)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [*_fields(value).values()]


def replaced(made: Any, wanted: Any, by: str) -> Any:
    """What a person has made of what a step made: of a text only its content, and who they are.

    Raises:
        Invalid: it has not the shape of what stood there.
    """
    text = _fields(made)
    if "content" in text:
        content = _fields(wanted).get("content") if isinstance(wanted, dict) else wanted
        if not isinstance(content, str) or not 0 < len(content) <= LONGEST_CHARS:
            raise Invalid(
                f"The step made a text: say another one, of {LONGEST_CHARS} characters at most.",
                param="edit.output",
            )
        return text | {"content": content, "editedBy": by}
    if made is not None and not _alike(made, wanted):
        raise Invalid("The output has not the fields of what the step made.", param="edit.output")
    return wanted


def _alike(one: Any, two: Any) -> bool:
    if isinstance(one, dict):
        return isinstance(two, dict) and _fields(one).keys() == _fields(two).keys()
    if isinstance(one, bool) or one is None:
        return True
    return isinstance(two, int | float) if isinstance(one, int | float) else isinstance(two, type(one))


def _fields(value: Any) -> dict[str, Any]:
    """Of an object; of anything else none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def line_shown(line: RunLine) -> RunLineShown:
    """A run in a list."""
    return RunLineShown(**_line(line))


def run_shown(run: RunShown) -> RunWhole:
    """All of a run."""
    return RunWhole(
        **_line(run),
        input=_value(run.input),
        output=_value(run.output),
        failure=_failure(run.failure),
        steps=[_step(step) for step in run.steps],
    )


def event_shown(event: Event) -> EventShown:
    """One event."""
    return EventShown(
        number=event.number,
        at=moment(event.at_ms),
        kind=event.kind,
        step=event.step,
        detail=_value(event.detail),
    )


def _line(run: RunLine) -> dict[str, Any]:
    return {
        "id": run.id,
        "recipe": run.recipe,
        "version": run.version,
        "state": run.state.value,
        "user_id": run.owner.user_id,
        "project_id": run.owner.project_id,
        "budget_usd": None if run.budget_nanos is None else usd_text(run.budget_nanos),
        "spent_usd": usd_text(run.spent_nanos),
        "created_at": moment(run.created_ms),
        "began_at": moment_or_none(run.began_ms),
        "ended_at": moment_or_none(run.ended_ms),
        "last_event": run.last_event,
    }


def _step(step: StepShown) -> RunStepShown:
    return RunStepShown(
        name=step.name,
        gate=step.gate,
        state=step.state.value,
        attempt=step.attempt,
        began_at=moment(step.began_ms),
        ended_at=moment_or_none(step.ended_ms),
        cost_usd=usd_text(step.cost_nanos),
        models=[_call(call) for call in step.calls],
        done=step.done,
        total=step.total,
        interim=_value(step.interim),
        output=_value(step.output),
        edited=_value(step.edited),
        failure=_failure(step.failure),
    )


def _call(call: Call) -> CallShown:
    return CallShown(
        interaction_id=call.interaction,
        provider=call.provider,
        model=call.model,
        prompt=call.prompt,
        tokens=call.tokens,
        cost_usd=usd_text(call.cost_nanos),
        cached=call.cached,
        fallback_used=call.fallback,
    )


def _failure(failure: Failing | None) -> FailureShown | None:
    return None if failure is None else FailureShown(code=failure.code, message=failure.message)


def _value(raw: Raw | None) -> Any:
    return None if raw is None else msgspec.json.decode(raw)
