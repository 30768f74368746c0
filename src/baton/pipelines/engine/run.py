"""A run, its steps and its events, as they are shown. Times in Unix milliseconds, money in nano-USD."""

from enum import StrEnum

import msgspec
from msgspec import Raw, Struct


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    """For a person, at one gate at least, and nothing else of it goes on."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OVER_BUDGET = "over_budget"
    """Its next step might have cost more than its budget has left."""


ENDED = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.OVER_BUDGET})
"""Nothing more happens by itself; a person may still have something done again."""


class StepState(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    """Interrupted: it was cancelled with its run."""
    RUNNING = "running"
    RETRYING = "retrying"
    """An attempt failed; there will be another."""
    WAITING = "waiting"
    """A gate: for a person."""
    COMPLETED = "completed"
    FAILED = "failed"


class EventKind(StrEnum):
    """What happened; `step` and `detail` say to what."""

    QUEUED = "queued"
    RUNNING = "running"
    STEP_BEGAN = "step_began"
    STEP_PROGRESS = "step_progress"
    """Detail: a `Progress`."""
    STEP_INTERIM = "step_interim"
    """There is a newer interim result to be read."""
    STEP_RETRYING = "step_retrying"
    """Detail: a `Failing`."""
    STEP_COMPLETED = "step_completed"
    STEP_FAILED = "step_failed"
    """Detail: a `Failing`."""
    GATE_WAITING = "gate_waiting"
    GATE_DECIDED = "gate_decided"
    INSTRUCTED = "instructed"
    EDITED = "edited"
    REDONE = "redone"
    RESUMED = "resumed"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    """Detail: a `Failing`."""
    CANCELLED = "cancelled"
    OVER_BUDGET = "over_budget"


class Progress(Struct, frozen=True):
    """So many of so many, e.g. 2 of 3 `sources`."""

    done: int
    total: int
    of: str


class Failing(Struct, frozen=True):
    """Why something failed: a code for machines, a sentence for people."""

    code: str
    message: str


class Owner(Struct, frozen=True, kw_only=True):
    """For whom something is done, and on whose account."""

    user_id: str
    key_id: str
    """The key that it was asked for with; what stands for one in the ledger."""
    project_id: str | None = None
    """The project that it belongs to."""


class Call(Struct, frozen=True, kw_only=True, rename="camel"):
    """A model's answer in a step, as its run tells of it."""

    interaction: str
    """The id of its row in the ledger."""
    provider: str
    model: str
    prompt: str | None
    """`name@version`."""
    tokens: int
    cost_nanos: int
    cached: bool
    fallback: bool
    """Whether another model answered than the first one chosen."""


class Event(Struct, frozen=True):
    """One thing that happened to a run; numbers count from 1 without a gap."""

    number: int
    at_ms: int
    kind: str
    """An `EventKind`, or one of a newer Baton."""
    step: str | None
    detail: Raw | None
    """JSON, as the kind says."""


class StepShown(Struct, frozen=True, kw_only=True):
    """A step as far as it has come."""

    name: str
    gate: bool
    state: StepState
    attempt: int
    began_ms: int
    ended_ms: int | None
    cost_nanos: int
    calls: tuple[Call, ...]
    """Of models, in all of its attempts."""
    done: int | None
    total: int | None
    interim: Raw | None
    """The newest interim result, as JSON; of a gate what it shows."""
    output: Raw | None
    """What it made, as JSON; of a gate its `Verdict`."""
    edited: Raw | None
    """What a person put in its place."""
    failure: Failing | None


class RunLine(Struct, frozen=True, kw_only=True):
    """A run in a list."""

    id: str
    owner: Owner
    recipe: str
    version: int
    state: RunState
    budget_nanos: int | None
    spent_nanos: int
    created_ms: int
    began_ms: int | None
    ended_ms: int | None
    last_event: int
    code: str | None
    """Why it failed."""


class RunShown(RunLine, frozen=True, kw_only=True):
    """A run as far as it has come, its steps in the order in which they began."""

    input: Raw
    output: Raw | None
    failure: Failing | None
    steps: tuple[StepShown, ...]


class RunsWanted(Struct, frozen=True, kw_only=True):
    """Which runs, the newest first; None: whichever. At most `limit`, older than the id `before`."""

    user_id: str | None = None
    """Those of this user that are no project's, and those of the projects."""
    projects: frozenset[str] = frozenset()
    project_id: str | None = None
    recipe: str | None = None
    state: RunState | None = None
    before: str | None = None
    limit: int = 50


class RunWish(Struct, frozen=True, kw_only=True):
    """What somebody wants done."""

    owner: Owner
    recipe: str
    input: Raw
    """JSON, as the recipe reads it."""
    budget_nanos: int | None = None
    version: int | None = None
    """None: the newest."""


class Verdict(Struct, frozen=True):
    """What a person said at a gate."""

    approved: bool
    by: str
    comment: str = ""


def json(value: object) -> Raw:
    """A value as JSON."""
    return Raw(msgspec.json.encode(value))
