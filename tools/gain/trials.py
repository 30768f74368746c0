"""What is tried: every method on every set, each row judged by what has not seen it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from tools.gain.judging import (
    Figure,
    Judged,
    baseline,
    cross_fitted,
    estimated,
    figures,
    length,
    model,
)
from tools.gain.metrics import accuracy_curve, apgr
from tools.gain.outcomes import GSM8K, MMLU, Numbers, Outcomes, by_prompt, by_subject, recorded
from tools.gain.recipes import RECIPES

from baton.gateway.routing.gain.family import Family, FamilySheet
from baton.gateway.routing.gain.model import LEAST_LIKENESS

UNSEEN = "MMLU, unseen subjects"
OURS, LOGISTIC, LENGTH = "Baton", "two logistic regressions", "length of the prompt"
POINTS = 100


@dataclass(frozen=True, slots=True)
class Trial:
    """One method on one set."""

    set: str
    method: str
    figures: Mapping[str, Figure]
    curve: Numbers
    """Accuracy at 0 to 100 % of strong calls."""
    contaminated: float
    """APGR with the contaminated rows among those judged."""
    likeness: Numbers


def trials() -> list[Trial]:
    """All of them; takes some minutes."""
    tried = list[Trial]()
    sets = (
        ("MMLU", recorded(MMLU), by_prompt),
        (UNSEEN, recorded(MMLU), by_subject),
        ("GSM8K", recorded(GSM8K), by_prompt),
    )
    for name, outcomes, folded in sets:
        folds = folded(outcomes)
        for method, told in ((OURS, model(RECIPES[outcomes.name])), (LOGISTIC, baseline), (LENGTH, length)):
            judged = cross_fitted(outcomes, folds, told, costs=method != LENGTH)
            tried.append(_trial(name, method, judged))
    return tried


def _trial(name: str, method: str, judged: Judged) -> Trial:
    clean = judged.only(~judged.outcomes.contaminated)
    outcomes = clean.outcomes
    curve = accuracy_curve(clean.gains, outcomes.weak, outcomes.strong)
    places = np.rint(np.linspace(0, len(outcomes), POINTS + 1)).astype(int)
    return Trial(
        set=name,
        method=method,
        figures=figures(clean),
        curve=curve[places],
        contaminated=apgr(judged.gains, judged.outcomes.weak, judged.outcomes.strong),
        likeness=clean.likeness,
    )


def transfer(sheet: FamilySheet, asked: Outcomes) -> tuple[float, float]:
    """APGR of one family's estimates on another's prompts, and the share of these that it would take for
    its own."""
    family = Family.of(sheet)
    estimates = [estimated(family, prompt) for prompt in asked.prompts]
    gains = np.array([estimate.gain for estimate in estimates])
    taken = np.mean([estimate.likeness >= LEAST_LIKENESS for estimate in estimates])
    return apgr(gains, asked.weak, asked.strong), float(taken)
