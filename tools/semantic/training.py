"""Fits the weights of the semantic cache's score, so that what the pairs were chosen by is not learnt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from sklearn.model_selection import StratifiedKFold
from tools.semantic.pairs import Figures, Pair

from baton.gateway.cache.semantic.guard import objections, remarks
from baton.gateway.cache.semantic.judgement import Judge
from baton.gateway.cache.semantic.lexicon import Lexicon
from baton.gateway.cache.semantic.likeness import Signs, Weights, signs_of
from baton.gateway.cache.semantic.pairing import pair

FOLDS = 5
MOST_WRONG = 0.01
"""Of the different pairs, so many may be served at the shipped threshold: it is meant to be strict."""

BOUNDS = ((None, None), (0.0, None), (None, -2.0), (None, -2.0), (None, 0.0), (None, -0.5))
"""Of the bias and each sign's weight. Cosine may only speak for a pair, and what differs only against it. The
least weights of differences are set by hand: labels of intents say nothing of them (pairs of
one intent may have other answers), and left to themselves they would say that other words mean the same."""

_OVERLAPS = (0.15, 0.25, 0.35, 0.45, 0.55, 0.65)
_FEWEST = 8
_PENALTY = 0.01
_NO_WEIGHTS = Weights(bias=0.0, signs=(0.0, 0.0, 0.0, 0.0, 0.0), threshold=1.0)


@dataclass(frozen=True)
class Seen:
    """What the judge sees of pairs, row by row."""

    signs: Figures
    same: Figures
    objected: Figures
    """1 where the guard objects."""
    balance: Figures
    """The weight of a row, by which same and different pairs have the same overlaps."""


def look_at(pairs: Sequence[Pair], lexicon: Lexicon) -> Seen:
    """Reads every pair once; nothing here depends on weights."""
    judge = Judge(lexicon, _NO_WEIGHTS)
    rows: list[Signs] = []
    objected: list[bool] = []
    for each in pairs:
        earlier, later = judge.read(each.earlier), judge.read(each.later)
        pairing = pair(earlier, later, lexicon)
        found = list(remarks(pairing))
        certain = any(remark.certain for remark in found) or any(True for _ in objections(earlier, later))
        objected.append(certain)
        rows.append(signs_of(pairing, each.cosine, sum(not remark.certain for remark in found)))
    same = np.array([each.same for each in pairs], dtype=np.float64)
    overlaps = np.array([each.overlap for each in pairs])
    return Seen(np.array(rows), same, np.array(objected, dtype=np.float64), _balance(overlaps, same))


def _balance(overlaps: Figures, same: Figures) -> Figures:
    weights = np.zeros(len(same))
    bins = np.digitize(overlaps, _OVERLAPS)
    for each in range(len(_OVERLAPS) + 1):
        counts = [int(((bins == each) & (same == label)).sum()) for label in (0, 1)]
        if min(counts) < _FEWEST:
            continue  # nobody to compare with
        for label in (0, 1):
            weights[(bins == each) & (same == label)] = min(counts) / counts[label]
    return weights


def fit(seen: Seen, rows: Figures) -> Figures:
    """Bias, then a weight for each sign: logistic, within `BOUNDS`, on the rows that the guard lets pass."""
    kept = rows[(seen.objected[rows] == 0) & (seen.balance[rows] > 0)]
    given = np.column_stack((np.ones(len(kept)), seen.signs[kept]))
    labels, weights = 2 * seen.same[kept] - 1, seen.balance[kept]

    def loss(at: Figures) -> tuple[float, Figures]:
        margin = labels * (given @ at)
        value = float((weights * np.logaddexp(0, -margin)).sum() + _PENALTY * (at[1:] ** 2).sum())
        slope = -(weights * labels / (1 + np.exp(margin))) @ given
        slope[1:] += 2 * _PENALTY * at[1:]
        return value, slope

    start = np.array([-10.0, 12.0, -2.0, -2.0, 0.0, -0.5])
    found = minimize(loss, start, jac=True, bounds=BOUNDS, method="L-BFGS-B")
    return np.asarray(found.x)


def scores(seen: Seen, rows: Figures, weights: Figures) -> Figures:
    """As the judge gives them: 0 where the guard objects."""
    plain = 1 / (1 + np.exp(-(weights[0] + seen.signs[rows] @ weights[1:])))
    return np.where(seen.objected[rows] == 1, 0.0, plain)


def cross_fitted(seen: Seen, *, guarded: bool = True) -> Figures:
    """Every row's score by weights fitted without it; not `guarded`: as if nothing were objected to."""
    if not guarded:
        seen = replace(seen, objected=np.zeros_like(seen.objected))
    found = np.zeros(len(seen.same))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(seen.signs, seen.same):
        found[test] = scores(seen, test, fit(seen, train))
    return found


def strict_threshold(same: Figures, found: Figures) -> float:
    """The least score at which at most `MOST_WRONG` of the different pairs are served."""
    wrong = np.sort(found[same == 0])[::-1]
    return round(float(wrong[int(MOST_WRONG * len(wrong))]) + 1e-4, 4)


def train(pairs: Sequence[Pair], lexicon: Lexicon) -> Weights:
    """What is shipped: fitted on all, with the threshold of the cross-fitted scores."""
    seen = look_at(pairs, lexicon)
    at = [round(float(value), 3) for value in fit(seen, np.arange(len(pairs)))]
    return Weights(
        bias=at[0],
        signs=(at[1], at[2], at[3], at[4], at[5]),
        threshold=strict_threshold(seen.same, cross_fitted(seen)),
    )
