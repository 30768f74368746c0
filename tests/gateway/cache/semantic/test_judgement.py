"""What holds of every verdict."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.gateway.cache.semantic.judgement import Judge, load_judge
from baton.gateway.cache.semantic.reading import MOST_CHARS

JUDGE = load_judge()
SAID = (
    "cats dogs not from to Paris 5 km the please ? why `x` $ can't und nicht more than 一 != -3 U.S. "
    "https://a.b/c a/b and unable"
)
WORDS = SAID.split()
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
COSINES = st.floats(-1, 1)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, COSINES)
def test_any_two_texts_get_a_verdict(earlier: str, later: str, cosine: float) -> None:
    """Whatever the texts are, nothing is raised, the score is 0-1, and asked again it is the same."""
    verdict = JUDGE.compare(earlier, later, cosine)
    assert 0 <= verdict.score <= 1
    assert verdict.because
    assert verdict.same == (verdict.score >= JUDGE.threshold)
    assert JUDGE.compare(earlier, later, cosine) == verdict


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.floats(-1, 1))
def test_a_text_is_the_same_as_itself(text: str, cosine: float) -> None:
    """The very same text is served, whatever an embedder makes of it."""
    assert JUDGE.compare(text, text, cosine).same


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS)
def test_which_of_two_came_first_does_not_matter_for_what_is_left_over(earlier: str, later: str) -> None:
    """A number, name, unit or negation that only one text has is objected to either way round."""
    plain = ("number", "unit", "identifier", "signs", "language", "text")
    one, other = JUDGE.compare(earlier, later, 1.0), JUDGE.compare(later, earlier, 1.0)
    for kind in plain:
        assert any(each.startswith(kind) for each in one.because) == any(
            each.startswith(kind) for each in other.because
        )


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, COSINES, COSINES)
def test_a_better_cosine_is_never_worse(earlier: str, later: str, one: float, other: float) -> None:
    """The score grows with the cosine, and no cosine gets past an objection."""
    low, high = (JUDGE.compare(earlier, later, cosine).score for cosine in sorted((one, other)))
    assert low <= high
    assert (low == 0) == (high == 0)


@pytest.mark.parametrize(
    ("earlier", "later", "said"),
    [
        ("Give me 5 ideas", "Give me 7 ideas", "number: 5 / 7"),
        ("Is it safe?", "Is it not safe?", "negation: none / not"),
        ("How far is it in km?", "How far is it in miles?", "unit: km / mile"),
        ("Is the bank open on Monday?", "Is the bank open on Sunday?", "day: monday / sunday"),
        ("Lock the door of the house", "Unlock the door of the house", "opposite: lock / unlock"),
        ("Why did it rain so much?", "When did it rain so much?", "question: why / when"),
        ("Fly from Nice to Bari", "Fly from Bari to Nice", "direction: 'nice' behind 'from' / 'to'"),
        ("Does Ann pay Tim?", "Does Tim pay Ann?", "order: 'ann' and 'pay' have changed places"),
    ],
)
def test_an_objection_names_what_differs(judge: Judge, earlier: str, later: str, said: str) -> None:
    """A person who reads the verdict sees which words decided."""
    assert said in judge.compare(earlier, later, 0.99).because


def test_what_is_long_or_code_must_be_the_same_to_the_letter(judge: Judge) -> None:
    """Where words cannot be followed, nothing but the very same text is served."""
    long = "What do you think of this story? " + "It was a dark night. " * (MOST_CHARS // 20)
    code = "Explain this:\n```\nif x:\n    y()\n```"
    for text in (long, code):
        assert judge.compare(text, text, 0.9).same
        assert not judge.compare(text, text.replace("this", "that", 1), 1.0).same
    assert not judge.compare(code, code.replace("    y()", "y()"), 1.0).same


@pytest.mark.parametrize(
    "unit",
    ["a ", "'", "not ", "1,", "a.", "-", "`", "from a to b ", "un", "@a", "wer ", "é", "一", "($€", "a'"],
)
def test_time_grows_with_length_and_no_faster(judge: Judge, unit: str) -> None:
    """No text, however it is made, takes long: a comparison of the longest stays below 50 ms."""
    size = MOST_CHARS // len(unit)
    earlier, later = unit * (size - 1), "b " + unit * (size - 2)
    times: list[float] = []
    for _ in range(3):
        begin = time.perf_counter()
        judge.compare(earlier, later, 0.9)
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.05


def test_a_reading_can_be_kept(judge: Judge) -> None:
    """Comparing what was read before gives what comparing the texts gives."""
    one, other = "How do I boil an egg?", "how do i boil an egg please"
    assert judge.weigh(judge.read(one), judge.read(other), 0.97) == judge.compare(one, other, 0.97)
    assert judge.compare(one, other, 0.97).same
