"""Fits the model: a softmax regression over words and marks, kept as bytes."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from tools.tasks.examples import Example

from baton.gateway.routing.tasks.cues import packaged_cues
from baton.gateway.routing.tasks.features import Features, features_of
from baton.gateway.routing.tasks.model import (
    LANES,
    RARITY_UNIT,
    TYPES,
    WEIGHT_ZERO,
    Table,
    TaskModel,
    Trained,
)
from baton.gateway.routing.tasks.words import passage_of

LOOSENESS = 4.0
"""Inverse of the regularisation."""

MARK_WORTH = 0.3
"""A mark's value beside those of words, whose squares add up to 1."""

LEAST_EXAMPLES = 2
"""A term that fewer have is left out."""

ALSO_RIGHT = 0.2
"""The share of an example that its other acceptable types get."""

BY_SOURCE = 0.5
BY_TYPE = 0.5
"""How far rare sources and types are made up for: 0 not at all, 1 in full."""

RIGHT_WHERE_SURE = 0.965
"""What is aimed at when the least probability is chosen from which the model is sure: more than what is
promised, because it is chosen on a sample."""

FOLDS = 5
_LONGEST_TERM = 40
_STEPS = 127


class Case(Struct, frozen=True):
    """An example, read."""

    example: Example
    features: Features


def cases_of(examples: Sequence[Example]) -> list[Case]:
    """Read them as the gateway does."""
    cues = packaged_cues()
    cases: list[Case] = []
    for example in examples:
        passage = passage_of(example.prompt)
        cases.append(Case(example, features_of(passage, cues.found(passage))))
    return cases


def train(cases: Sequence[Case]) -> Trained:
    """A model with the probability from which it is sure, found by cross-fitting on recorded examples."""
    trained = fit(cases)
    asked = [case for case in cases if not case.example.ours]
    best: list[tuple[float, bool]] = []
    for fold in range(FOLDS):
        model = TaskModel(fit([case for case in cases if _fold(case) != fold]))
        best += [judged(model, case) for case in asked if _fold(case) == fold]
    return replace(trained, sure_from=sure_from(best))


def judged(model: TaskModel, case: Case) -> tuple[float, bool]:
    """How probable the most likely type is, and whether it is right."""
    probabilities = model.probabilities(case.features)
    most = max(probabilities)
    return most, TYPES[probabilities.index(most)] in case.example.accept


def sure_from(judgements: Sequence[tuple[float, bool]]) -> float:
    """The least probability above which enough is right."""
    right, found = 0, 1.0
    for count, (probability, good) in enumerate(sorted(judgements, reverse=True), 1):
        right += good
        if right >= RIGHT_WHERE_SURE * count:
            found = probability
    return round(found, 4)


def fit(cases: Sequence[Case]) -> Trained:
    """The model alone; it is sure of everything."""
    words, rarity = _vocabulary([case.features.words for case in cases])
    marks, _ = _vocabulary([case.features.marks for case in cases])
    rows, types, weights = _targets([case.example for case in cases])
    inputs = _inputs(cases, words, marks, rarity)
    regression = LogisticRegression(C=LOOSENESS, max_iter=500)
    regression.fit(inputs[rows], types, sample_weight=weights)
    if len(regression.classes_) != len(TYPES):
        raise ValueError("there must be examples of every type")
    coefficients = regression.coef_.T
    word_weights = coefficients[: len(words)] * rarity[:, None]
    mark_weights = coefficients[len(words) :] * MARK_WORTH
    return Trained(
        words=_table(list(words), word_weights, rarity),
        marks=_table(list(marks), mark_weights, np.zeros(len(marks))),
        bias=[round(float(value), 6) for value in np.ravel(regression.intercept_)],
        sure_from=0.0,
    )


def _fold(case: Case) -> int:
    # Another digit than the one by which prompts are held out when the model is evaluated.
    return case.example.fold // FOLDS % FOLDS


def _vocabulary(found: Sequence[set[str]]) -> tuple[dict[str, int], np.ndarray]:
    counts = Counter(term for terms in found for term in terms)
    kept = sorted(
        term for term, count in counts.items() if count >= LEAST_EXAMPLES and len(term) <= _LONGEST_TERM
    )
    seen = np.array([counts[term] for term in kept], dtype=float)
    return {term: at for at, term in enumerate(kept)}, np.log((1 + len(found)) / (1 + seen)) + 1


def _targets(examples: Sequence[Example]) -> tuple[list[int], list[int], list[float]]:
    """One row for each type that is right."""
    sources = Counter(example.source for example in examples)
    types = Counter(example.accept[0] for example in examples)
    rows: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for row, example in enumerate(examples):
        weight = sources[example.source] ** -BY_SOURCE * types[example.accept[0]] ** -BY_TYPE
        others = len(example.accept) - 1
        for place, task in enumerate(example.accept):
            rows.append(row)
            targets.append(TYPES.index(task))
            share = ALSO_RIGHT / others if place else 1 - ALSO_RIGHT if others else 1.0
            weights.append(weight * share)
    mean = sum(weights) / len(weights)
    return rows, targets, [weight / mean for weight in weights]


def _inputs(
    cases: Sequence[Case], words: dict[str, int], marks: dict[str, int], rarity: np.ndarray
) -> csr_matrix:
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, case in enumerate(cases):
        known = sorted(words[word] for word in case.features.words if word in words)
        length = float(np.sqrt((rarity[known] ** 2).sum())) or 1.0
        columns += known
        values += (rarity[known] / length).tolist()
        marked = sorted(len(words) + marks[mark] for mark in case.features.marks if mark in marks)
        columns += marked
        values += [MARK_WORTH] * len(marked)
        rows += [row] * (len(known) + len(marked))
    return csr_matrix((values, (rows, columns)), shape=(len(cases), len(words) + len(marks)))


def _table(terms: list[str], weights: np.ndarray, rarity: np.ndarray) -> Table:
    scale = float(np.max(np.abs(weights))) / _STEPS
    lanes = np.ones((len(terms), LANES), dtype=np.uint8)
    lanes[:, : len(TYPES)] = np.rint(weights / scale) + WEIGHT_ZERO
    lanes[:, len(TYPES)] = np.minimum(255, np.rint(rarity**2 * RARITY_UNIT))
    return Table(terms=terms, scale=scale, lanes=lanes.tobytes())
