"""What the model looks at: words, and marks (cues, pairs of cues, how sentences begin, shapes)."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from msgspec import Struct

from baton.gateway.routing.tasks.cues import Cue
from baton.gateway.routing.tasks.rules import votes
from baton.gateway.routing.tasks.shape import shapes_of
from baton.gateway.routing.tasks.words import Passage

_LONGEST_WORD = 24
"""Longer runs are scripts without blanks, or noise: their cues are found otherwise."""

_STEM_CHARS = 4


class Features(Struct, frozen=True):
    """Of one prompt: each that it has, once."""

    words: set[str]
    """Words, and pairs of neighbours in what is asked."""
    marks: set[str]
    single: frozenset[str]
    """The words without the pairs."""
    votes: tuple[float, ...]
    """Of the rules, for each type of task."""


def features_of(passage: Passage, cues: Sequence[Cue]) -> Features:
    """All of them, whether the model knows them or not."""
    words = set(passage.distinct)
    for sentence in passage.sentences:
        words.update(map(" ".join, pairwise(sentence)))
    marks = set(shapes_of(passage))
    marks.update(_cue_marks(cues))
    marks.update(_beginnings(passage))
    return Features(words=words, marks=marks, single=passage.distinct, votes=votes(cues))


def _cue_marks(cues: Sequence[Cue]) -> Iterator[str]:
    senses = sorted({cue.sense for cue in cues})
    for sense in senses:
        yield f"cue {sense}"
    for one, other in combinations(senses, 2):
        yield f"cue {one} {other}"
    for cue in cues:
        if cue.opens:
            yield f"cue ^{cue.sense}"


def _beginnings(passage: Passage) -> Iterator[str]:
    # The first sentence mostly says what is wanted; as marks, its words keep their weight in a long prompt.
    if passage.sentences:
        first, last = passage.sentences[0], passage.sentences[-1]
        yield f"^{first[0]}"
        yield f"^{' '.join(first[:2])}"
        yield f"${last[0]}"
        for word in first:
            yield f"first {word}"
            if len(word) > _STEM_CHARS:
                yield f"first {word[:_STEM_CHARS]}-"
