"""How much quality, cost and availability count, and which models suit which work; edited at run time."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.model import Fraction
from baton.core.errors import Invalid
from baton.core.profile import Profile
from baton.core.task import TaskType
from baton.records.kind import RecordKind

DEFAULT = "default"
"""The weighing of every profile that has none of its own."""

_SUMS_TO = 1.0
_TOLERANCE = 1e-6
_MOST_POINTS = 11
_MOST_BOOSTS = 200
_USUAL_COMPLEXITY = 0.5
"""Of a request of which it is not known."""

_THRIFT = 0.5
"""The share of quality's weight that goes over to cost as a budget comes to its end."""


class Weights(Struct, frozen=True, kw_only=True):
    """How much each score counts; they add up to 1."""

    quality: float = 0.4
    cost: float = 0.3
    availability: float = 0.3


class WeightPoint(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The weights at one complexity; between two points they lie between those of both."""

    complexity: Fraction
    quality: Fraction
    cost: Fraction
    availability: Fraction


class Boost(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How much better than its row says a provider, or one model of it, is at some work; or worse."""

    task: TaskType
    model: Annotated[str, Meta(min_length=1, max_length=255)]
    """A provider's name, or `provider/name`."""
    quality: Annotated[float, Meta(ge=-1, le=1)]


class Weighing(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """All of it, for one profile or by default."""

    name: str = DEFAULT
    points: Annotated[tuple[WeightPoint, ...], Meta(min_length=1, max_length=_MOST_POINTS)] = (
        WeightPoint(complexity=0.0, quality=0.2, cost=0.5, availability=0.3),
        WeightPoint(complexity=0.5, quality=0.4, cost=0.3, availability=0.3),
        WeightPoint(complexity=1.0, quality=0.6, cost=0.1, availability=0.3),
    )
    """By rising complexity."""
    priority: Fraction = 0.25
    """How far a row's priority can move the final score, up or down."""
    boosts: Annotated[tuple[Boost, ...], Meta(max_length=_MOST_BOOSTS)] = ()

    def at(self, complexity: float | None, pressure: float = 0.0) -> Weights:
        """The weights for a request. `pressure`: how near a budget of its is to its end, 0 (far) … 1."""
        weights = _between(self.points, _USUAL_COMPLEXITY if complexity is None else complexity)
        if not pressure:
            return weights
        moved = _THRIFT * pressure * weights.quality
        return Weights(
            quality=weights.quality - moved,
            cost=weights.cost + moved,
            availability=weights.availability,
        )


USUAL = Weighing()
"""Where nobody says it otherwise: nobody is boosted."""


def weighings_kind() -> RecordKind[Weighing]:
    """The kind `routing_weights`; its key is a profile's name, or `default`."""
    return RecordKind(name="routing_weights", type=Weighing, key=lambda each: each.name, check=_check)


def packaged_weighings() -> tuple[Weighing, ...]:
    """Those that a new installation starts with; reads one file, so call it at start."""
    data = files("baton.gateway.routing.rules").joinpath("data/weights.json")
    return weighings_kind().decode_all(data.read_bytes())


def _check(weighing: Weighing) -> None:
    names = [DEFAULT, *(profile.value for profile in Profile)]
    if weighing.name not in names:
        raise Invalid(f"There are weights for {', '.join(names)}.", param="name")
    places = [point.complexity for point in weighing.points]
    if places != sorted(set(places)):
        raise Invalid("The complexities of the points must rise.", param="points")
    for index, point in enumerate(weighing.points):
        if abs(point.quality + point.cost + point.availability - _SUMS_TO) > _TOLERANCE:
            raise Invalid("The three weights must add up to 1.", param=f"points[{index}]")
    boosted = [(boost.task, boost.model) for boost in weighing.boosts]
    for index, each in enumerate(boosted):
        if each in boosted[:index]:
            raise Invalid(f"{each[1]} is boosted twice for {each[0].value}.", param=f"boosts[{index}]")


def _between(points: Sequence[WeightPoint], complexity: float) -> Weights:
    """Linear between two points, flat beyond the outer ones."""
    below = above = points[0]
    for point in points:
        above = point
        if point.complexity >= complexity:
            break
        below = point
    span = above.complexity - below.complexity
    if span <= 0 or complexity >= above.complexity:
        return Weights(quality=above.quality, cost=above.cost, availability=above.availability)
    share = (complexity - below.complexity) / span
    return Weights(
        quality=below.quality + share * (above.quality - below.quality),
        cost=below.cost + share * (above.cost - below.cost),
        availability=below.availability + share * (above.availability - below.availability),
    )
