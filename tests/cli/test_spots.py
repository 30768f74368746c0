"""`baton spots`: against a running Baton."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Run, Start

Spots = Callable[..., Ran]


@pytest.fixture
def spots(run: Run, start: Start) -> Spots:
    """`baton spots …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run("spots", *words, env={"BATON_URL": url})


def test_places_are_listed_set_and_carried_from_file_to_file(spots: Spots, tmp_path: Path) -> None:
    """What is exported comes in again, as CSV and as JSON; one place is set, taken away and brought back."""
    listed = json.loads(spots("list", "--city", "Lisbon", "--json").out)
    assert {each["city"] for each in listed} == {"Lisbon"}
    assert "sample" in spots("list", "--city", "lisbon").out
    for word in ((), ("--csv",)):
        file = tmp_path / "spots"
        file.write_text(spots("export", *word).out, encoding="utf-8")
        assert spots("import", str(file)).out.startswith("0 made, 0 changed, ")
    sheet = tmp_path / "place.json"
    place = {"city": "Porto", "names": {"pt": "Jardim"}, "category": "park", "localness": 4, "source": "me"}
    sheet.write_text(json.dumps(place))
    assert "porto-garden is a park in Porto." in spots("set", "porto-garden", str(sheet)).out
    sheet.write_text(json.dumps(place | {"localness": 5}))
    assert json.loads(spots("set", "porto-garden", str(sheet), "--json").out)["localness"] == 5
    assert "gone" in spots("remove", "porto-garden").out
    assert "as before" in spots("undo", "porto-garden").out


def test_what_cannot_be_done_is_one_sentence(spots: Spots, tmp_path: Path) -> None:
    """A file that is not there, one that is no table, a place that is not there."""
    table = tmp_path / "spots.csv"
    table.write_text("id,mood\na,good\n")
    broken = tmp_path / "spots.json"
    broken.write_text('{"spots": ')
    for words, sentence in (
        (("import", str(tmp_path / "none")), "cannot be read"),
        (("import", str(table)), "There is no column 'mood'"),
        (("import", str(broken)), "is no JSON"),
        (("remove", "nowhere"), "nowhere"),
    ):
        ran = spots(*words)
        assert ran.code == 1
        assert sentence in ran.err
        assert ran.err.count("\n") == 1
