"""What was written for a project, as values. Times in Unix milliseconds, money in nano-USD."""

from enum import StrEnum

from msgspec import Struct

from baton.pipelines.engine.run import Call
from baton.quality.assessment import Assessment

LONGEST_CHARS = 400_000
"""Of one output; some hundred pages."""


class Origin(StrEnum):
    """Who wrote a version."""

    GENERATED = "generated"
    EDITED = "edited"
    """A person; what a model wrote before stays as it was."""


class Draft(Struct, frozen=True, kw_only=True):
    """What a model wrote, to be kept."""

    project_id: str
    kind: str
    by: str
    """The id of the user for whom."""
    source: str
    """The key of the step or request: the same one is kept once."""
    run_id: str | None = None
    content: str
    edited: bool = False
    """Whether a person has changed it before it was kept."""
    score: float | None = None
    verdict: str | None = None
    said: Assessment | None = None
    """What was said of it, for whoever reviews it; None: nothing was."""
    call: Call


class Saved(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where it is kept."""

    output_id: str
    version: int


class Edit(Struct, frozen=True, kw_only=True):
    """What a person makes of an output."""

    content: str
    by: str
    based_on: int
    """The number of the version that they changed."""


class OutputVersion(Struct, frozen=True, kw_only=True):
    """One version."""

    number: int
    origin: Origin
    based_on: int | None
    by: str
    at_ms: int
    content: str | None
    """None: in a list."""
    score: float | None
    verdict: str | None
    interaction: str | None
    provider: str | None
    model: str | None
    prompt: str | None
    tokens: int
    cost_nanos: int
    cached: bool


class Output(Struct, frozen=True, kw_only=True):
    """An output, and one of its versions: mostly the newest."""

    id: str
    project_id: str
    kind: str
    run_id: str | None
    versions: int
    created_ms: int
    changed_ms: int
    version: OutputVersion
