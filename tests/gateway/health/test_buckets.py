"""Percentiles out of histograms."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from baton.gateway.health.buckets import bucket_of, percentiles, quantile


@given(
    durations=st.lists(st.integers(0, 900_000), min_size=1, max_size=300),
    share=st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]),
)
def test_a_percentile_is_within_five_percent(durations: list[int], share: float) -> None:
    """Of the duration that has this rank, or a millisecond from it where durations are tiny."""
    truth = sorted(durations)[int(share * (len(durations) - 1))]
    found = quantile(Counter(map(bucket_of, durations)), share)
    assert abs(found - truth) <= 0.05 * truth + 0.1


def test_nothing_has_no_percentiles() -> None:
    """Empty is not zero."""
    assert percentiles({}) is None


def test_histograms_of_two_processes_are_that_of_both() -> None:
    """Adding bucket by bucket gives what one process would have counted."""
    one, other = Counter(map(bucket_of, range(0, 500))), Counter(map(bucket_of, range(500, 1000)))
    assert percentiles(one + other) == percentiles(Counter(map(bucket_of, range(1000))))
