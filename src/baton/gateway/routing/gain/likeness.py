"""How like the recorded prompts of one family a prompt is."""

from bisect import bisect_left
from operator import mul

from msgspec import Struct


class Outlier(Struct, frozen=True):
    """How far from a family's mean a prompt lies, by its shape."""

    offsets: list[float]
    squared: float
    """Mahalanobis's distance in the measures of shape alone, squared."""


class Likeness(Struct, frozen=True):
    """Where a family's prompts lie, in a few measures of shape and in how much of their words it knows."""

    measures: tuple[int, ...]
    """Places in a shape; the shares of known words and of known pairs follow them."""
    mean: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]
    """Lower triangle, row by row: what turns a difference from the mean into independent units (the inverse
    of the covariance's Cholesky factor), so that a length in them is Mahalanobis's distance."""
    distances: tuple[float, ...]
    """Squared, of recorded prompts that were kept aside when the vocabulary was made: evenly spaced
    quantiles, ascending."""

    def by_shape(self, shape: list[float]) -> Outlier:
        """How far out a prompt of that shape lies, whatever its words: in fewer measures, so at most as far
        as with them."""
        offsets = [shape[at] - mean for at, mean in zip(self.measures, self.mean, strict=False)]
        return Outlier(offsets, self._squared(offsets, 0))

    def with_words(self, outlier: Outlier, known: tuple[float, float]) -> float:
        """The share of recorded prompts that lie at least as far out, 0-1: what a conformal test calls p."""
        start = len(outlier.offsets)
        offsets = [*outlier.offsets, known[0] - self.mean[start], known[1] - self.mean[start + 1]]
        return self.share(outlier.squared + self._squared(offsets, start))

    def share(self, squared: float) -> float:
        """The share of recorded prompts whose squared distance is at least this, 0-1."""
        return 1 - bisect_left(self.distances, squared) / len(self.distances)

    def _squared(self, offsets: list[float], start: int) -> float:
        """The part of the squared distance from one row of the whitening on."""
        squared = 0.0
        for row in self.whitening[start : len(offsets)]:
            part = sum(map(mul, row, offsets))
            squared += part * part
        return squared
