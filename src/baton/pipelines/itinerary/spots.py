"""Places of a city that somebody has verified: data, edited at run time."""

from collections.abc import Iterable
from importlib.resources import files
from typing import Annotated

from msgspec import Meta, Struct

from baton.core.errors import Invalid
from baton.pipelines.itinerary.plan import bare
from baton.pipelines.itinerary.wish import City, Language, Localness, Wish
from baton.records.kind import RecordKind

MOST_FOR_A_TRIP = 15
MOST_LANGUAGES = 40

_Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
_Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^\S(?:[^\x00-\x1f\x7f]*\S)?$")]
_Address = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Coordinates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point on earth, WGS 84, in degrees."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]


class Spot(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One place."""

    id: _Key
    city: City
    names: Annotated[dict[Language, _Name], Meta(min_length=1, max_length=MOST_LANGUAGES)]
    """By language."""
    addresses: Annotated[dict[Language, _Address], Meta(max_length=MOST_LANGUAGES)] = {}
    category: Annotated[str, Meta(min_length=1, max_length=50)]
    localness: Localness
    """1 a famous sight, 6 where only locals go."""
    place_id: Annotated[str, Meta(max_length=200)] | None = None
    """In a directory of places, as `source` says which."""
    hours: Annotated[str, Meta(max_length=500)] | None = None
    coordinates: Coordinates | None = None
    source: Annotated[str, Meta(min_length=1, max_length=200)]
    """Who says so."""
    sample: bool = False
    """Whether it came with Baton, for trying it out."""

    def line(self, language: str) -> str:
        """What a model is told of it, in a language where it has one: name, address, category, hours."""
        parts = [_in(self.names, language), _in(self.addresses, language), self.category, self.hours or ""]
        return ", ".join(part for part in parts if part)


def spots_kind() -> RecordKind[Spot]:
    """The kind `spots`; its key is the spot's id."""
    return RecordKind(name="spots", type=Spot, key=lambda spot: spot.id, check=_check)


def sample_spots() -> tuple[Spot, ...]:
    """Those that come with Baton, each marked as a sample; reads one file, so call it at start."""
    return spots_kind().decode_all(
        files("baton.pipelines.itinerary").joinpath("data/spots.json").read_bytes()
    )


def fitting(spots: Iterable[Spot], wish: Wish) -> tuple[Spot, ...]:
    """Those of the city that are as local as wanted or more; the nearest to that first, at most 15."""
    city = bare(wish.city)
    there = (spot for spot in spots if bare(spot.city) == city and spot.localness >= wish.localness)
    return tuple(sorted(there, key=lambda spot: (spot.localness, spot.id))[:MOST_FOR_A_TRIP])


def _check(spot: Spot) -> None:
    if not bare(spot.city):
        raise Invalid("A city has a name.", param="city")
    if any(not bare(name) for name in spot.names.values()):
        raise Invalid("A place has a name.", param="names")


def _in(texts: dict[str, str], language: str) -> str:
    """In that language, or its kin, or English, or whichever comes first."""
    kin = language.partition("-")[0]
    for each in (language, kin, "en"):
        if each in texts:
            return texts[each]
    return next(iter(texts.values()), "")
