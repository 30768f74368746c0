"""Pairs of texts with somebody's word on whether they mean the same, and the measures taken on them."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

Figures = NDArray[np.float64]

MOST_APART = 0.05
"""Between the overlaps of two pairs that are compared as equals."""
ROUNDS = 400


@dataclass(frozen=True)
class Pair:
    """Two texts, the cosine of their embeddings, and the label."""

    earlier: str
    later: str
    same: bool
    source: str
    cosine: float
    overlap: float
    """Of their sets of words: what both have by what either has."""


def load_pairs(data: Path) -> list[Pair]:
    """Of the folder with `semantic_pairs.jsonl` and the vectors beside it."""
    rows = [json.loads(line) for line in (data / "semantic_pairs.jsonl").read_text("utf-8").splitlines()]
    with np.load(data / "semantic_pairs_vectors.npz") as vectors:
        one, other = vectors["a"].astype(np.float64), vectors["b"].astype(np.float64)
    cosines = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    return [
        Pair(row["a"], row["b"], bool(row["same"]), row["source"].split()[0], float(cosine), _overlap(row))
        for row, cosine in zip(rows, cosines, strict=True)
    ]


def _overlap(row: dict[str, str]) -> float:
    one, other = (set(re.findall(r"\w+", row[side].lower())) for side in ("a", "b"))
    return len(one & other) / len(one | other)


def matched(pairs: Sequence[Pair], seed: int = 0) -> list[int]:
    """Indices of as many same as different pairs, each with a partner of the same overlap.

    Without this, what the different pairs were chosen by would be learnt: that overlap means different.
    """
    rng = random.Random(seed)  # noqa: S311 -- nothing depends on its being hard to guess
    same = [index for index, pair in enumerate(pairs) if pair.same]
    free = {index for index, pair in enumerate(pairs) if not pair.same}
    rng.shuffle(same)
    kept: list[int] = []
    for index in sorted(same, key=lambda each: -pairs[each].overlap):
        near = min(free, key=lambda each: abs(pairs[each].overlap - pairs[index].overlap), default=None)
        if near is not None and abs(pairs[near].overlap - pairs[index].overlap) <= MOST_APART:
            free.remove(near)
            kept += [index, near]
    return sorted(kept)


@dataclass(frozen=True)
class Estimate:
    """A figure with the interval that 95 % of resamples fall into."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def auc(same: Figures, scores: Figures) -> float:
    """The share of same and different pairs that the scores put in the right order."""
    return float(roc_auc_score(same, scores))


def wrong_at_half(same: Figures, scores: Figures) -> float:
    """The share of different pairs that are served when the threshold serves half of the same ones.

    Where the guard lets fewer than half of them pass, the threshold is below everything: what is served then.
    """
    threshold = np.sort(scores[same == 1])[::-1][(int((same == 1).sum()) - 1) // 2]
    return float((scores[same == 0] >= threshold).mean())


def share(kind: str, threshold: float, same: Figures, scores: Figures) -> float:
    """At a threshold: `precision`, `recall`, or the `wrong` share of the different pairs that are served."""
    served = scores >= threshold
    if kind == "precision":
        return float(same[served].mean()) if served.any() else 1.0
    return float(served[same == (1 if kind == "recall" else 0)].mean())


def estimate(measure, same: Figures, scores: Figures) -> Estimate:
    rng = np.random.default_rng(0)
    found: list[float] = []
    while len(found) < ROUNDS:
        drawn = rng.integers(0, len(same), len(same))
        if 0 < same[drawn].sum() < len(same):
            found.append(measure(same[drawn], scores[drawn]))
    low, high = np.quantile(found, [0.025, 0.975])
    return Estimate(measure(same, scores), float(low), float(high))
