"""Fits one family: four steps, the same whether for shipping or for judging on rows that were left out."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree._tree import Tree as SklearnTree
from tools.gain.outcomes import FOLDS, Numbers, Outcomes, by_prompt

from baton.gateway.routing.gain.family import FamilySheet, Found, HeadSheet, find
from baton.gateway.routing.gain.forest import Tree
from baton.gateway.routing.gain.likeness import Likeness
from baton.gateway.routing.gain.reading import Reading
from baton.gateway.routing.gain.shape import NAMES

SHAPE_WEIGHT = 0.1
"""How much one standard deviation of a measure of shape counts, beside terms whose vector has length one or
so."""
SUBJECT_ROWS = 10
"""A subject's mean is drawn to the whole's as if by this many rows."""
QUANTILES = 400
RATE = 0.025
DEPTH = 3
LIKENESS_MEASURES = {
    "characters": 0.2,
    "long_words": 0.02,
    "digits": 0.01,
    "digit_count": 0.2,
    "capitals": 0.03,
    "signs": 0.01,
    "beyond_ascii": 0.01,
    "sentences": 0.2,
    "stem_lines": 0.3,
    "options": 0.3,
    "option_mean": 0.3,
    "asks": 0.2,
    "ends_in_question": 0.2,
    "common_words": 0.03,
}
"""What tells kinds of prompts apart, and the least that each is taken to vary: one that hardly does among the
recorded prompts makes a prompt that differs unlike them, but not infinitely so."""
KNOWN_FLOORS = (0.03, 0.05)
"""The same for the shares of known words and known pairs."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What may differ between families."""

    strength: float
    """Inverse strength of the penalty of the two logistic regressions."""
    least_rows: int
    """A word or pair is known when this many prompts have it."""
    subject_share: float = 0.0
    trees: int = 0
    """0: what is left over by the linear heads is too little to learn from."""
    unused: frozenset[str] = frozenset()
    """Measures of shape that are not looked at."""

    def used(self) -> Numbers:
        """1 for each measure that is looked at, else 0."""
        return np.array([float(name not in self.unused) for name in NAMES])


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words and pairs, and how rare they are: the logarithm of it, such that a usual prompt's vector has
    length 1."""

    words: dict[str, int]
    pairs: dict[tuple[str, str], int]
    rarity: Numbers

    @classmethod
    def of(cls, readings: list[Reading], least_rows: int) -> "Vocabulary":
        """Those that enough prompts have, in the order of the alphabet."""
        words = Counter(word for reading in readings for word in reading.kinds)
        pairs = Counter(pair for reading in readings for pair in set(pairwise(reading.words)))
        known = sorted(word for word, rows in words.items() if rows >= least_rows)
        joined = sorted(pair for pair, rows in pairs.items() if rows >= least_rows)
        rows = np.array([words[word] for word in known] + [pairs[pair] for pair in joined], dtype=float)
        rarity = np.log((1 + len(readings)) / (1 + rows)) + 1
        return cls(
            words={word: at for at, word in enumerate(known)},
            pairs={pair: at for at, pair in enumerate(joined, len(known))},
            rarity=rarity / np.sqrt(np.average(rarity**2, weights=rows)),
        )

    def matrix(self, readings: list[Reading]) -> csr_matrix:
        """A row for each prompt: a term's rarity over the root of how many known terms the prompt has."""
        places, counts = list[int](), list[int]()
        for reading in readings:
            terms = sorted(self.find(reading).terms)
            places += terms
            counts.append(len(terms))
        sizes = np.array(counts, dtype=int)
        values = self.rarity[places] / np.sqrt(np.repeat(sizes, sizes))
        bounds = np.r_[0, np.cumsum(sizes)]
        return csr_matrix((values, places, bounds), shape=(len(readings), len(self.rarity)))

    def find(self, reading: Reading) -> Found:
        """What it knows of a prompt."""
        return find(self.words, self.pairs, reading)


