"""What a judge gives."""

from msgspec import Struct

LEAST, MOST = 0, 100
"""Bounds of each score, inclusive."""


class Scores(Struct, frozen=True, kw_only=True):
    """How good an output is, 0-100 each."""

    completeness: int
    coherence: int
    actionability: int

    @property
    def overall(self) -> float:
        """Their mean; whatever the judge made of it."""
        return sum(self.each) / len(self.each)

    @property
    def each(self) -> tuple[int, int, int]:
        """All three."""
        return self.completeness, self.coherence, self.actionability
