"""Judges rankings on rows that were left out when they were learnt, with thresholds fixed on the others."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tools.gain.fitting import Recipe, fit
from tools.gain.metrics import Numbers, apgr, call_share, interval, per_cost, threshold_for
from tools.gain.outcomes import FOLDS, Outcomes, by_prompt

from baton.gateway.routing.gain.family import Family, Gain
from baton.gateway.routing.gain.reading import read

WANTED = 0.95
"""The share of the strong model's accuracy that a threshold is fixed for."""
POWERS = (0.5, 0.75, 1.0)
"""Of the cost that a gain is divided by: the one that is cheapest on the rows learnt from is taken."""
DRAWS = 400

Folds = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Told:
    """What a method tells of rows, before anybody knows what became of them."""

    gains: Numbers
    """Of the rows judged."""
    before: Numbers
    """Of the rows learnt from, told in the same manner: each by what had not seen it."""
    likeness: Numbers | None = None
    """Of the rows judged, where the method knows it."""


Method = Callable[[Outcomes, Outcomes], Told]
"""From the rows to learn from and the rows to be judged."""


def model(recipe: Recipe) -> Method:
    """What ships, run as it runs there."""

    def told(seen: Outcomes, unseen: Outcomes) -> Told:
        readings = [read(prompt) for prompt in seen.prompts]
        fitted = fit(readings, seen, recipe)
        family = Family.of(fitted.sheet)
        estimates = [estimated(family, prompt) for prompt in unseen.prompts]
        return Told(
            gains=np.array([estimate.gain for estimate in estimates]),
            before=fitted.gains,
            likeness=np.array([estimate.likeness for estimate in estimates]),
        )

    return told


def estimated(family: Family, prompt: str) -> Gain:
    """A family's estimate, however unlike its prompts this one is."""
    reading = read(prompt)
    found = family.find(reading)
    return family.estimate(reading, found, family.likeness(reading, found))


def length(seen: Outcomes, unseen: Outcomes) -> Told:
    """The longer, the more is gained."""
    return Told(unseen.characters, seen.characters)


def baseline(seen: Outcomes, unseen: Outcomes) -> Told:
    """Two logistic regressions on words and pairs of them: P(strong right) - P(weak right)."""

    def gains(known: Outcomes, asked: Outcomes) -> Numbers:
        right = list[Numbers]()
        for outcome in (known.strong, known.weak):
            pipeline = make_pipeline(
                TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
                LogisticRegression(solver="liblinear", random_state=0),
            )
            right.append(pipeline.fit(known.prompts, outcome).predict_proba(asked.prompts)[:, 1])
        return right[0] - right[1]

    folds, before = by_prompt(seen, salt="within "), np.zeros(len(seen))
    for fold in range(FOLDS):
        before[folds == fold] = gains(seen.only(folds != fold), seen.only(folds == fold))
    return Told(gains(seen, unseen), before)


@dataclass(frozen=True, slots=True)
class Judged:
    """A method's word on every row, and what it would have sent to the strong model."""

    outcomes: Outcomes
    gains: Numbers
    by_gain: NDArray[np.bool_]
    """Sent, by a threshold on the gain."""
    by_cost: NDArray[np.bool_]
    """Sent, by a threshold on the gain per cost."""
    likeness: Numbers
    """0 where the method does not know it."""

    def only(self, rows: NDArray[np.bool_]) -> "Judged":
        """The chosen rows."""
        return Judged(
            self.outcomes.only(rows),
            self.gains[rows],
            self.by_gain[rows],
            self.by_cost[rows],
            self.likeness[rows],
        )


def cross_fitted(outcomes: Outcomes, folds: Folds, method: Method, *, costs: bool = True) -> Judged:
    """Each fold is judged by what was learnt from the others, less their contaminated rows. Where `costs` is
    false the method tells an order but no gain, and both thresholds are on that order."""
    gains, likeness = np.zeros(len(outcomes)), np.zeros(len(outcomes))
    by_gain, by_cost = np.zeros(len(outcomes), dtype=bool), np.zeros(len(outcomes), dtype=bool)
    for fold in np.unique(folds):
        rows = folds == fold
        seen, unseen = outcomes.only(~rows & ~outcomes.contaminated), outcomes.only(rows)
        told = method(seen, unseen)
        gains[rows] = told.gains
        if told.likeness is not None:
            likeness[rows] = told.likeness
        by_gain[rows] = told.gains >= threshold_for(told.before, seen.weak, seen.strong, WANTED)
        power = cheapest_power(told.before, seen) if costs else 0.0
        limit = threshold_for(per_cost(told.before, seen.characters, power), seen.weak, seen.strong, WANTED)
        by_cost[rows] = per_cost(told.gains, unseen.characters, power) >= limit
    return Judged(outcomes, gains, by_gain, by_cost, likeness)


def cheapest_power(gains: Numbers, outcomes: Outcomes) -> float:
    """The power of the cost that reaches the wanted accuracy at the lowest cost."""
    costs = outcomes.characters

    def spent(power: float) -> float:
        ranking = per_cost(gains, costs, power)
        limit = threshold_for(ranking, outcomes.weak, outcomes.strong, WANTED)
        return float(costs[ranking >= limit].sum())

    return min(POWERS, key=spent)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the middle 95 % of its bootstrap."""

    value: float
    low: float
    high: float


FIGURES = ("apgr", "cpt50", "cpt80", "cost", "reached", "cost_by_gain", "reached_by_gain")
"""What is told of a method: shares of strong calls, of the all-strong cost by characters, and of the strong
model's accuracy."""


def figures(judged: Judged) -> dict[str, Figure]:
    """All of them; rows are drawn with replacement, what was learnt stays."""
    rng = np.random.default_rng(0)
    count = len(judged.outcomes)
    plain = _values(judged, np.arange(count))
    drawn = [_values(judged, rng.integers(0, count, count)) for _ in range(DRAWS)]
    return {
        name: Figure(plain[at], *interval([values[at] for values in drawn]))
        for at, name in enumerate(FIGURES)
    }


def _values(judged: Judged, rows: NDArray[np.int64]) -> tuple[float, ...]:
    outcomes, gains = judged.outcomes, judged.gains[rows]
    weak, strong = outcomes.weak[rows], outcomes.strong[rows]
    characters = outcomes.characters[rows]

    def sent(by: NDArray[np.bool_]) -> tuple[float, float]:
        right = np.where(by[rows], strong, weak).mean()
        return float(characters[by[rows]].sum() / characters.sum()), float(right / strong.mean())

    return (
        apgr(gains, weak, strong),
        call_share(gains, weak, strong, 0.5),
        call_share(gains, weak, strong, 0.8),
        *sent(judged.by_cost),
        *sent(judged.by_gain),
    )
