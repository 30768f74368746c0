"""Whether the answer to an earlier request may be given to a later one."""

from itertools import islice

from msgspec import Struct

from baton.gateway.cache.semantic.guard import objections, remarks
from baton.gateway.cache.semantic.lexicon import Lexicon, load_lexicon
from baton.gateway.cache.semantic.likeness import Weights, likelihood, load_weights, signs_of
from baton.gateway.cache.semantic.pairing import pair
from baton.gateway.cache.semantic.reading import Reader, Reading

MOST_REASONS = 4


class Verdict(Struct, frozen=True):
    """What was found of a pair of texts."""

    same: bool
    """No objection, and at least the shipped threshold."""
    score: float
    """0-1, comparable with a threshold of a use case's own; 0 where the guard objects."""
    because: tuple[str, ...]
    """Objections with the words that differ, or what spoke for it."""


class Judge:
    """Compares texts; pure, the same for the same, and safe in threads."""

    def __init__(self, lexicon: Lexicon, weights: Weights) -> None:
        self._lexicon = lexicon
        self._weights = weights
        self._reader = Reader(lexicon)

    @property
    def threshold(self) -> float:
        """The least score that is served where a use case says nothing else."""
        return self._weights.threshold

    def read(self, text: str) -> Reading:
        """To be kept beside an entry: it is half of the work of comparing."""
        return self._reader.read(text)

    def compare(self, earlier: str, later: str, cosine: float) -> Verdict:
        """`cosine`: of the two texts' embeddings, -1 to 1."""
        return self.weigh(self.read(earlier), self.read(later), cosine)

    def weigh(self, earlier: Reading, later: Reading, cosine: float) -> Verdict:
        """As `compare`, of texts that have been read."""
        if earlier.text.strip() == later.text.strip():
            return Verdict(True, 1.0, ("to the letter the same",))
        against = tuple(objections(earlier, later))
        if against:
            return Verdict(False, 0.0, against)
        if earlier.dense:
            return self._scored(1.0, "the same but for politeness")
        pairing = pair(earlier, later, self._lexicon)
        found = tuple(islice(remarks(pairing), MOST_REASONS))
        if any(remark.certain for remark in found):
            return Verdict(False, 0.0, tuple(remark.text for remark in found if remark.certain))
        score = likelihood(signs_of(pairing, cosine, len(found)), self._weights)
        return self._scored(score, f"cosine {cosine:.3f}", *(f"doubt: {remark.text}" for remark in found))

    def _scored(self, score: float, *because: str) -> Verdict:
        return Verdict(score >= self._weights.threshold, score, because)


def load_judge() -> Judge:
    """With what is shipped; reads three files, some tens of milliseconds."""
    return Judge(load_lexicon(), load_weights())
