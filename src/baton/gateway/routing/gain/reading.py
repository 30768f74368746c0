"""A prompt as the model reads it: its words, and its shape."""

import re

from msgspec import Struct

from baton.gateway.routing.gain.shape import shape

_WORD = re.compile(r"[a-z]+|[^\sa-z]")
"""A run of letters, or one of anything else: "x^2" and "$40" are told from prose by their signs. Letters
beyond ASCII stand alone: no recorded prompt is in a language that is written with them."""

_CUE = "Answer:"
"""Ends every recorded multiple choice and says nothing about it."""


class Reading(Struct, frozen=True):
    """What is looked at."""

    words: list[str]
    """In lower case, as they come."""
    kinds: frozenset[str]
    """Each of them once."""
    shape: list[float]
    """In the order of `shape.NAMES`."""


def read(prompt: str) -> Reading:
    """Read a prompt; the time grows with its length."""
    text = prompt.strip().removesuffix(_CUE).rstrip()
    words = _WORD.findall(text.lower())
    kinds = frozenset(words)
    return Reading(words=words, kinds=kinds, shape=shape(text, kinds))
