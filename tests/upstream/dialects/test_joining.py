"""Where two providers' texts are one: sent + new == whole, whatever the text and wherever it was cut."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from baton.upstream.dialects.joining import Continuation, Join, Splice

TEXTS = st.text(alphabet=st.sampled_from("ab \n\r\u0308\u200d🦊é漢.,-1"), max_size=60) | st.text(max_size=60)
SEEDS = st.integers(0, 1 << 30)


def pieces_of(text: str, seed: int) -> list[str]:
    """The text in pieces of some length."""
    rng, pieces = random.Random(seed), list[str]()
    while text:
        size = rng.randint(1, 9)
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def heard(join: Join, text: str, seed: int = 0) -> str:
    """All that is new of a text that comes in pieces."""
    new = "".join([join.hear(piece) for piece in pieces_of(text, seed)])
    return new + join.end()


@given(TEXTS, st.integers(0, 60), SEEDS)
def test_the_same_text_goes_on_at_any_place(text: str, cut: int, seed: int) -> None:
    """A splice passes on what is behind the cut, in however many pieces it comes; an empty rest too."""
    sent, join = text[:cut], Splice(text[:cut])
    assert sent + heard(join, text, seed) == text
    assert join.joined
    assert not join.diverged


@given(TEXTS, TEXTS, SEEDS)
def test_another_text_is_never_begun(sent: str, other: str, seed: int) -> None:
    """A text that departs from what was sent, or ends before it does, passes nothing on and says so."""
    assume(not other.startswith(sent))
    join = Splice(sent)
    assert heard(join, other, seed) == ""
    assert join.diverged


@pytest.mark.parametrize("at", [0, 1, 5, 10])
def test_a_splice_departs_at_the_very_character(at: int) -> None:
    """Also at the first, and at the last one that was sent."""
    sent = "The quick f"
    join = Splice(sent)
    assert join.hear(sent[:at]) == ""
    assert not join.diverged
    assert join.hear("#and more") == ""
    assert join.diverged
    assert join.hear(sent) == ""


@given(
    st.lists(
        st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=2, max_size=7).map("".join),
        min_size=2,
        max_size=30,
    ),
    st.data(),
)
def test_a_rest_alone_is_passed_on_as_it_is(words: list[str], data: st.DataObject) -> None:
    """Words that are each there once, cut anywhere, also within one; none goes on as it began."""
    text = " ".join(f"{word}{at}" for at, word in enumerate(words))
    cut = data.draw(st.integers(1, len(text)))
    join = Continuation(text[:cut])
    assert text[:cut] + heard(join, text[cut:], data.draw(SEEDS)) == text
    assert not join.diverged


@given(st.lists(st.text("abcdefgh", min_size=3, max_size=7), min_size=2, max_size=30), st.data())
def test_what_is_said_once_more_is_taken_off(words: list[str], data: st.DataObject) -> None:
    """All of it, or the last words of it from a word's beginning on, as far as it is clear that they are."""
    text = " ".join(f"{word}{at}" for at, word in enumerate(words))
    cut = data.draw(st.integers(1, len(text)))
    sent = text[:cut]
    starts = [0, *(at + 1 for at, char in enumerate(sent) if char == " " and cut - at > 12)]
    start = data.draw(st.sampled_from(starts))
    join = Continuation(sent)
    new = heard(join, text[start:], data.draw(SEEDS))
    assume(start or len(sent) >= 3)
    assume(cut - start <= 240 or not start)
    assert sent + new == text


@pytest.mark.parametrize(
    ("sent", "more", "whole"),
    [
        ("The capital of Fra", "France is Paris.", "The capital of France is Paris."),
        ("The capital of Fra", "nce is Paris.", "The capital of France is Paris."),
        ("It is ", " red.", "It is red."),
        ("It is\n\n", "\nred.", "It is\n\nred."),
        ("It is", " red.", "It is red."),
        ("Ba", "nana", "Banana"),
        ("He said no, ", "no!", "He said no, no!"),
        ("3.1415 1000", "1000", "3.1415 10001000"),
        ("l", "lama", "llama"),
        ("*", "*bold**", "**bold**"),
        ("Sure. First, ", "Sure. First, second.", "Sure. First, second."),
        ("end.", "", "end."),
    ],
)
def test_only_what_is_clearly_a_repetition_is_one(sent: str, more: str, whole: str) -> None:
    """The beginning of a word written again is; a word said twice, digits and marks are not."""
    for seed in range(5):
        join = Continuation(sent)
        assert sent + heard(join, more, seed) == whole


@pytest.mark.parametrize("ends", [True, False])
def test_an_answer_given_anew_in_other_words_is_none_of_the_rest(ends: bool) -> None:
    """It begins as the first one did, for longer than by chance, and departs or ends: a divergence."""
    sent = "Dear reader, in the beginning there was a fox, and it was quick."
    join = Continuation(sent)
    new = heard(join, sent[:40] + ("" if ends else " a hen, and it was slow."), 3)
    assert new == ""
    assert join.diverged
