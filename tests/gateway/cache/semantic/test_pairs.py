"""The judgement on pairs with somebody else's label; skipped where they are absent, never in CI."""

import os
from functools import lru_cache

import numpy as np
import pytest
from tools.semantic.pairs import Pair, auc, load_pairs, matched, share
from tools.semantic.training import Seen, cross_fitted, look_at, strict_threshold, train

from baton.gateway.cache.semantic.judgement import load_judge
from baton.gateway.cache.semantic.lexicon import load_lexicon
from baton.gateway.cache.semantic.likeness import load_weights
from tests.contracts.recordings import DATA


@lru_cache(maxsize=1)
def _seen() -> tuple[list[Pair], Seen]:
    pairs = load_pairs(DATA)
    return pairs, look_at(pairs, load_lexicon())


@pytest.fixture
def labelled() -> tuple[list[Pair], Seen]:
    """The pairs, read once."""
    if not (DATA / "semantic_pairs.jsonl").is_file():
        message = "no labelled pairs: set BATON_TEST_DATA to a folder that has semantic_pairs.jsonl"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return _seen()


def test_few_different_pairs_are_served_where_half_of_the_same_are(labelled: tuple[list[Pair], Seen]) -> None:
    """On pairs matched by overlap, at the strict threshold: precision 0.95, recall 0.5, wrong 0.03."""
    pairs, seen = labelled
    rows = np.array(matched(pairs))
    found = cross_fitted(seen)
    threshold = strict_threshold(seen.same, found)
    assert len(rows) > 500
    assert share("precision", threshold, seen.same[rows], found[rows]) > 0.95
    assert share("recall", threshold, seen.same[rows], found[rows]) > 0.5
    assert share("wrong", threshold, seen.same[rows], found[rows]) < 0.03


def test_the_order_of_scores_does_not_come_from_overlap(labelled: tuple[list[Pair], Seen]) -> None:
    """Matched by overlap, the score orders 90 % of the pairs rightly before the guard objects."""
    pairs, seen = labelled
    rows = np.array(matched(pairs))
    assert auc(seen.same[rows], cross_fitted(seen, guarded=False)[rows]) > 0.9


def test_what_is_shipped_is_what_training_gives(labelled: tuple[list[Pair], Seen]) -> None:
    """The weights in the package are those of the command that says it writes them."""
    pairs, _ = labelled
    trained, shipped = train(pairs, load_lexicon()), load_weights()
    assert (trained.bias, *trained.signs) == pytest.approx((shipped.bias, *shipped.signs), abs=0.05)
    assert trained.threshold == pytest.approx(shipped.threshold, abs=0.01)


def test_the_judge_gives_the_scores_that_were_measured(labelled: tuple[list[Pair], Seen]) -> None:
    """What is measured row by row is what `compare` answers."""
    pairs, seen = labelled
    judge = load_judge()
    for at in range(0, len(pairs), 25):
        verdict = judge.compare(pairs[at].earlier, pairs[at].later, pairs[at].cosine)
        assert (verdict.score == 0) == bool(seen.objected[at])
