"""What a supervisor, or a rule, has to say of a plan."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from baton.pipelines.itinerary.plan import Changes, Line

WORST = 1.0
BEST = 10.0
"""10 perfect; 8-9 minor suggestions; 6-7 usable; 4-5 errors to fix; 1-3 make it again."""

_MOST = 300
"""Of anything in one review."""

Score = Annotated[float, Meta(ge=WORST, le=BEST)]


class IssueType(StrEnum):
    """What is wrong."""

    LOCATION = "location"
    TIME = "time"
    BUDGET = "budget"
    STRUCTURE = "structure"
    QUALITY = "quality"


class Severity(StrEnum):
    """How wrong."""

    ERROR = "error"
    """It must be mended before somebody travels by it."""
    WARNING = "warning"
    INFO = "info"


class Action(StrEnum):
    """What to do with an activity."""

    REPLACE = "replace"
    MODIFY = "modify"
    REMOVE = "remove"


class Issue(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that is wrong."""

    type: IssueType
    severity: Severity
    message: Annotated[str, Meta(max_length=1000)]
    day: int | None = None
    activity: str | None = None
    """By the name that it has in the plan; None: it is about none in particular."""
    auto_fixed: bool = False
    """It was mended on the way."""


class Suggestion(Struct, frozen=True, kw_only=True, rename="camel"):
    """What would be better."""

    action: Action
    activity: str
    day: int | None = None
    reason: Annotated[str, Meta(max_length=1000)] = ""
    replacement: Changes | None = None
    """The fields that change."""


class Field(StrEnum):
    """What may be corrected."""

    ADDRESS = "address"
    CATEGORY = "category"
    NAME = "name"
    TIME_SLOT = "timeSlot"
    COST = "cost"


class Correction(Struct, frozen=True, kw_only=True, rename="camel"):
    """A field that has another value in truth."""

    activity: str
    field: Field
    value: Line | float
    day: int | None = None


class Review(Struct, frozen=True, kw_only=True, rename="camel"):
    """A supervisor's word on a plan."""

    approved: bool
    score: Score
    issues: Annotated[tuple[Issue, ...], Meta(max_length=_MOST)] = ()
    suggestions: Annotated[tuple[Suggestion, ...], Meta(max_length=_MOST)] = ()
    corrections: Annotated[tuple[Correction, ...], Meta(max_length=_MOST)] = ()


def has_errors(issues: tuple[Issue, ...]) -> bool:
    """Whether anything of these must still be mended."""
    return any(each.severity is Severity.ERROR and not each.auto_fixed for each in issues)
