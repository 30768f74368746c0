"""How likely it is that two texts mean the same, of cosine and of the words that are left over."""

import math
from importlib.resources import files
from typing import NamedTuple

import msgspec
from msgspec import Struct

from baton.gateway.cache.semantic.pairing import Pairing
from baton.gateway.cache.semantic.reading import Kind, Reading

MOST_DOUBTS = 4


class Signs(NamedTuple):
    """What the model sees of a pair. Shares are of all rarity, 0-1."""

    cosine: float
    replaced: float
    """Of words that stand where the other text has others: the smaller of the two sides' left-overs."""
    added: float
    """Of words that one text has and the other has nothing for."""
    lengths: float
    """Absolute logarithm of the ratio of the counts of words."""
    doubts: float
    """What speaks against it without being certain: how many, at most four."""


class Weights(Struct, frozen=True, forbid_unknown_fields=True):
    """A logistic model, and what is served by default. Trained by `python -m tools.semantic train`."""

    bias: float
    signs: tuple[float, float, float, float, float]
    threshold: float
    """The least score that is served where a use case says nothing else."""


def load_weights() -> Weights:
    """What is shipped; reads a file."""
    path = files("baton.gateway.cache.semantic") / "data" / "weights.json"
    return msgspec.json.decode(path.read_bytes(), type=Weights)


def signs_of(pairing: Pairing, cosine: float, doubts: int) -> Signs:
    """In any order of the two, the same."""
    mine = _rarity(pairing, pairing.earlier, pairing.left[0])
    theirs = _rarity(pairing, pairing.later, pairing.left[1])
    shared = _rarity(pairing, pairing.earlier, tuple(at for at, _ in pairing.matched))
    most = shared + max(mine, theirs) or 1.0
    counts = [1 + sum(map(bool, reading.kinds)) for reading in (pairing.earlier, pairing.later)]
    return Signs(
        cosine=cosine,
        replaced=min(mine, theirs) / most,
        added=abs(mine - theirs) / most,
        lengths=abs(math.log(counts[0] / counts[1])),
        doubts=min(doubts, MOST_DOUBTS),
    )


def likelihood(signs: Signs, weights: Weights) -> float:
    """0-1, of the same meaning."""
    total = weights.bias + sum(value * weight for value, weight in zip(signs, weights.signs, strict=True))
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, total))))


def _rarity(pairing: Pairing, reading: Reading, places: tuple[int, ...]) -> float:
    rarity_of = pairing.lexicon.rarity_of
    return sum(rarity_of(reading.words[at]) for at in places if reading.kinds[at] is not Kind.HARMLESS)
