"""Places as JSON and CSV that people keep."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from baton.core.errors import Invalid
from baton.pipelines.itinerary.spot_table import MOST_ROWS, read_csv, read_rows, written_csv
from baton.pipelines.itinerary.spots import Coordinates, Spot, sample_spots, spots_kind
from tests.pipelines.itinerary.test_spots import spot

HEAD = "id,city,category,localness,names.en,addresses.pt,lat,lon,source\n"
GOOD = "estrela,Lisbon,park,3,Estrela Garden,Praça da Estrela,38.714,-9.16,a walk\n"


def test_the_samples_go_out_and_come_in_again() -> None:
    """As JSON and as CSV: nothing is lost."""
    samples = sample_spots()
    assert read_csv(written_csv(samples)) == (samples, ())
    assert read_rows(msgspec.to_builtins(samples)) == (samples, ())


def test_the_samples_are_marked_as_such() -> None:
    """Three cities with 15 to 20 places each, of several kinds, some of them for who wants no sights."""
    samples = sample_spots()
    cities = {each.city: [place for place in samples if place.city == each.city] for each in samples}
    assert len(cities) == 3
    for places in cities.values():
        assert 15 <= len(places) <= 20
        assert {"park", "museum", "market", "viewpoint"} <= {place.category for place in places}
        assert sum(place.localness >= 3 for place in places) >= 10
    assert all(each.sample and each.place_id is None and each.hours is None for each in samples)
    for each in samples:
        spots_kind().checked_key(each)


texts = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)


@given(name=texts, address=texts, source=texts)
def test_any_text_survives_a_table(name: str, address: str, source: str) -> None:
    """Quotes, commas, and what a spreadsheet would take for a formula."""
    try:
        one = structs.replace(spot("a"), names={"en": name}, addresses={"de": address}, source=source)
        spots_kind().checked_key(one)
    except Invalid:
        return
    assert read_csv(written_csv([one])).spots == (one,)


@pytest.mark.parametrize("sign", ["=1+1", "+1", "-1", "@x", "'=1"])
def test_no_cell_is_a_formula(sign: str) -> None:
    """A spreadsheet that opens an export runs nothing."""
    text = written_csv([structs.replace(spot("a"), source=sign)])
    assert f",{sign}" not in text
    assert f",'{sign}," in text
    assert read_csv(text).spots[0].source == sign


def test_csv_is_read_by_its_head() -> None:
    """Columns in any order, empty cells and lines say nothing, a mark at the beginning is passed over."""
    read = read_csv("\ufeff" + HEAD + "\n" + GOOD)
    assert read.wrong == ()
    assert read.spots == (
        Spot(
            id="estrela",
            city="Lisbon",
            category="park",
            localness=3,
            names={"en": "Estrela Garden"},
            addresses={"pt": "Praça da Estrela"},
            coordinates=Coordinates(lat=38.714, lon=-9.16),
            source="a walk",
        ),
    )
    turned = "source,localness,names.en,category,city,id,hours\na walk,3,Estrela,park,Lisbon,estrela,\n"
    assert read_csv(turned).spots[0].hours is None


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("estrela,Lisbon,park,7,Estrela,,,,a walk\n", "localness"),
        ("estrela,Lisbon,park,many,Estrela,,,,a walk\n", "localness"),
        ("estrela,Lisbon,park,3,,,,,a walk\n", None),
        ("No Key,Lisbon,park,3,Estrela,,,,a walk\n", "id"),
        ("estrela,Lisbon,park,3,Estrela,,91,0,a walk\n", "coordinates.lat"),
        ("estrela,Lisbon,park,3,Estrela,,9,,a walk\n", "coordinates"),
        ("estrela,Lisbon,park,3,Estrela,,,,a walk,more\n", None),
    ],
)
def test_each_wrong_row_is_named(row: str, field: str | None) -> None:
    """By its number and field; rows that are right are read beside it, one id once."""
    read = read_csv(HEAD + GOOD + row + GOOD)
    assert [each.id for each in read.spots] == ["estrela"]
    assert [(each.row, each.field) for each in read.wrong] == [(1, field), (2, "id")]


@pytest.mark.parametrize(
    "text", ["id,city,mood\n", "id,id\n", 'id,city\n"broken', "id,names.en\n" + "a,b\n" * (MOST_ROWS + 1)]
)
def test_what_is_no_table_is_refused(text: str) -> None:
    """Unknown columns, twice the same, broken quotes, too many rows."""
    with pytest.raises(Invalid):
        read_csv(text)


def test_too_many_rows_are_refused() -> None:
    """Before any is looked at."""
    rows: list[Any] = [{}] * (MOST_ROWS + 1)
    with pytest.raises(Invalid):
        read_rows(rows)
