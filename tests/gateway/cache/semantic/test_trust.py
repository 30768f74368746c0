"""How often answers given by meaning would have been wrong, and when that is too often."""

import random

import pytest

from baton.gateway.cache.semantic.trust import Trust, share_of


@pytest.mark.parametrize(
    ("wrong", "checked", "low", "high"),
    [(0, 0, 0, 1), (0, 10, 0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1)],
)
def test_the_interval_is_wilsons(wrong: int, checked: int, low: float, high: float) -> None:
    """As tables of it have it."""
    share = share_of(wrong, checked)
    assert (share.low, share.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_a_use_case_that_is_right_is_rarely_doubted_and_one_that_is_wrong_soon() -> None:
    """One in a hundred wrong: under a tenth of those is switched off within 300 checks; one in four: all are,
    and within 40 on average."""
    dice = random.Random(7)

    def doubted_after(rate: float) -> int | None:
        trust = Trust()
        for number in range(1, 301):
            if trust.note("faq", wrong=dice.random() < rate).too_often:
                return number
        return None

    good = [doubted_after(0.01) for _ in range(300)]
    assert sum(each is not None for each in good) < 30
    bad = [doubted_after(0.25) for _ in range(300)]
    assert all(bad)
    assert sum(each or 0 for each in bad) / len(bad) < 40


def test_each_use_case_is_for_itself_and_begins_anew() -> None:
    """Another's mistakes do not count, nor do those before it was believed again."""
    trust = Trust()
    for _ in range(10):
        trust.note("bad", wrong=True)
        trust.note("good", wrong=False)
    assert trust.of("bad").too_often
    assert not trust.of("good").too_often
    trust.restart("bad")
    assert trust.of("bad").checked == 0
    assert trust.use_cases == ["good"]


def test_what_is_doubted_is_given_nothing_until_it_begins_anew() -> None:
    """Also after its checks have turned out well."""
    trust = Trust()
    trust.doubt("user:ada")
    assert trust.doubts("user:ada")
    assert not trust.doubts("user:bob")
    trust.restart("user:ada")
    assert not trust.doubts("user:ada")
