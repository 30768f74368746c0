"""What a run that makes or changes a trip gives."""

from typing import ClassVar

from msgspec import Struct

from baton.core.errors import Unavailable
from baton.pipelines.itinerary.plan import Plan
from baton.pipelines.itinerary.review import Issue
from baton.pipelines.itinerary.tally import Metrics
from baton.pipelines.itinerary.wish import Wish


class Report(Struct, frozen=True, kw_only=True, rename="camel"):
    """What reviewers found, and what became of it."""

    issues: tuple[Issue, ...] = ()
    revision_cycles: int = 0
    """How often rejected activities were made anew."""
    carried_out: int = 0
    """Suggestions and corrections."""
    left: tuple[str, ...] = ()
    """What could not be carried out."""
    facts_checked: bool = False


class NotMade(Unavailable):
    """A trip came to nothing; carries its run, and what it took all the same."""

    _STATUSES: ClassVar[dict[str, int]] = {
        "not_found": 404,
        "version_conflict": 409,
        "budget_exceeded": 429,
    }

    def __init__(self, message: str, *, code: str, run_id: str, metrics: Metrics | None) -> None:
        super().__init__(message, code=code)
        self.status = self._STATUSES.get(code, self.status)
        self.retryable = self.status == Unavailable.status
        self.run_id = run_id
        self.metrics = metrics


class Outcome(Struct, frozen=True, kw_only=True, rename="camel"):
    """A trip, with all that is to be known of how it came about."""

    wish: Wish
    plan: Plan
    quality_score: float | None
    """1-10; None: nobody has looked at it."""
    approved: bool | None
    """None: nobody has looked at it."""
    report: Report
    fallback_used: bool
    notice: str | None
    reduced_quality: bool
    metrics: Metrics | None = None
    """None: it is still being made, or was made of an earlier version."""
