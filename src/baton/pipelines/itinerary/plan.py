"""A plan of a trip: its days, and what is done on them."""

import unicodedata
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct, structs

from baton.pipelines.itinerary.slot import Slot

MOST_ACTIVITIES = 20
"""Of a day; no day has more, whoever writes it."""

_SPOKEN = frozenset("LNM")
"""Letters, numbers, and the marks that are vowels in some scripts, by the first letters of their
categories in Unicode."""

_ACCENTS = 200
"""Combining classes from here on are what stands above and below Latin, Greek and Cyrillic letters."""

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(max_length=500)]
Cost = Annotated[float, Meta(ge=0, le=1e9)]


class Activity(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Something done at a place."""

    time_slot: Annotated[str, Meta(max_length=50)]
    """E.g. `09:00-10:30`."""
    name: Name
    category: Annotated[str, Meta(max_length=50)] = ""
    address: Line = ""
    cost: Cost | None = None
    """Per person, in the currency of the wish; None: unknown."""
    description: Annotated[str, Meta(max_length=2000)] = ""
    place_id: Annotated[str, Meta(max_length=200)] | None = None
    hours: Line | None = None
    """When it is open, as somebody looked it up."""

    @property
    def slot(self) -> Slot | None:
        """Its time; None: that says none."""
        return Slot.read(self.time_slot)

    def changed(self, changes: "Changes") -> "Activity":
        """With what the changes say, the rest as it was."""
        said = {
            field: value
            for field in changes.__struct_fields__
            if (value := getattr(changes, field)) is not None
        }
        return structs.replace(self, **said)


class Changes(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """New values for some fields of an activity; None: as it is."""

    time_slot: Annotated[str, Meta(max_length=50)] | None = None
    name: Name | None = None
    category: Annotated[str, Meta(max_length=50)] | None = None
    address: Line | None = None
    cost: Cost | None = None
    description: Annotated[str, Meta(max_length=2000)] | None = None
    place_id: Annotated[str, Meta(max_length=200)] | None = None
    hours: Line | None = None


class Day(Struct, frozen=True, kw_only=True):
    """One day of a trip."""

    day: Annotated[int, Meta(ge=1, le=1000)]
    """Counts from 1."""
    theme: Line = ""
    activities: Annotated[tuple[Activity, ...], Meta(max_length=MOST_ACTIVITIES)] = ()


class Place(Struct, frozen=True, order=True):
    """Where an activity stands in a plan."""

    day: int
    """The day's number."""
    position: int
    """In its day, from 0."""


class Plan(Struct, frozen=True, kw_only=True):
    """All days."""

    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=100)]
    """By number, each once."""

    def __post_init__(self) -> None:
        numbers = [day.day for day in self.days]
        if numbers != sorted(set(numbers)):
            raise ValueError("Days come in their order, each once")

    def each(self) -> Iterator[tuple[Place, Activity]]:
        """All activities in order."""
        for day in self.days:
            for position, activity in enumerate(day.activities):
                yield Place(day.day, position), activity

    def find(self, name: str, day: int | None = None) -> Place | None:
        """Where an activity of this name stands: on that day, or else wherever there is only one."""
        places = self.find_all(name, day)
        return places[0] if places and (len(places) == 1 or places[0].day == day) else None

    def find_all(self, name: str, day: int | None = None) -> tuple[Place, ...]:
        """Where activities of this name stand: those of that day, or all where there is none on it."""
        wanted = bare(name)
        places = [place for place, activity in self.each() if wanted and bare(activity.name) == wanted]
        return tuple(place for place in places if place.day == day) or tuple(places)

    def at(self, place: Place) -> Activity:
        """The activity at a place that `find` or `each` gave."""
        return self.day(place.day).activities[place.position]

    def day(self, number: int) -> Day:
        """The first day of this number, which there must be."""
        return next(day for day in self.days if day.day == number)

    def with_activities(self, activities: dict[Place, Activity | None]) -> "Plan":
        """With others in the place of some; None: without it."""
        days: list[Day] = []
        for day in self.days:
            kept = (
                activities.get(Place(day.day, position), activity)
                for position, activity in enumerate(day.activities)
            )
            days.append(structs.replace(day, activities=tuple(each for each in kept if each is not None)))
        return structs.replace(self, days=tuple(days))

    @property
    def cost(self) -> float:
        """What is known to be spent, per person."""
        return sum(activity.cost or 0.0 for _, activity in self.each())


def bare(name: str) -> str:
    """A name by which to tell whether two mean the same: no case, no accents, no signs."""
    signs = unicodedata.normalize("NFKD", name.casefold())
    kept = (sign if unicodedata.category(sign)[0] in _SPOKEN else " " for sign in signs if not _accent(sign))
    return " ".join("".join(kept).split())


def _accent(sign: str) -> bool:
    return unicodedata.combining(sign) >= _ACCENTS
