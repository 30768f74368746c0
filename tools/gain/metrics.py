"""How good a ranking of prompts is for deciding which of them the strong model shall answer."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def accuracy_curve(ranking: Numbers, weak: Numbers, strong: Numbers) -> Numbers:
    """The share answered rightly when the k highest ranked go to the strong model, for k = 0 to n; where
    prompts are ranked alike, the mean over their orders."""
    order = np.argsort(-ranking, kind="stable")
    gains, ranked = (strong - weak)[order], ranking[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    sizes = np.diff(np.r_[starts, len(ranked)])
    level = np.repeat(np.add.reduceat(gains, starts) / sizes, sizes)
    return (weak.sum() + np.r_[0.0, np.cumsum(level)]) / len(weak)


def apgr(ranking: Numbers, weak: Numbers, strong: Numbers) -> float:
    """Average performance gap recovered: (area under the accuracy over the share of strong calls - weak) /
    (strong - weak). About 0.5 for a random ranking (RouteLLM, ICLR 2025)."""
    curve = accuracy_curve(ranking, weak, strong)
    area = float(np.mean((curve[1:] + curve[:-1]) / 2))
    return (area - float(weak.mean())) / float(strong.mean() - weak.mean())


def call_share(ranking: Numbers, weak: Numbers, strong: Numbers, recovered: float) -> float:
    """CPT: the smallest share of strong calls, 0-1, that recovers this share of the gap between the
    models."""
    curve = accuracy_curve(ranking, weak, strong)
    wanted = weak.mean() + recovered * (strong.mean() - weak.mean())
    return int(np.argmax(curve >= wanted - 1e-12)) / len(weak)


def threshold_for(ranking: Numbers, weak: Numbers, strong: Numbers, share: float) -> float:
    """The highest threshold at which those ranked at least that high, sent to the strong model, reach this
    share of its accuracy."""
    curve = accuracy_curve(ranking, weak, strong)
    calls = int(np.argmax(curve >= share * strong.mean() - 1e-12))
    return float("inf") if calls == 0 else float(np.sort(ranking)[::-1][calls - 1])


def per_cost(gain: Numbers, cost: Numbers, power: float) -> Numbers:
    """Gain per cost: over a power of it where there is a gain, times it where asking would do harm."""
    scale = cost**power
    return np.where(gain > 0, gain / scale, gain * scale)


def interval(drawn: list[float]) -> tuple[float, float]:
    """The middle 95 % of what was drawn."""
    low, high = np.quantile(np.array(drawn), (0.025, 0.975))
    return float(low), float(high)
