"""A linear model over words and marks that gives each task type its probability, without any library.

Softmax over nine sums. All nine weights of a term lie side by side in one whole number, each in a lane of its
own, so that the sums of a prompt are one `sum` over its terms; this is what makes it fast in Python.
"""

from collections.abc import Iterable
from importlib.resources import files
from itertools import repeat
from math import exp, sqrt

import msgspec
from msgspec import Struct

from baton.core.task import TaskType
from baton.gateway.routing.tasks.features import Features

TYPES = tuple(TaskType)
LANES = len(TYPES) + 2
"""Of a term: its weight for each type, the square of its rarity, and one, to count how many were known."""

WEIGHT_ZERO = 128
"""Weights are kept as whole numbers of 1-255; this one is none."""

RARITY_UNIT = 4.0
"""The square of a word's rarity is kept in quarters."""

VOTE = 0.7
"""What the rules' vote weighs, in log odds, where the model knows few of the words."""

FAMILIAR, STRANGE = 0.2, 0.5
"""With this share of unknown words the vote begins to count, and counts in full. A model knows 92 % of the
words of an English prompt that it has not seen (median; 58 % in one of twenty), 25 % in other languages."""

_LANE_BYTES = 3
"""Room for the sum of 65 000 terms; there are never more than a few hundred."""

_TERM_BYTES = _LANE_BYTES * LANES
_LANE_BITS = 8 * _LANE_BYTES
_NORM, _COUNT = len(TYPES), len(TYPES) + 1


class Table(Struct, frozen=True):
    """The terms of one kind."""

    terms: list[str]
    scale: float
    """What one step of a weight is worth."""
    lanes: bytes
    """`LANES` bytes a term."""


class Trained(Struct, frozen=True):
    """What `tools.tasks train` writes."""

    words: Table
    marks: Table
    bias: list[float]
    """By type, in the order of `TYPES`."""
    sure_from: float
    """The least probability from which the best type is taken as known; found on prompts that the model in
    question had not seen, so that 95 % of what is above is right."""


class TaskModel:
    """Tells types of tasks from features."""

    __slots__ = ("_bias", "_mark_scale", "_marks", "_word_scale", "_words", "sure_from")

    def __init__(self, trained: Trained) -> None:
        self._words = _packed(trained.words)
        self._marks = _packed(trained.marks)
        self._word_scale = trained.words.scale
        self._mark_scale = trained.marks.scale
        self._bias = trained.bias
        self.sure_from = trained.sure_from

    def probabilities(self, features: Features) -> list[float]:
        """By type, in the order of `TYPES`; they add up to 1."""
        words = _lanes(sum(map(self._words.get, features.words, repeat(0))))
        marks = _lanes(sum(map(self._marks.get, features.marks, repeat(0))))
        # Words are scaled to the same length whatever the prompt's; marks count as they are.
        length = sqrt(words[_NORM] / RARITY_UNIT) or 1.0
        word_scale, word_zero = self._word_scale / length, WEIGHT_ZERO * words[_COUNT]
        mark_scale, mark_zero = self._mark_scale, WEIGHT_ZERO * marks[_COUNT]
        sums = [
            bias + (words[at] - word_zero) * word_scale + (marks[at] - mark_zero) * mark_scale
            for at, bias in enumerate(self._bias)
        ]
        if (weight := self._vote_weight(features.single)) > 0:
            sums = [value + weight * vote for value, vote in zip(sums, features.votes, strict=True)]
        most = max(sums)
        odds = [exp(value - most) for value in sums]
        total = sum(odds)
        return [odd / total for odd in odds]

    def _vote_weight(self, single: frozenset[str]) -> float:
        known = sum(map(self._words.__contains__, single))
        unknown = 1 - known / (len(single) or 1)
        return VOTE * min(1.0, max(0.0, (unknown - FAMILIAR) / (STRANGE - FAMILIAR)))

    def telling(self, words: Iterable[str], task: TaskType) -> list[str]:
        """Those words of a prompt that speak for a type, most telling first."""
        shift = _LANE_BITS * TYPES.index(task)
        weighed = ((self._words.get(word, 0) >> shift & 0xFF, word) for word in words)
        return [word for weight, word in sorted(weighed, reverse=True) if weight > WEIGHT_ZERO]


def _packed(table: Table) -> dict[str, int]:
    lanes = bytearray(_LANE_BYTES * len(table.lanes))
    lanes[::_LANE_BYTES] = table.lanes
    starts = range(0, len(lanes), _TERM_BYTES)
    return {
        term: int.from_bytes(lanes[at : at + _TERM_BYTES], "little")
        for term, at in zip(table.terms, starts, strict=True)
    }


def _lanes(total: int) -> list[int]:
    mask = (1 << _LANE_BITS) - 1
    return [total >> shift & mask for shift in range(0, _LANE_BITS * LANES, _LANE_BITS)]


def packaged_model() -> TaskModel:
    """The one that is shipped; reads one file, so call it once.

    Raises:
        msgspec.DecodeError: the file is not what `tools.tasks train` writes.
    """
    data = files("baton.gateway.routing.tasks").joinpath("data/model.msgpack").read_bytes()
    return TaskModel(msgspec.msgpack.decode(data, type=Trained))
