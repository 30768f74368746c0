"""Which interactions are judged."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.errors import Invalid
from baton.core.ids import UuidV7
from baton.quality.sampling import Sampling

IDS = [f"0197c6a0-0000-7000-8000-{each:012x}" for each in range(5000)]
SHARES = st.floats(0, 1)


def drawn(sampling: Sampling, use_case: str | None = "chat") -> set[str]:
    """Those of a use case that are judged."""
    return {each for each in IDS if sampling.is_drawn(each, use_case)}


@given(SHARES, SHARES, st.text())
def test_a_growing_share_keeps_what_it_had(one: float, other: float, interaction: str) -> None:
    """What is drawn by a share is drawn by every larger one, in whichever process it is asked."""
    low, high = sorted((one, other))
    by_low = Sampling(b"key", {"chat": low}).is_drawn(interaction, "chat")
    by_high = Sampling(b"key", {"chat": high}).is_drawn(interaction, "chat")
    assert by_high or not by_low


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_as_many_are_drawn_as_was_wished(share: float) -> None:
    """The share of ids drawn is the share asked for, within five standard deviations."""
    spread = sqrt(share * (1 - share) / len(IDS))
    assert abs(len(drawn(Sampling(b"key", {"chat": share}))) / len(IDS) - share) < 5 * spread


def test_none_and_all_are_exact() -> None:
    """A share of 0 draws nothing, of 1 everything."""
    assert drawn(Sampling(b"key", {"chat": 0.0})) == set()
    assert drawn(Sampling(b"key", {"chat": 1.0})) == set(IDS)


def test_each_use_case_has_its_own_share() -> None:
    """Those without one, and requests without a use case, have the default."""
    sampling = Sampling(b"key", {"chat": 1.0, "code": 0.0}, default=0.5)
    assert drawn(sampling, "chat") == set(IDS)
    assert drawn(sampling, "code") == set()
    assert drawn(sampling, "other") == drawn(sampling, None)
    assert 0.4 < len(drawn(sampling, None)) / len(IDS) < 0.6


def test_another_key_draws_others() -> None:
    """Who does not know the key does not know which of their requests are looked at."""
    one, other = (drawn(Sampling(key, {"chat": 0.5})) for key in (b"one", b"other"))
    assert 0.4 < len(one & other) / len(one) < 0.6


def test_ids_as_they_are_made_are_drawn_evenly() -> None:
    """Ids of the same moment differ in few characters; the draw does not see it."""
    make = UuidV7(wall_ns=lambda: 1_700_000_000_000_000_000)
    sampling = Sampling(b"key", {}, default=0.5)
    hits = sum(sampling.is_drawn(make(), None) for _ in range(4000))
    assert abs(hits / 4000 - 0.5) < 5 * sqrt(0.25 / 4000)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), float("inf")])
def test_what_is_no_share_is_refused(share: float) -> None:
    """With the name of the use case, before anything is drawn by it."""
    with pytest.raises(Invalid) as refused:
        Sampling(b"key", {"chat": share})
    assert refused.value.param == "chat"
    with pytest.raises(Invalid):
        Sampling(b"key", {}, default=share)