@dataclass(frozen=True, slots=True)
class Linear:
    """A fitted linear head: over terms, and over the measures of a shape as they are."""

    bias: float
    terms: Numbers
    shape: Numbers

    def scores(self, matrix: csr_matrix, shapes: Numbers) -> Numbers:
        return self.bias + matrix @ self.terms + shapes @ self.shape

    def sheet(self, vocabulary: Vocabulary) -> HeadSheet:
        weights = self.terms * vocabulary.rarity
        scale = float(np.abs(weights).max(initial=0)) / 127 or 1.0
        steps = np.rint(weights / scale).astype(np.int8)
        return HeadSheet(
            bias=round(self.bias, 5), shape=rounded(self.shape, 5), scale=scale, weights=steps.tobytes()
        )


@dataclass(frozen=True, slots=True)
class Heads:
    """The linear part of a family."""

    vocabulary: Vocabulary
    weak: Linear
    strong: Linear
    subject: Linear | None
    share: float

    @classmethod
    def of(cls, readings: list[Reading], outcomes: Outcomes, recipe: Recipe) -> "Heads":
        """Fit them."""
        vocabulary = Vocabulary.of(readings, recipe.least_rows)
        shapes = stacked(readings)
        centre, spread = shapes.mean(axis=0), shapes.std(axis=0) + 1e-9
        scaled = SHAPE_WEIGHT * recipe.used() * (shapes - centre) / spread
        features = hstack([vocabulary.matrix(readings), csr_matrix(scaled)]).tocsr()
        terms = len(vocabulary.rarity)

        def linear(bias: float, weights: Numbers) -> Linear:
            of_shape = SHAPE_WEIGHT * weights[terms:] / spread
            return Linear(bias=bias - float(of_shape @ centre), terms=weights[:terms], shape=of_shape)

        def logistic(right: Numbers) -> Linear:
            model = LogisticRegression(C=recipe.strength, solver="liblinear", random_state=0)
            model.fit(features, right)
            return linear(float(model.intercept_[0]), model.coef_[0])

        subject = None
        if recipe.subject_share:
            model = Ridge(alpha=3, solver="sparse_cg", tol=1e-3).fit(features, of_subjects(outcomes))
            subject = linear(float(model.intercept_), model.coef_)
        return cls(
            vocabulary, logistic(outcomes.weak), logistic(outcomes.strong), subject, recipe.subject_share
        )

    def measured(self, readings: list[Reading]) -> Numbers:
        """Strong, weak, subject's gain and the shape, a row for each prompt."""
        matrix, shapes = self.vocabulary.matrix(readings), stacked(readings)
        strong, weak = (1 / (1 + np.exp(-head.scores(matrix, shapes))) for head in (self.strong, self.weak))
        subject = strong - weak if self.subject is None else self.subject.scores(matrix, shapes)
        return np.column_stack([strong, weak, subject, shapes])

    def linear_gain(self, measured: Numbers) -> Numbers:
        """What the heads say together."""
        plain = measured[:, 0] - measured[:, 1]
        return plain + self.share * (measured[:, 2] - plain)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A family, and what is fixed beforehand from the rows that it was fitted to."""

    sheet: FamilySheet
    gains: Numbers
    """Of those rows, each estimated by heads and a forest that have not seen it."""


def fit(readings: list[Reading], outcomes: Outcomes, recipe: Recipe) -> Fitted:
    """A family. What the forest corrects, and what is usual for a prompt of the family, is learnt from rows
    that the heads and the vocabulary beneath have not seen: folds within these rows."""
    folds = by_prompt(outcomes, salt="within ")
    measured = np.zeros((len(readings), 3 + len(NAMES)))
    shares, linear = np.zeros((len(readings), 2)), np.zeros(len(readings))
    for fold in range(FOLDS):
        outside = np.flatnonzero(folds == fold)
        seen, unseen = chosen(readings, folds != fold), chosen(readings, folds == fold)
        heads = Heads.of(seen, outcomes.only(folds != fold), recipe)
        measured[outside] = heads.measured(unseen) * np.r_[np.ones(3), recipe.used()]
        linear[outside] = heads.linear_gain(measured[outside])
        shares[outside] = [heads.vocabulary.find(reading).shares(reading) for reading in unseen]
    left_over, gains = outcomes.gain - linear, linear.copy()
    if recipe.trees:
        for fold in range(FOLDS):
            inside = folds != fold
            grown = grow(measured[inside], left_over[inside], recipe.trees)
            gains[~inside] += grown.predict(measured[~inside])
    heads = Heads.of(readings, outcomes, recipe)
    vocabulary = heads.vocabulary
    sheet = FamilySheet(
        name=outcomes.name,
        words="\n".join(vocabulary.words),
        pairs="\n".join(" ".join(pair) for pair in vocabulary.pairs),
        weak=heads.weak.sheet(vocabulary),
        strong=heads.strong.sheet(vocabulary),
        subject=None if heads.subject is None else heads.subject.sheet(vocabulary),
        subject_share=recipe.subject_share,
        forest=written(grow(measured, left_over, recipe.trees)) if recipe.trees else (),
        likeness=likeness(stacked(readings), shares),
    )
    return Fitted(sheet, gains)


def grow(measured: Numbers, left_over: Numbers, trees: int) -> GradientBoostingRegressor:
    """Boosted trees for what the linear heads leave over."""
    model = GradientBoostingRegressor(
        n_estimators=trees,
        learning_rate=RATE,
        max_depth=DEPTH,
        min_samples_leaf=60,
        subsample=0.7,
        max_features=0.3,
        init="zero",
        random_state=0,
    )
    return model.fit(measured, left_over)


def written(model: GradientBoostingRegressor) -> tuple[Tree, ...]:
    """Its trees as complete ones: where one ends early, both sides say the same."""
    return tuple(_complete(estimator.tree_) for estimator in model.estimators_[:, 0])


def _complete(tree: SklearnTree) -> Tree:
    measures, thresholds = list[int](), list[float]()
    level = [0]
    for _ in range(DEPTH):
        for node in level:
            leaf = tree.children_left[node] < 0
            measures.append(0 if leaf else int(tree.feature[node]))
            thresholds.append(0.0 if leaf else float(f"{tree.threshold[node]:.6g}"))
        level = [
            int(child) if child >= 0 else node
            for node in level
            for child in (tree.children_left[node], tree.children_right[node])
        ]
    leaves = tuple(round(RATE * float(tree.value[node].item()), 6) for node in level)
    return Tree(tuple(measures), tuple(thresholds), leaves)


def likeness(shapes: Numbers, shares: Numbers) -> Likeness:
    """Where these prompts lie."""
    places = [NAMES.index(name) for name in LIKENESS_MEASURES]
    points = np.column_stack([shapes[:, places], shares])
    mean = points.mean(axis=0)
    covariance = np.cov(points.T) + np.diag(np.square([*LIKENESS_MEASURES.values(), *KNOWN_FLOORS]))
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    squared = (((points - mean) @ whitening.T) ** 2).sum(axis=1)
    return Likeness(
        measures=tuple(places),
        mean=rounded(mean, 6),
        whitening=tuple(rounded(row[: at + 1], 6) for at, row in enumerate(whitening)),
        distances=rounded(np.quantile(squared, np.linspace(0, 1, QUANTILES + 1)[1:]), 3),
    )


def of_subjects(outcomes: Outcomes) -> Numbers:
    """For each row the mean gain of its subject, drawn to the mean of all."""
    gain, overall = outcomes.gain, float(outcomes.gain.mean())
    means = np.zeros(len(outcomes))
    for subject in np.unique(outcomes.subjects):
        rows = outcomes.subjects == subject
        means[rows] = (gain[rows].sum() + SUBJECT_ROWS * overall) / (rows.sum() + SUBJECT_ROWS)
    return means


def stacked(readings: list[Reading]) -> Numbers:
    """Their shapes, a row for each."""
    return np.array([reading.shape for reading in readings])


def chosen(readings: list[Reading], rows: NDArray[np.bool_]) -> list[Reading]:
    """Those of the chosen rows."""
    return [reading for reading, wanted in zip(readings, rows, strict=True) if wanted]


def rounded(values: Numbers, digits: int) -> tuple[float, ...]:
    """As they are written down."""
    return tuple(round(float(value), digits) for value in values)
