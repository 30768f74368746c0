"""How far scorer and reviewers agree."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from baton.quality.agreement import GRADES, LEAST_PAIRS, Agreement, Grade, agreement
from baton.quality.verdict import Verdict

PAIRS = st.lists(st.tuples(st.sampled_from(Grade), st.sampled_from(Grade)), min_size=1, max_size=80)


@given(PAIRS)
def test_kappa_is_what_others_reckon(pairs: list[tuple[Grade, Grade]]) -> None:
    """The figure is scikit-learn's linear kappa wherever that has one."""
    ours = agreement(pairs)
    one, other = zip(*pairs, strict=True)
    if len({*one, *other}) == 1:
        assert ours.kappa is None
        return
    theirs = cohen_kappa_score(one, other, labels=list(Grade), weights="linear")
    assert ours.kappa == pytest.approx(theirs, abs=1e-9)


@given(PAIRS)
def test_intervals_hold_their_figure(pairs: list[tuple[Grade, Grade]]) -> None:
    """Each lies around its figure and within what is possible; who is asked first does not matter."""
    said = agreement(pairs)
    assert said.pairs == len(pairs)
    assert said.share is not None
    assert said.share_low is not None
    assert said.share_high is not None
    assert -1e-9 <= said.share_low <= said.share + 1e-9
    assert said.share - 1e-9 <= said.share_high <= 1 + 1e-9
    assert (said.kappa_low is not None) == (said.kappa is not None and len(pairs) >= LEAST_PAIRS)
    if said.kappa is not None and said.kappa_low is not None and said.kappa_high is not None:
        assert -1 <= said.kappa_low <= said.kappa <= said.kappa_high <= 1
    turned = agreement((other, one) for one, other in pairs)
    assert turned.kappa == (None if said.kappa is None else pytest.approx(said.kappa))
    assert turned.share == said.share


def test_nothing_is_said_of_nothing() -> None:
    """No pairs, no figure."""
    assert agreement([]) == Agreement(pairs=0)


def test_perfect_agreement_of_few_is_no_certainty() -> None:
    """Ten equal grades of each kind are a kappa of 1, whose interval has room below."""
    said = agreement([(grade, grade) for grade in Grade for _ in range(10)])
    assert said.kappa == 1
    assert said.kappa_low is not None
    assert 0.7 < said.kappa_low < 0.97
    assert said.share_low is not None
    assert said.share_low < 0.9


def test_a_neighbour_is_nearer_than_the_other_end() -> None:
    """Who takes a bad output for a middling one disagrees less than who takes it for a good one."""
    same = [(Grade.GOOD, Grade.GOOD), (Grade.BAD, Grade.BAD), (Grade.MIDDLING, Grade.MIDDLING)] * 5
    near = agreement([*same, (Grade.BAD, Grade.MIDDLING)])
    far = agreement([*same, (Grade.BAD, Grade.GOOD)])
    assert near.kappa is not None
    assert far.kappa is not None
    assert near.kappa > far.kappa
    assert near.share == far.share


def drawn(rng: random.Random, truth: float) -> list[tuple[Grade, Grade]]:
    """Sixty outputs, whose reviewer grades as the scorer does in this share of them, else anyhow."""
    grades = list(Grade)
    pairs: list[tuple[Grade, Grade]] = []
    for _ in range(60):
        one = rng.choice(grades)
        pairs.append((one, one if rng.random() < truth else rng.choice(grades)))
    return pairs


@pytest.mark.parametrize("truth", [0.0, 0.4, 0.8])
def test_the_interval_of_kappa_covers_the_truth(truth: float) -> None:
    """Where a reviewer copies the scorer in a known share, which is then kappa, 95 % of intervals hold it:
    of 600 seeded draws at least 92 %."""
    rng = random.Random(7)
    runs = [agreement(drawn(rng, truth)) for _ in range(600)]
    hits = 0
    for said in runs:
        assert said.kappa_low is not None
        assert said.kappa_high is not None
        hits += said.kappa_low <= truth <= said.kappa_high
    assert hits / len(runs) >= 0.92


def test_every_verdict_has_a_grade_but_unscored() -> None:
    """What nobody scored is compared with nothing."""
    assert set(Verdict) - set(GRADES) == {Verdict.UNSCORED}
