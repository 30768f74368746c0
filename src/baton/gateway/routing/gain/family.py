"""What was learnt from one set of recorded outcomes: the prompts of one family, and how two models did on
them."""

from array import array
from dataclasses import dataclass
from itertools import pairwise, repeat
from math import exp, sqrt
from operator import itemgetter, mul
from typing import Self

from msgspec import Struct

from baton.gateway.routing.gain.forest import Tree, total
from baton.gateway.routing.gain.likeness import Likeness
from baton.gateway.routing.gain.reading import Reading

_NONE = -1
"""The place of a pair that is not known."""


class HeadSheet(Struct, frozen=True, kw_only=True):
    """A linear head, as it is written down."""

    bias: float
    shape: tuple[float, ...]
    """A weight for each measure of a shape."""
    scale: float
    """What one step of a term's weight is worth."""
    weights: bytes
    """A signed byte for each word, then for each pair."""


class FamilySheet(Struct, frozen=True, kw_only=True):
    """A family, as it is written down."""

    name: str
    words: str
    """One a line; their order is that of the weights."""
    pairs: str
    """Of neighbours: one pair a line, a space between the two."""
    weak: HeadSheet
    strong: HeadSheet
    """Log odds that the weak model, the strong model is right."""
    subject: HeadSheet | None
    """The mean gain of the subjects that speak like this, where subjects were recorded."""
    subject_share: float
    """How much of the linear estimate is the subject's, 0-1."""
    forest: tuple[Tree, ...]
    """What the linear estimate leaves over, from (strong, weak, subject's gain, then the shape)."""
    likeness: Likeness


class Gain(Struct, frozen=True):
    """What asking the strong model rather than the weak one is expected to bring."""

    weak_right: float
    strong_right: float
    """Probabilities, 0-1."""
    gain: float
    """Their difference; negative where the weak model did better."""
    likeness: float
    """The share of recorded prompts that are at least as unlike the others, 0-1: low is unusual."""
    family: str
    """Whose outcomes it was learnt from."""


class Found(Struct, frozen=True):
    """What a vocabulary knows of a prompt."""

    terms: list[int]
    """The places of words and of pairs of neighbours, each once."""
    words: int
    """How many of them are words."""

    def shares(self, reading: Reading) -> tuple[float, float]:
        """Of the prompt's different words, and of its pairs, that are known: 0-1."""
        pairs = len(self.terms) - self.words
        return self.words / (len(reading.kinds) or 1), pairs / (len(reading.words) or 1)


def find(words: dict[str, int], pairs: dict[tuple[str, str], int], reading: Reading) -> Found:
    """Look a prompt's words and pairs of neighbours up."""
    kinds = reading.kinds & words.keys()
    joined = {*map(pairs.get, pairwise(reading.words), repeat(_NONE))}
    joined.discard(_NONE)
    return Found(terms=[*map(words.__getitem__, kinds), *joined], words=len(kinds))


@dataclass(frozen=True, slots=True)
class Head:
    """A linear head, ready to be asked."""

    bias: float
    shape: tuple[float, ...]
    scale: float
    weights: tuple[int, ...]
    """The last is of no term, and 0."""

    @classmethod
    def of(cls, sheet: HeadSheet) -> Self:
        """Make it ready."""
        return cls(sheet.bias, sheet.shape, sheet.scale, (*array("b", sheet.weights), 0))

    def score(self, pick: "itemgetter[tuple[int, ...]]", terms: int, shape: list[float]) -> float:
        """The linear sum; terms weigh less the more of them there are. `pick` takes their weights, and twice
        one that is 0."""
        found = sum(pick(self.weights)) * self.scale / sqrt(terms or 1)
        return self.bias + found + sum(map(mul, self.shape, shape))


@dataclass(frozen=True, slots=True)
class Family:
    """A family, ready to be asked."""

    name: str
    words: dict[str, int]
    pairs: dict[tuple[str, str], int]
    weak: Head
    strong: Head
    subject: Head | None
    subject_share: float
    forest: tuple[Tree, ...]
    spread: Likeness

    @classmethod
    def of(cls, sheet: FamilySheet) -> Self:
        """Make it ready."""
        words = sheet.words.split("\n") if sheet.words else []
        pairs = [line.split(" ") for line in sheet.pairs.split("\n")] if sheet.pairs else []
        return cls(
            name=sheet.name,
            words={word: at for at, word in enumerate(words)},
            pairs={(first, second): at for at, (first, second) in enumerate(pairs, len(words))},
            weak=Head.of(sheet.weak),
            strong=Head.of(sheet.strong),
            subject=None if sheet.subject is None else Head.of(sheet.subject),
            subject_share=sheet.subject_share,
            forest=sheet.forest,
            spread=sheet.likeness,
        )

    def find(self, reading: Reading) -> Found:
        """What it knows of a prompt's words."""
        return find(self.words, self.pairs, reading)

    def likeness(self, reading: Reading, found: Found) -> float:
        """How like its prompts this one is, 0-1."""
        return self.spread.with_words(self.spread.by_shape(reading.shape), found.shares(reading))

    def estimate(self, reading: Reading, found: Found, likeness: float) -> Gain:
        """What it expects of a prompt that is this like its own."""
        terms, shape = len(found.terms), reading.shape
        pick = itemgetter(*found.terms, -1, -1)
        weak = _share(self.weak.score(pick, terms, shape))
        strong = _share(self.strong.score(pick, terms, shape))
        gain = strong - weak
        if self.subject is not None:
            subject = self.subject.score(pick, terms, shape)
            gain += self.subject_share * (subject - gain)
            measured = [strong, weak, subject, *shape]
            gain += total(self.forest, measured)
        middle = (weak + strong) / 2
        weak, strong = _clamped(middle - gain / 2), _clamped(middle + gain / 2)
        return Gain(
            weak_right=weak, strong_right=strong, gain=strong - weak, likeness=likeness, family=self.name
        )


def _share(odds: float) -> float:
    return 1 / (1 + exp(-max(-30.0, min(30.0, odds))))


def _clamped(share: float) -> float:
    return max(0.0, min(1.0, share))
