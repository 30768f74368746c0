"""Tiers: their names, and their figures as records."""

import pytest

from baton.catalog.tiers import DEFAULT_TIERS, Tier, packaged_tiers, tiers_kind
from baton.core.errors import Invalid, NotFound


def test_a_tier_is_found_by_any_of_its_names() -> None:
    """In any case; others are named in the refusal, as an address or as a field."""
    assert [DEFAULT_TIERS.resolve(word) for word in ("PRO", "premium", " Enterprise ")] == [
        "pro",
        "expert",
        "master",
    ]
    with pytest.raises(NotFound, match="free, pro, expert, master"):
        DEFAULT_TIERS.find("gold")


def test_every_tier_comes_with_figures_that_can_be_stored() -> None:
    """So that no user is without limits because nobody has set any."""
    kind = tiers_kind(DEFAULT_TIERS)
    assert [kind.checked_key(tier) for tier in packaged_tiers()] == list(DEFAULT_TIERS.names)


@pytest.mark.parametrize(
    "wrong",
    [
        Tier(name="gold", retries=2),
        Tier(name="premium", retries=2),
        Tier(name="pro", retries=11),
        Tier(name="pro", retries=2, requests_per_minute=0),
    ],
)
def test_what_is_no_tier_is_not_stored(wrong: Tier) -> None:
    """No further names, none of the other words, no limit of nothing."""
    with pytest.raises(Invalid):
        tiers_kind(DEFAULT_TIERS).checked_key(wrong)
