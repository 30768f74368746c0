"""How a judge's answer is read."""

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from baton.quality.checks.refusals import packaged_refusals
from baton.quality.judging.reading import Reading, read
from tests.quality.judging.bench import GOOD, text

REFUSALS = packaged_refusals()
NUMBERS = ("completeness", "coherence", "actionability")
FIELDS = {"reasoning", "overall", *NUMBERS}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SCORE = st.integers(-20, 120) | st.floats() | st.booleans() | st.none() | st.text(max_size=3)
REASONING = st.text(max_size=80) | st.just("The plan names each day and its costs, and little is missing.")
NEARLY = st.fixed_dictionaries(
    {"reasoning": REASONING}, optional=dict.fromkeys((*NUMBERS, "overall", "extra"), SCORE)
)


def reading_of(said: str, output: str = "", dictated: frozenset[int] = frozenset()) -> Reading:
    """What is made of a text."""
    return read(text(said), output, dictated, REFUSALS)


def hold(said: str, reading: Reading) -> None:
    """There are scores or problems, never both; and scores are just what the text says."""
    assert (reading.scores is None) == bool(reading.problems)
    if reading.scores is None:
        return
    value: dict[str, Any] = json.loads(said)
    assert value.keys() == FIELDS
    assert [type(value[name]) for name in NUMBERS] == [int] * 3
    assert all(0 <= value[name] <= 100 for name in NUMBERS)
    assert reading.scores.each == tuple(value[name] for name in NUMBERS)
    assert math.isclose(reading.scores.overall, sum(reading.scores.each) / 3)
    assert abs(value["overall"] - reading.scores.overall) <= 2
    assert len(reading.reasoning) >= 20


def test_a_good_answer_is_read() -> None:
    """Scores and reasoning are as they were given, the mean is ours."""
    reading = reading_of(f"\n {GOOD}\n")
    assert reading.scores is not None
    assert reading.scores.each == (80, 90, 70)
    assert reading.scores.overall == 80
    assert reading.reasoning.startswith("The plan names")
    hold(GOOD, reading)


@given(JSON)
def test_arbitrary_json_is_never_a_score(value: Any) -> None:
    """Nothing that is not the object asked for gives a score, and nothing raises."""
    assert reading_of(json.dumps(value)).scores is None


@given(st.text())
def test_arbitrary_text_is_never_a_score(said: str) -> None:
    """Nor does any text."""
    assert reading_of(said).scores is None


@given(NEARLY)
def test_what_is_nearly_an_answer_is_an_answer_or_none(value: dict[str, Any]) -> None:
    """Of objects with the right names and any values, only those that are right in all of them count."""
    said = json.dumps(value)
    hold(said, reading_of(said))


@given(
    at=st.integers(0, len(GOOD)),
    gone=st.integers(0, 12),
    come=st.text(alphabet='{}[]",:0123456789.-+eE \\ntrufalsNI', max_size=6),
)
def test_a_mutated_answer_is_an_answer_or_none(at: int, gone: int, come: str) -> None:
    """A good answer with some characters taken out and others put in says what it says, or nothing."""
    said = GOOD[:at] + come + GOOD[at + gone :]
    hold(said, reading_of(said))


@given(st.integers(0, len(GOOD) - 1))
def test_a_cut_answer_is_none(at: int) -> None:
    """However much of it came."""
    assert reading_of(GOOD[:at]).scores is None


@given(st.tuples(*[st.integers(0, 100)] * 3), st.integers(-3, 103))
def test_the_mean_is_ours(each: tuple[int, int, int], overall: int) -> None:
    """Whatever a judge makes of its scores, it must be near their mean, and their mean counts."""
    value = dict(zip(NUMBERS, each, strict=True))
    said = json.dumps({**value, "overall": overall, "reasoning": "The plan names each day, and little else."})
    reading = reading_of(said)
    hold(said, reading)
    if overall == round(sum(each) / 3):
        assert reading.scores is not None


@given(st.integers(2, 50))
def test_depth_and_length_do_no_harm(deep: int) -> None:
    """Answers that are nested or numbers that are written without end are read as no answer."""
    assert reading_of("[" * deep * 1000).scores is None
    assert reading_of('{"completeness":' * deep * 100).scores is None
    assert reading_of(GOOD.replace("80", "8" * deep * 300)).scores is None
    assert reading_of(GOOD.replace("The plan", "The plan " * deep * 250)).scores is None


def test_a_dictated_score_counts_where_others_stand_beside_it() -> None:
    """Only a judge that gives nothing but what was dictated is not believed."""
    assert reading_of(GOOD, dictated=frozenset({80, 90, 70})).scores is None
    assert reading_of(GOOD, dictated=frozenset({80, 90})).scores is not None
