"""Reading what models write, and what people ask for."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.errors import Invalid
from baton.pipelines.itinerary.facts import FactCheck
from baton.pipelines.itinerary.plan import Plan, bare
from baton.pipelines.itinerary.reading import Unreadable, read
from baton.pipelines.itinerary.review import Review
from baton.pipelines.itinerary.slot import DAY, Slot
from baton.pipelines.itinerary.wish import Pace, wish_of
from tests.pipelines.itinerary.trips import LISBON

WRITTEN = msgspec.json.encode(LISBON).decode()


@pytest.mark.parametrize(
    "answer",
    [
        WRITTEN,
        f"```json\n{WRITTEN}\n```",
        f"Here is your trip:\n\n```\n{WRITTEN}\n```\nEnjoy it!",
        f"  {WRITTEN}\n\nI left out the castle, as it is closed.",
        WRITTEN.replace('"cost":8.0', '"cost":"8"').replace('"name"', '"placeId":null,"mood":"good","name"'),
    ],
)
def test_harmless_extras_are_passed_over(answer: str) -> None:
    """A fence, a sentence around, an unknown field, a number in quotation marks: the plan is the same."""
    assert read(answer, Plan) == LISBON


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I am sorry, I cannot do that.",
        WRITTEN[:-20],
        WRITTEN + WRITTEN,
        "[" + WRITTEN + "]" * 2 + "{}",
        '{"days": []}',
        '{"days": "two"}',
        '{"days": [{"day": 1}, {"day": 1}]}',
        '{"days": [{"day": 2}, {"day": 1}]}',
        WRITTEN.replace('"cost":8.0', '"cost":-8'),
        WRITTEN.replace('"cost":8.0', '"cost":NaN'),
        WRITTEN.replace('"name":"MAAT"', '"name":""'),
        WRITTEN.replace('"name":"MAAT",', ""),
        '{"a":' * 100_000,
        "word " * 200 + WRITTEN,
    ],
)
def test_what_is_no_plan_is_not_guessed_at(answer: str) -> None:
    """Cut off, twice, none, or with impossible values: it is asked for again, as it may come otherwise."""
    with pytest.raises(Unreadable) as raised:
        read(answer, Plan)
    assert isinstance(raised.value, msgspec.ValidationError)


@pytest.mark.parametrize(
    ("field", "value"),
    [("score", 0), ("score", 11), ("approved", "perhaps"), ("issues", [{"type": "mood"}])],
)
def test_a_review_keeps_to_its_bounds(field: str, value: object) -> None:
    """A score is from 1 to 10, and issues are of the five types."""
    said = {"approved": True, "score": 8}
    assert read(msgspec.json.encode(said).decode(), Review).score == 8
    with pytest.raises(Unreadable):
        read(msgspec.json.encode({**said, field: value}).decode(), Review)


def test_a_confidence_is_between_none_and_all() -> None:
    """A checker that is surer than sure is not read."""
    check = {"name": "x", "verdict": "invalid", "confidence": 1.2}
    with pytest.raises(Unreadable):
        read(msgspec.json.encode({"checks": [check]}).decode(), FactCheck)


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("09:00-10:30", 540, 630),
        ("9 - 11", 540, 660),
        ("9:00 AM – 1:30 pm", 540, 810),
        ("2-4 PM", 840, 960),
        ("11-1 PM", 660, 780),
        ("12 PM to 2 PM", 720, 840),
        ("9h30 - 11h", 570, 660),
        ("14.00–16.00 Uhr", 840, 960),
        ("9時30~11時", 570, 660),
        ("22:30-01:00", 1350, DAY + 60),
        ("20:00-24:00", 1200, DAY),
        ("20:00-00:00", 1200, DAY),
    ],
)
def test_times_are_read_as_they_are_written(text: str, begins: int, ends: int) -> None:
    """In halves of a day or of 24 hours, over midnight, and with the signs of several languages."""
    assert Slot.read(text) == Slot(begins, ends)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "morning",
        "25:00-26:00",
        "09:60-10:00",
        "10:00-10:00",
        "12:00-10:00",
        "08:00-21:00",
        "24:00-24:30",
        "13 PM-2 PM",
    ],
)
def test_impossible_times_are_none(text: str) -> None:
    """What no clock shows, what ends before it begins, and what takes longer than half a day."""
    assert Slot.read(text) is None


@given(st.integers(0, DAY - 1), st.integers(1, 719))
def test_any_time_comes_back(begins: int, minutes: int) -> None:
    """A stretch that ends on its day is read as it is written in 24 hours."""
    ends = begins + minutes
    if ends < DAY:
        text = f"{begins // 60:02}:{begins % 60:02}-{ends // 60:02}:{ends % 60:02}"
        assert Slot.read(text) == Slot(begins, ends)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text: str) -> None:
    """Whatever a model writes, reading it ends with a stretch that is one or with nothing."""
    slot = Slot.read(text)
    assert slot is None or 0 <= slot.begins < slot.ends


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Café  Zentral", "cafe zentral!", True),
        ("MAAT", "Maat", True),
        ("วัดโพธิ์", "วัดพธิ์", False),
        ("カフェ", "カブェ", False),
        ("दिल्ली", "दलाल", False),
        ("Museum A", "Museum B", False),
    ],
)
def test_names_are_the_same_but_for_case_accents_and_signs(one: str, other: str, same: bool) -> None:
    """Scripts in which vowels are marks keep them."""
    assert (bare(one) == bare(other)) is same


def test_a_wish_is_read_with_what_is_usual() -> None:
    """Localness 3, a moderate pace, no limit of money."""
    wish = wish_of(b'{"city": "Lisbon", "days": 30}')
    assert (wish.localness, wish.pace, wish.budget, wish.currency) == (3, Pace.MODERATE, None, "EUR")
    assert wish.told.startswith("Lisbon, 30 days; ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("city", ""),
        ("city", "Lis\nbon"),
        ("days", 0),
        ("days", 31),
        ("localness", 0),
        ("localness", 7),
        ("budget", 0),
        ("budget", -1),
        ("currency", "euro"),
        ("pace", "mad"),
        ("language", "English please"),
        ("mood", "good"),
    ],
)
def test_a_wish_says_which_field_is_wrong(field: str, value: object) -> None:
    """Each bound is held, and an unknown field is a mistake."""
    with pytest.raises(Invalid) as raised:
        wish_of(msgspec.json.encode({"city": "Lisbon", "days": 2, field: value}))
    assert field in (raised.value.param or raised.value.message)
