"""What reviewers asked for, carried out; and what must be made anew."""

from collections.abc import Iterable

from msgspec import Struct, structs

from baton.pipelines.itinerary.facts import Check, FactCheck, Verdict
from baton.pipelines.itinerary.plan import Activity, Changes, Place, Plan, bare
from baton.pipelines.itinerary.review import (
    Action,
    Correction,
    Field,
    Issue,
    IssueType,
    Review,
    Severity,
    Suggestion,
)
from baton.pipelines.itinerary.slot import Slot


class Rejected(Struct, frozen=True, kw_only=True):
    """An activity that must be made anew."""

    place: Place
    name: str
    reason: str
    """All that speaks against it."""


class Amended(Struct, frozen=True, kw_only=True):
    """A plan with all that could be carried out."""

    plan: Plan
    issues: tuple[Issue, ...]
    """As they were, those that are mended marked so."""
    carried_out: int
    """Suggestions and corrections."""
    left: tuple[str, ...]
    """Sentences about what could not be carried out."""


class _Draft:
    """A plan while it is changed: everything is meant by where it stood when it was reviewed."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now: dict[Place, Activity | None] = {}
        self.mended: set[Place] = set()
        self.done = 0
        self.left: list[str] = []

    def find(self, name: str, day: int | None) -> Place | None:
        place = self.plan.find(name, day)
        if place is None:
            self.left.append(f"{name[:100]!r} is not in the plan.")
        return place

    def activity(self, place: Place) -> Activity | None:
        """None: it was removed."""
        return self.now.get(place, self.plan.at(place))

    def put(self, place: Place, activity: Activity | None) -> None:
        self.now[place] = activity
        self.done += 1


def amended(plan: Plan, review: Review) -> Amended:
    """Carry out corrections, then changes, replacements and removals; a removal has the last word.

    What would give an activity a time that there is not, or a name that another one has, is left.
    """
    draft = _Draft(plan)
    for correction in review.corrections:
        _correct(draft, correction)
    for action in (Action.MODIFY, Action.REPLACE, Action.REMOVE):
        for suggestion in review.suggestions:
            if suggestion.action is action:
                _carry_out(draft, suggestion)
    issues = tuple(_marked(issue, plan, draft) for issue in review.issues)
    return Amended(
        plan=plan.with_activities(draft.now),
        issues=issues,
        carried_out=draft.done,
        left=tuple(draft.left),
    )


def rejected(plan: Plan, issues: Iterable[Issue], review: Review | None = None) -> tuple[Rejected, ...]:
    """Activities of a plan that errors name and nobody mended, and those to be replaced by nothing named."""
    reasons: dict[Place, list[str]] = {}
    for issue in issues:
        if issue.severity is Severity.ERROR and not issue.auto_fixed and issue.activity is not None:
            _against(reasons, plan, issue.activity, issue.day, issue.message)
    for suggestion in () if review is None else review.suggestions:
        if suggestion.action is Action.REPLACE and not _names_another(suggestion):
            _against(reasons, plan, suggestion.activity, suggestion.day, suggestion.reason)
    return tuple(
        Rejected(place=place, name=plan.at(place).name, reason=" ".join(dict.fromkeys(said)))
        for place, said in sorted(reasons.items())
    )


def checked(plan: Plan, facts: FactCheck) -> tuple[Plan, tuple[Issue, ...]]:
    """A plan with what a checker is sure of, and issues: errors for places that are out, hints for doubts."""
    now: dict[Place, Activity | None] = {}
    issues: list[Issue] = []
    by_name = {bare(each.name): each for each in facts.checks}
    for place, activity in plan.each():
        check = by_name.get(bare(activity.name))
        if check is None:
            continue
        if check.corrects:
            now[place] = activity.changed(_corrections(check))
        message = _instead(check) if check.counts_against else _doubt(check)
        if message:
            issues.append(
                Issue(
                    type=IssueType.LOCATION,
                    severity=Severity.ERROR if check.counts_against else Severity.INFO,
                    message=message,
                    day=place.day,
                    activity=(now.get(place) or activity).name,
                )
            )
    return plan.with_activities(now), tuple(issues)


def _correct(draft: _Draft, correction: Correction) -> None:
    place = draft.find(correction.activity, correction.day)
    activity = None if place is None else draft.activity(place)
    changes = _changes(correction)
    if place is None or activity is None:
        return
    if changes is None:
        draft.left.append(f"{correction.value!r} is no {correction.field.value} for {activity.name!r}.")
        return
    _change(draft, place, activity, changes)


def _carry_out(draft: _Draft, suggestion: Suggestion) -> None:
    place = draft.find(suggestion.activity, suggestion.day)
    if place is None:
        return
    activity = draft.activity(place)
    if suggestion.action is Action.REMOVE:
        draft.put(place, None)
        draft.mended.add(place)
        return
    changes = suggestion.replacement
    if activity is None or changes is None or changes == Changes():
        draft.left.append(f"There is nothing said to {suggestion.action.value} {suggestion.activity!r} with.")
        return
    if suggestion.action is Action.REPLACE:
        if not _names_another(suggestion):
            draft.left.append(f"No other place is named for {suggestion.activity!r}.")
            return
        activity = Activity(time_slot=activity.time_slot, name=activity.name, category=activity.category)
    _change(draft, place, activity, changes)


def _change(draft: _Draft, place: Place, activity: Activity, changes: Changes) -> None:
    slot = changes.time_slot
    if slot is not None and Slot.read(slot) is None:
        draft.left.append(f"{slot!r} is no time for {activity.name!r}.")
        return
    if changes.name is not None and _is_taken(draft, place, changes.name):
        draft.left.append(f"{changes.name!r} is in the plan already.")
        return
    draft.put(place, activity.changed(changes))
    draft.mended.add(place)


def _is_taken(draft: _Draft, place: Place, name: str) -> bool:
    others = (draft.activity(other) for other, _ in draft.plan.each() if other != place)
    return bare(name) in {bare(other.name) for other in others if other is not None}


def _names_another(suggestion: Suggestion) -> bool:
    named = None if suggestion.replacement is None else suggestion.replacement.name
    return bool(named and bare(named) and bare(named) != bare(suggestion.activity))


def _changes(correction: Correction) -> Changes | None:
    """What a correction changes; None: its value is none for its field."""
    value = correction.value
    if correction.field is Field.COST:
        try:
            cost = float(value)
        except ValueError:
            return None
        return Changes(cost=cost) if 0 <= cost <= 1e9 else None
    text = str(value).strip()
    match correction.field:
        case Field.NAME:
            return Changes(name=text) if text else None
        case Field.ADDRESS:
            return Changes(address=text)
        case Field.CATEGORY:
            return Changes(category=text[:50])
        case Field.TIME_SLOT:
            return Changes(time_slot=text[:50])


def _corrections(check: Check) -> Changes:
    """Empty texts correct nothing."""
    return Changes(
        name=check.corrected_name or None,
        address=check.corrected_address or None,
        category=check.corrected_category or None,
        place_id=check.place_id or None,
        hours=check.hours or None,
    )


def _doubt(check: Check) -> str:
    """What a traveller should know of a place that nobody is sure of; empty: nothing."""
    reason = (check.reason or "").strip()
    return "" if check.verdict is Verdict.VERIFIED or not reason else f"Not sure: {reason}"


def _instead(check: Check) -> str:
    matches = f" Perhaps meant: {', '.join(check.matches[:3])}." if check.matches else ""
    suggestion = f" {check.suggestion}" if (check.suggestion or "").strip() else ""
    return f"{check.reason}{suggestion}{matches}"[:1000]


def _marked(issue: Issue, plan: Plan, draft: _Draft) -> Issue:
    """Mended, where what it names was changed, replaced or removed."""
    if issue.activity is None:
        return issue
    place = plan.find(issue.activity, issue.day)
    return structs.replace(issue, auto_fixed=True) if place in draft.mended else issue


def _against(reasons: dict[Place, list[str]], plan: Plan, name: str, day: int | None, why: str) -> None:
    """Of several with this name the last not yet rejected for this is meant: what came first may stay."""
    places = plan.find_all(name, day)[::-1]
    place = next((each for each in places if why not in reasons.get(each, ())), None)
    if place is not None:
        reasons.setdefault(place, []).append(why or "It was rejected.")
