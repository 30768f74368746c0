"""What `baton runs` reads of a running Baton's answers, and how a person is told of it."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from baton.cli.terminal import Column, counted, print_table

_KINDS = {
    "queued": "is queued",
    "running": "goes on",
    "step_began": "began",
    "step_interim": "has something to be read",
    "step_retrying": "failed, and is tried again",
    "step_completed": "done",
    "step_failed": "failed",
    "gate_waiting": "waits for somebody's word",
    "gate_decided": "was decided",
    "instructed": "has a new instruction",
    "edited": "was edited",
    "redone": "is done again",
    "resumed": "is resumed",
    "waiting": "waits",
    "completed": "is completed",
    "failed": "failed",
    "cancelled": "is cancelled",
    "over_budget": "would cost more than its budget has left",
}
ENDED = frozenset({"completed", "failed", "cancelled", "over_budget"})
"""States, and the events that lead to them."""

_LONGEST_TOLD = 2000


class FailureView(Struct, frozen=True):
    """Why something failed."""

    code: str
    message: str


class ModelView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A model's answer in a step."""

    provider: str
    model: str
    cost_usd: str
    tokens: int
    interaction_id: str
    prompt: str | None
    cached: bool
    fallback_used: bool


class StepView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A step."""

    name: str
    gate: bool
    state: str
    attempt: int
    began_at: datetime
    ended_at: datetime | None
    cost_usd: str
    models: tuple[ModelView, ...]
    done: int | None
    total: int | None
    interim: Any
    output: Any
    edited: Any
    failure: FailureView | None


class RunView(Struct, frozen=True, kw_only=True, rename="camel"):
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


class WholeRunView(RunView, frozen=True, kw_only=True, rename="camel"):
    """All of a run."""

    input: Any
    output: Any
    failure: FailureView | None
    steps: tuple[StepView, ...]

    def gates(self) -> list[str]:
        """Where it waits for people."""
        return [step.name for step in self.steps if step.gate and step.state == "waiting"]


class RunsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of runs."""

    runs: tuple[RunView, ...]
    next_cursor: str | None


class OutputView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that a run has written."""

    output_id: str
    kind: str
    version: int
    score: float | None
    verdict: str


class MadeView(Struct, frozen=True):
    """What a run has made, as far as it is outputs."""

    outputs: tuple[OutputView, ...]


class DetailView(Struct, frozen=True, kw_only=True):
    """What an event says besides."""

    done: int | None = None
    total: int | None = None
    of: str = ""
    message: str = ""


class EventView(Struct, frozen=True, kw_only=True):
    """One thing that happened to a run."""

    number: int
    at: datetime
    kind: str
    step: str | None
    detail: DetailView | None

    def line(self) -> str:
        """As a person reads it, e.g. `10:04:31  research market: 1 of 2 sources read`."""
        what = _KINDS.get(self.kind, self.kind.replace("_", " "))
        if self.detail is not None and self.detail.of:
            what = f"{self.detail.done} of {self.detail.total} {self.detail.of}"
        elif self.detail is not None and self.detail.message:
            what = f"{what}: {self.detail.message[:_LONGEST_TOLD]}"
        subject = "the run" if self.step is None else f"{self.step}:"
        return f"{self.at.astimezone():%H:%M:%S}  {subject} {what}"


def print_runs(runs: tuple[RunView, ...]) -> None:
    """A table of runs."""
    columns = (
        Column("id", whole=True),
        Column("recipe"),
        Column("state", whole=True),
        Column("spent", right=True, whole=True),
        Column("begun", whole=True),
        Column("project", folded=True),
    )
    print_table(
        columns,
        [
            (
                run.id,
                run.recipe,
                run.state,
                f"${run.spent_usd}",
                f"{run.created_at:%Y-%m-%d %H:%M}",
                run.project_id or "",
            )
            for run in runs
        ],
    )


def print_run(run: WholeRunView) -> None:
    """A run with its steps."""
    budget = "" if run.budget_usd is None else f" of ${run.budget_usd}"
    print(f"{run.recipe}, version {run.version}: {run.state}; ${run.spent_usd}{budget} spent.")
    if run.failure is not None:
        print(f"It failed: {run.failure.message[:_LONGEST_TOLD]}")
    columns = (
        Column("step"),
        Column("state", whole=True),
        Column("took", right=True, whole=True),
        Column("cost", right=True, whole=True),
        Column("models"),
    )
    print_table(columns, [_cells(step) for step in run.steps])
    for gate in run.gates():
        print(f"It waits at {gate}: `baton runs approve {run.id}` lets it through.")
    print_outputs(run)


def print_outputs(run: WholeRunView) -> None:
    """Where what a run has written is kept, where it says so."""
    try:
        made = msgspec.convert(run.output, MadeView)
    except msgspec.ValidationError:
        return
    columns = (
        Column("output", whole=True),
        Column("kind"),
        Column("version", right=True),
        Column("score", right=True),
        Column("verdict"),
    )
    rows = [
        (
            each.output_id,
            each.kind,
            str(each.version),
            "" if each.score is None else f"{each.score:g}",
            each.verdict,
        )
        for each in made.outputs
    ]
    print_table(columns, rows)


def _cells(step: StepView) -> tuple[str, ...]:
    took = "" if step.ended_at is None else f"{(step.ended_at - step.began_at).total_seconds():.1f} s"
    state = step.state if step.attempt == 1 else f"{step.state}, attempt {step.attempt}"
    if step.failure is not None and step.state == "failed":
        state = f"{state}: {step.failure.code}"
    named = list(dict.fromkeys(f"{each.provider}/{each.model}" for each in step.models))
    many = f" ({counted(len(step.models), 'call')})" if len(step.models) > 1 else ""
    return (step.name, state, took, f"${step.cost_usd}", ", ".join(named) + many)
