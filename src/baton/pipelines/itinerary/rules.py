"""What is wrong with a plan by rules that need no model."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from itertools import combinations

from msgspec import Struct

from baton.pipelines.itinerary.plan import Activity, Day, Place, Plan, bare
from baton.pipelines.itinerary.review import Issue, IssueType, Severity
from baton.pipelines.itinerary.slot import Slot
from baton.pipelines.itinerary.wish import Wish, amount

_MORNING = 5 * 60
_EVENING = 15 * 60
"""Minutes since midnight between which a night market does not begin; the earliest are set up at four."""

_DEAD_OF_NIGHT = (2 * 60, 4 * 60)
"""In which nothing of a trip begins; walks to a sunrise do later."""

_STRETCH = 1
"""So many activities more or fewer than the pace says are no fault: a day may begin at an airport."""

_SLIP = 1.1
"""So far above the budget is a warning: costs are estimates."""

_MAY_RETURN = frozenset({"transport", "transfer", "hotel", "accommodation", "lodging"})
"""Categories of what may be there on several days."""

_USABLE = 7.0
_PER_ERROR = 2.0
_PER_WARNING = 0.5
_LEAST = 3.0


class Rules(Struct, frozen=True, kw_only=True):
    """The words by which they know what they look for, bare."""

    nouns: frozenset[str]
    fillers: frozenset[str]
    whole: frozenset[str]
    night: tuple[str, ...]

    def issues(self, plan: Plan, wish: Wish) -> tuple[Issue, ...]:
        """All that they find, day by day and then of the whole."""
        found: list[Issue] = []
        for day in plan.days:
            found += self._names(day)
            found += self._times(day)
            found += _fullness(day, wish)
        found += _duplicates(plan)
        found += _missing(plan, wish)
        found += _budget(plan, wish)
        return tuple(found)

    def is_placeholder(self, name: str) -> bool:
        """Whether a name says what something is, and not which one."""
        plain = bare(name)
        if plain in self.whole:
            return True
        words = plain.split()
        while len(words) > 1 and (words[-1].isdigit() or len(words[-1]) == 1):
            words.pop()  # Restaurant 2, Location B
        known = all(word in self.nouns or word in self.fillers for word in words)
        return not words or (known and any(word in self.nouns for word in words))

    def _names(self, day: Day) -> Iterator[Issue]:
        for activity in day.activities:
            if self.is_placeholder(activity.name):
                yield _error(IssueType.LOCATION, "It names no place.", day, activity)

    def _times(self, day: Day) -> Iterator[Issue]:
        kept: list[tuple[Activity, Slot]] = []
        for activity in day.activities:
            slot = activity.slot
            if slot is None:
                message = f"There is no such time: {activity.time_slot[:50]!r}."
                yield _error(IssueType.TIME, message, day, activity)
                continue
            kept.append((activity, slot))
            if self._is_of_night(activity) and _MORNING <= slot.begins < _EVENING:
                yield _error(IssueType.TIME, "A night market is not there before evening.", day, activity)
            if _DEAD_OF_NIGHT[0] <= slot.begins < _DEAD_OF_NIGHT[1]:
                yield _warning(IssueType.TIME, "It begins in the dead of night.", day, activity)
        for (one, its), (other, others) in combinations(kept, 2):
            if its.overlaps(others):
                yield _error(IssueType.TIME, f"It overlaps with {one.name!r}.", day, other)

    def _is_of_night(self, activity: Activity) -> bool:
        said = bare(f"{activity.name} | {activity.category}")
        return any(word in said for word in self.night)


def packaged_rules() -> Rules:
    """With the words that are shipped; reads one file."""
    data = files("baton.pipelines.itinerary").joinpath("data/words.toml").read_text(encoding="utf-8")
    said = tomllib.loads(data)
    return Rules(
        nouns=frozenset(map(bare, said["nouns"])),
        fillers=frozenset(map(bare, said["fillers"])),
        whole=frozenset(map(bare, said["whole"])),
        night=tuple(map(bare, said["night"])),
    )


def score_by(issues: tuple[Issue, ...]) -> float:
    """1-10 where only rules have looked: usable at best, as they know of no place whether it exists."""
    errors = sum(each.severity is Severity.ERROR and not each.auto_fixed for each in issues)
    warnings = sum(each.severity is Severity.WARNING for each in issues)
    return max(_LEAST, _USABLE - errors * _PER_ERROR - warnings * _PER_WARNING)


def _fullness(day: Day, wish: Wish) -> Iterator[Issue]:
    count = len(day.activities)
    low, high = wish.pace.activities
    if not count:
        yield _error(IssueType.STRUCTURE, "There is nothing on this day.", day)
    elif not low - _STRETCH <= count <= high + _STRETCH:
        measure = "many" if count > high else "few"
        message = f"{count} activities are {measure} for a {wish.pace.value} day."
        yield _warning(IssueType.QUALITY, message, day)


def _duplicates(plan: Plan) -> Iterator[Issue]:
    seen: dict[str, Place] = {}
    for place, activity in plan.each():
        name = bare(activity.name)
        if not name or activity.category.casefold() in _MAY_RETURN:
            continue
        first = seen.setdefault(name, place)
        if first != place:
            message = f"It is there already on day {first.day}."
            yield _error(IssueType.STRUCTURE, message, plan.day(place.day), activity)


def _missing(plan: Plan, wish: Wish) -> Iterator[Issue]:
    numbers = [day.day for day in plan.days]
    for number in range(1, wish.days + 1):
        if number not in numbers:
            yield _error(IssueType.STRUCTURE, f"Day {number} is missing.", number)
    for number in numbers:
        if number > wish.days:
            yield _error(IssueType.STRUCTURE, f"Day {number} was not asked for.", number)


def _budget(plan: Plan, wish: Wish) -> Iterator[Issue]:
    """The dearest is named: it is where a cheaper one helps most."""
    if wish.budget is None or plan.cost <= wish.budget:
        return
    place, dearest = max(plan.each(), key=lambda each: each[1].cost or 0.0)
    over = plan.cost - wish.budget
    message = (
        f"All together costs {amount(plan.cost)} {wish.currency}, {amount(over)} more than the budget; "
        f"this is the dearest of it."
    )
    make = _error if plan.cost > wish.budget * _SLIP else _warning
    yield make(IssueType.BUDGET, message, place.day, dearest)


def _error(kind: IssueType, message: str, day: Day | int, activity: Activity | None = None) -> Issue:
    return _issue(kind, Severity.ERROR, message, day, activity)


def _warning(kind: IssueType, message: str, day: Day | int, activity: Activity | None = None) -> Issue:
    return _issue(kind, Severity.WARNING, message, day, activity)


def _issue(
    kind: IssueType, severity: Severity, message: str, day: Day | int, activity: Activity | None
) -> Issue:
    return Issue(
        type=kind,
        severity=severity,
        message=message,
        day=day if isinstance(day, int) else day.day,
        activity=None if activity is None else activity.name,
    )
