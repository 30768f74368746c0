"""Itineraries as they are asked for and shown."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from baton.api.bodies import Asked, Shown, moment
from baton.pipelines.itinerary.outcome import Outcome
from baton.pipelines.itinerary.store import Kept, Line
from baton.pipelines.itinerary.wish import MOST_DAYS, MOST_LOCAL, USUAL_LOCALNESS, Pace, Wish
from baton.pipelines.recipes.itinerary_revision import Made

_Phrase = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ItineraryAsked(Asked):
    """A trip that is wanted. `localness`: 1 the famous sights, 6 where only locals go; `budget`: for each
    person and the whole trip, in `currency`; `templatePrompt`: what else is wanted, in words; `language`: of
    what is written. `projectId`: the project that it is for and on whose budget."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "city": "Lisbon",
                "days": 3,
                "interests": ["food", "architecture"],
                "budget": 400,
                "localness": 4,
                "pace": "relaxed",
                "group": "a couple",
            }
        },
    )

    city: _Phrase
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    interests: Annotated[tuple[_Phrase, ...], Field(max_length=20)] = ()
    budget: Annotated[float, Field(gt=0, le=1e9)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "EUR"
    localness: Annotated[int, Field(ge=1, le=MOST_LOCAL)] = USUAL_LOCALNESS
    pace: Pace = Pace.MODERATE
    group: _Phrase | None = None
    template_prompt: Annotated[str, StringConstraints(max_length=4000)] = ""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$")] = "en"
    project_id: Annotated[str, StringConstraints(min_length=1, max_length=36)] | None = None

    @property
    def wish(self) -> Wish:
        """The trip itself."""
        return Wish(**self.model_dump(exclude={"project_id"}))


class RevisionAsked(Asked):
    """What is to be changed; `basedOn`: the version that was looked at, the newest unless it is said."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"instruction": "Dinner on day 2 somewhere quieter.", "basedOn": 1}},
    )

    instruction: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    based_on: Annotated[int, Field(ge=1)] | None = None


class ActivityShown(Shown):
    """Something done at a place; `cost` for each person, in the trip's currency."""

    time_slot: str
    name: str
    category: str
    address: str
    cost: float | None
    description: str
    place_id: str | None
    hours: str | None


class DayShown(Shown):
    """One day."""

    day: int
    theme: str
    activities: list[ActivityShown]


class ItineraryShown(Shown):
    """A trip in one of its versions; `instruction`: what made it of the one before. `wish` is as it was
    asked for."""

    id: str
    version: int
    versions: list[int]
    project_id: str | None
    created_at: datetime
    made_at: datetime
    instruction: str | None
    wish: dict[str, Any]
    days: list[DayShown]


class IssueShown(Shown):
    """One thing that was found wrong; `autoFixed`: it was mended on the way."""

    type: str
    severity: str
    message: str
    day: int | None
    activity: str | None
    auto_fixed: bool


class ReportShown(Shown):
    """What reviewers found. `left`: what they asked for that could not be carried out."""

    issues: list[IssueShown]
    revision_cycles: int
    carried_out: int
    left: list[str]
    facts_checked: bool


class MetricsShown(Shown):
    """What it took; `route` is the last of `routesTried`."""

    route: str | None
    routes_tried: list[str]
    total_ms: int
    phase1_ms: int
    phase2_ms: int
    providers_used: list[str]
    cache_hits: int
    retries: int


class MetaShown(Shown):
    """How a version came about. `qualityScore`, 1-10, and `approved`: null where nobody has looked at it;
    `metrics`: null for a version that an instruction made."""

    quality_score: float | None
    approved: bool | None
    validation_report: ReportShown
    fallback_used: bool
    notice: str | None
    reduced_quality: bool
    metrics: MetricsShown | None


class ItineraryMade(Shown):
    """A trip that came to be."""

    success: bool = True
    itinerary: ItineraryShown
    meta: MetaShown


class RevisionMade(ItineraryMade):
    """A trip after an instruction. `changed`: whether there is a new version; `note`: why not; `carriedOut`:
    how many changes; `left`: those that could not be made."""

    changed: bool
    note: str
    carried_out: int
    left: list[str]


class ItineraryLine(Shown):
    """A trip in a list."""

    id: str
    version: int
    project_id: str | None
    city: str
    days: int
    quality_score: float | None
    notice: str | None
    created_at: datetime
    changed_at: datetime


class ItineraryList(Shown):
    """A page, newest first."""

    itineraries: list[ItineraryLine]
    next_cursor: str | None


def line_shown(line: Line) -> ItineraryLine:
    """A trip in a list."""
    return ItineraryLine(
        id=line.id,
        version=line.version,
        project_id=line.project_id,
        city=line.summary.city,
        days=line.summary.days,
        quality_score=line.summary.quality_score,
        notice=line.summary.notice,
        created_at=moment(line.created_ms),
        changed_at=moment(line.changed_ms),
    )


def made_shown(kept: Kept) -> ItineraryMade:
    """A trip with all that is to be known of it."""
    return ItineraryMade(itinerary=_itinerary(kept), meta=_meta(kept.version.content.outcome))


def revision_shown(kept: Kept, made: Made, before: int) -> RevisionMade:
    """The same after an instruction; `before`: the newest version when it was given."""
    return RevisionMade(
        itinerary=_itinerary(kept),
        meta=_meta(kept.version.content.outcome),
        changed=made.version > before,
        note=made.note,
        carried_out=made.carried_out,
        left=list(made.left),
    )


def _itinerary(kept: Kept) -> ItineraryShown:
    content = kept.version.content
    return ItineraryShown(
        id=kept.line.id,
        version=kept.version.number,
        versions=list(kept.numbers),
        project_id=kept.line.project_id,
        created_at=moment(kept.line.created_ms),
        made_at=moment(kept.version.made_ms),
        instruction=content.instruction,
        wish=msgspec.to_builtins(content.outcome.wish),
        days=[
            DayShown(
                day=day.day,
                theme=day.theme,
                activities=[ActivityShown(**msgspec.structs.asdict(activity)) for activity in day.activities],
            )
            for day in content.outcome.plan.days
        ],
    )


def _meta(outcome: Outcome) -> MetaShown:
    report, metrics = outcome.report, outcome.metrics
    return MetaShown(
        quality_score=outcome.quality_score,
        approved=outcome.approved,
        validation_report=ReportShown(
            issues=[IssueShown(**msgspec.structs.asdict(issue)) for issue in report.issues],
            revision_cycles=report.revision_cycles,
            carried_out=report.carried_out,
            left=list(report.left),
            facts_checked=report.facts_checked,
        ),
        fallback_used=outcome.fallback_used,
        notice=outcome.notice,
        reduced_quality=outcome.reduced_quality,
        metrics=None if metrics is None else MetricsShown(**msgspec.structs.asdict(metrics)),
    )
