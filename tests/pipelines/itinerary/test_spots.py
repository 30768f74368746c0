"""Verified places, and which of them a trip gets."""

import pytest
from msgspec import structs

from baton.core.errors import Invalid
from baton.pipelines.itinerary.spots import Spot, fitting, spots_kind
from tests.pipelines.itinerary.trips import LISBON_WISH


def spot(key: str, localness: int = 3, city: str = "Lisbon") -> Spot:
    """One, called as its key."""
    return Spot(id=key, city=city, names={"en": key}, category="park", localness=localness, source="a walk")


def test_a_trip_gets_places_as_local_as_wanted_or_more() -> None:
    """Of its city only, however that is spelt; the nearest to the wish first."""
    spots = [spot(f"s{level}", level) for level in (6, 1, 3, 2, 5, 4)]
    spots += [spot("porto", 3, "Porto"), spot("upper", 3, "LISBON")]
    assert [each.id for each in fitting(spots, LISBON_WISH)] == ["s3", "upper", "s4", "s5", "s6"]
    local = structs.replace(LISBON_WISH, localness=5)
    assert [each.id for each in fitting(spots, local)] == ["s5", "s6"]


def test_a_trip_gets_no_more_than_fifteen() -> None:
    """The first of them, the same each time."""
    spots = [spot(f"s{number:02}") for number in range(40)]
    assert [each.id for each in fitting(spots[::-1], LISBON_WISH)] == [
        f"s{number:02}" for number in range(15)
    ]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("pt", "Jardim da Estrela, Praça da Estrela, park, 7-24"),
        ("pt-BR", "Jardim da Estrela, Praça da Estrela, park, 7-24"),
        ("de", "Estrela Garden, Praça da Estrela, park, 7-24"),
    ],
)
def test_a_place_is_told_in_a_language_that_it_has(language: str, line: str) -> None:
    """That of the traveller, its kin, English, or whichever there is."""
    place = structs.replace(
        spot("estrela"),
        names={"en": "Estrela Garden", "pt": "Jardim da Estrela"},
        addresses={"pt": "Praça da Estrela"},
        hours="7-24",
    )
    assert place.line(language) == line


@pytest.mark.parametrize(
    "changes",
    [
        {"localness": 0},
        {"localness": 7},
        {"names": {}},
        {"names": {"English": "x"}},
        {"names": {"en": "***"}},
        {"city": "..."},
        {"id": "No Key"},
        {"source": ""},
    ],
)
def test_a_place_keeps_to_its_bounds(changes: dict[str, object]) -> None:
    """What is out of them is no record."""
    kind = spots_kind()
    assert kind.checked_key(spot("estrela")) == "estrela"
    with pytest.raises(Invalid):
        kind.checked_key(structs.replace(spot("estrela"), **changes))
