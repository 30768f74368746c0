"""What was observed of models of late, as far as it moves their scores."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

UNKNOWN_AVAILABILITY = 0.8

_CATALOG_WEIGHS = 20.0
"""How many judgements of the usual weight the catalog's quality is worth: so many opposed ones move it half
the way."""


class Seen(NamedTuple):
    """How a model has answered."""

    availability: float
    """0-1."""
    average_ms: float | None = None
    """Of whole answers; None: nothing was answered."""


class Judged(NamedTuple):
    """What was thought of a model's answers."""

    mean: float
    """0-1."""
    weight: float
    """How many judgements of the usual weight that is."""

    def moves(self, quality: float) -> float:
        """What the catalog's quality becomes in the light of it."""
        return (_CATALOG_WEIGHS * quality + self.weight * self.mean) / (_CATALOG_WEIGHS + self.weight)


_NO_SEEN: Mapping[str, Seen] = MappingProxyType({})
_NO_JUDGED: Mapping[str, Judged] = MappingProxyType({})


class Observed(NamedTuple):
    """Both, by `provider/name`; of whom nothing is known, nothing is said."""

    seen: Mapping[str, Seen] = _NO_SEEN
    judged: Mapping[str, Judged] = _NO_JUDGED


NOTHING_OBSERVED = Observed()
