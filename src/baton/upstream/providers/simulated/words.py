"""Words without meaning, and the cutting of text into the simulated provider's tokens."""

import re
from itertools import islice

from baton.upstream.providers.simulated.dice import Dice

_TEXT = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et "
    "dolore magna aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea "
    "commodo consequat duis aute irure in reprehenderit voluptate velit esse cillum eu fugiat nulla pariatur"
)
_WORDS = tuple(_TEXT.split())
_WORDS_PER_SENTENCE = 9
_LONGEST_TOKEN = 12  # characters; text without spaces is cut too
_TOKEN = re.compile(rf"\s*\S{{1,{_LONGEST_TOKEN}}}|\s+")


def lorem(dice: Dice, count: int) -> str:
    """`count` words in sentences, the same for the same dice."""
    words: list[str] = []
    for position in range(count):
        word = _WORDS[dice.below(len(_WORDS))]
        first, last = position % _WORDS_PER_SENTENCE == 0, (position + 1) % _WORDS_PER_SENTENCE == 0
        word = word.capitalize() if first else word
        words.append(f"{word}." if last or position + 1 == count else word)
    return " ".join(words)


def word(dice: Dice) -> str:
    """One word."""
    return _WORDS[dice.below(len(_WORDS))]


def tokens(text: str, most: int | None = None) -> tuple[str, ...]:
    """The text in tokens, the first `most` of them: joined, they are the text.

    A token is a word of at most 12 characters with the space before it.
    """
    return tuple(found[0] for found in islice(_TOKEN.finditer(text), most))
