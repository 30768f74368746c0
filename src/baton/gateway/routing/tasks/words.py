"""What is read of a prompt, and its words: bounded, however long the prompt is."""

import re
from itertools import chain

from msgspec import Struct

OPENING_CHARS = 700
CLOSING_CHARS = 300
"""Of a prompt, beginning and end are read: people say what they want before or behind what it is about."""

_ASKED_OPENING_CHARS = 280
_ASKED_CLOSING_CHARS = 200
_MOST_SENTENCES = 16

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+")
_ASCII_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+")
_PLAIN = (
    ("’", "'"),
    ("‘", "'"),
    ("“", '"'),
    ("”", '"'),
    ("–", "-"),
    ("—", "-"),
    ("…", "..."),
    ("\u00a0", " "),
)
"""Often the only signs in an English text that are not ASCII, and words of ASCII are found faster."""

_SENTENCE = re.compile(r"[.!?:;。！？：；؟।\n]+")


class Passage(Struct, frozen=True):
    """What is read of a prompt."""

    text: str
    """Its beginning and its end."""
    asked: str
    """Where it most likely says what is wanted: a shorter beginning and end."""
    words: list[str]
    """Of the text, in lower case, those of what is asked first; a number is `0`."""
    distinct: frozenset[str]
    """The words, each once."""
    sentences: list[list[str]]
    """The words of what is asked, sentence by sentence."""


def passage_of(text: str) -> Passage:
    """Read a prompt, in time that does not grow with it."""
    if len(text) > OPENING_CHARS + CLOSING_CHARS:
        text = f"{text[:OPENING_CHARS]}\n{text[-CLOSING_CHARS:]}"
    text = text.strip()
    if not text.isascii():
        for typographic, plain in _PLAIN:
            text = text.replace(typographic, plain)
    asked, between = text, ""
    if len(text) > _ASKED_OPENING_CHARS + _ASKED_CLOSING_CHARS:
        asked = f"{text[:_ASKED_OPENING_CHARS]}\n{text[-_ASKED_CLOSING_CHARS:]}"
        between = text[_ASKED_OPENING_CHARS:-_ASKED_CLOSING_CHARS]
    sentences = [words for part in _SENTENCE.split(asked) if (words := words_of(part))]
    words = [*chain.from_iterable(sentences), *words_of(between)]
    half = _MOST_SENTENCES // 2
    if len(sentences) > _MOST_SENTENCES:
        sentences = sentences[:half] + sentences[-half:]
    return Passage(text=text, asked=asked, words=words, distinct=frozenset(words), sentences=sentences)


def words_of(text: str) -> list[str]:
    """Runs of letters in lower case, and `0` for each number; scripts without blanks come as whole runs."""
    text = text.lower()
    if text.isascii():
        return ["0" if word < ":" else word for word in _ASCII_WORD.findall(text)]
    return ["0" if word.isdecimal() else word for word in _WORD.findall(text.replace("’", "'"))]
