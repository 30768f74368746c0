"""What is read of a prompt."""

from hypothesis import given
from hypothesis import strategies as st

from baton.gateway.routing.tasks.words import CLOSING_CHARS, OPENING_CHARS, passage_of, words_of


@given(st.text())
def test_what_is_read_is_bounded(text: str) -> None:
    """However long the prompt; and no word is empty or has a blank in it."""
    passage = passage_of(text * 50)
    assert len(passage.text) <= 3 * (OPENING_CHARS + CLOSING_CHARS)
    assert all(word and " " not in word for word in passage.words)
    assert passage.distinct == set(passage.words)


def test_beginning_and_end_of_a_long_prompt_are_read() -> None:
    """People say what they want before or behind what it is about."""
    passage = passage_of("Begin here. " + "filler " * 5000 + ". End there.")
    assert {"begin", "end"} <= passage.distinct
    assert passage.sentences[0] == ["begin", "here"]
    assert passage.sentences[-1] == ["end", "there"]


def test_words_are_found_in_any_script() -> None:
    """Lower case, numbers as one word, typographic apostrophes as plain ones."""
    assert words_of("Don’t buy 25 ÄPFEL, купи 3") == ["don't", "buy", "0", "äpfel", "купи", "0"]
    assert words_of("it's 1999") == ["it's", "0"]


def test_an_english_text_with_typographic_signs_reads_as_without() -> None:
    """They are all that keeps it from being ASCII."""
    plain, typographic = 'He said: "it\'s - well - fine..."', "He said: “it’s – well — fine…”"
    assert passage_of(typographic) == passage_of(plain)
