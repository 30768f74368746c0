"""The words by which a data policy is required."""

import pytest

from baton.core.data_needs import MOST, NO_DATA_NEEDS, read_data_needs
from baton.core.errors import Invalid


def test_words_are_read_in_any_case() -> None:
    """Each counts once; none requires nothing."""
    found = read_data_needs([" Local", "no-training", "NO-TRAINING", "region:EU-west-1"], "p")
    assert found == {"local", "no-training", "region:eu-west-1"}
    assert read_data_needs([], "p") == NO_DATA_NEEDS


@pytest.mark.parametrize(
    "word",
    ["", "region:", "region:eu west", "region:-eu", "region", "training", "locally", "region:" + "a" * 99],
)
def test_a_word_that_means_nothing_is_refused(word: str) -> None:
    """Or what was to be kept at home would go anywhere, and nobody would know."""
    with pytest.raises(Invalid) as refusal:
        read_data_needs(["local", word], "x-baton-data-needs")
    assert refusal.value.param == "x-baton-data-needs"
    assert "no-training" in refusal.value.message


def test_too_many_are_refused() -> None:
    """Nobody is in so many regions."""
    with pytest.raises(Invalid):
        read_data_needs([f"region:r{each}" for each in range(MOST + 1)], "p")
