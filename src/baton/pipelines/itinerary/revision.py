"""What an instruction changes in a plan, and the plan with it."""

from typing import Annotated

from msgspec import Meta, Struct, structs

from baton.pipelines.itinerary.amendment import amended
from baton.pipelines.itinerary.plan import MOST_ACTIVITIES, Activity, Day, Plan, bare
from baton.pipelines.itinerary.review import BEST, Review, Suggestion

_MOST = 300


class Addition(Struct, frozen=True, kw_only=True):
    """An activity more on a day."""

    day: int
    activity: Activity


class Revision(Struct, frozen=True, kw_only=True):
    """Changes, each of which names what it changes."""

    suggestions: Annotated[tuple[Suggestion, ...], Meta(max_length=_MOST)] = ()
    additions: Annotated[tuple[Addition, ...], Meta(max_length=_MOST)] = ()
    note: Annotated[str, Meta(max_length=1000)] = ""
    """Why nothing changes."""


class Revised(Struct, frozen=True, kw_only=True):
    """A plan with changes carried out; what none of them names is as it was."""

    plan: Plan
    carried_out: int
    left: tuple[str, ...]


def revised(plan: Plan, revision: Revision) -> Revised:
    """Carry changes out, then add what is new, each at its time of its day."""
    said = Review(approved=True, score=BEST, suggestions=revision.suggestions)
    changed = amended(plan, said)
    left = list(changed.left)
    done = changed.carried_out
    days = {day.day: day for day in changed.plan.days}
    names = {bare(activity.name) for _, activity in changed.plan.each()}
    for addition in revision.additions:
        day = days.get(addition.day)
        if day is None:
            left.append(f"There is no day {addition.day} for {addition.activity.name!r}.")
            continue
        if (why := _against(addition.activity, day, names)) is not None:
            left.append(why)
            continue
        activities = _at_its_time(day.activities, addition.activity)
        days[addition.day] = structs.replace(day, activities=activities)
        names.add(bare(addition.activity.name))
        done += 1
    kept = tuple(days[day.day] for day in changed.plan.days)
    return Revised(plan=structs.replace(changed.plan, days=kept), carried_out=done, left=tuple(left))


def _against(new: Activity, day: Day, names: set[str]) -> str | None:
    """Why something cannot be added to a day."""
    if bare(new.name) in names:
        return f"{new.name!r} is in the plan already."
    if new.slot is None:
        return f"{new.time_slot!r} is no time for {new.name!r}."
    return f"Day {day.day} is full." if len(day.activities) >= MOST_ACTIVITIES else None


def _at_its_time(activities: tuple[Activity, ...], new: Activity) -> tuple[Activity, ...]:
    """Before the first that begins later; the others keep their order."""
    slot = new.slot
    for position, each in enumerate(activities):
        if slot is not None and each.slot is not None and each.slot.begins > slot.begins:
            return (*activities[:position], new, *activities[position:])
    return (*activities, new)
