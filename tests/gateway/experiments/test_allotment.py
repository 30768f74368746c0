"""Which places each arm holds."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.gateway.experiments.allotment import PLACES, Ranges, allotted, places_of

NAMES = ("a", "b", "c", "d")
SHARES = st.dictionaries(st.sampled_from(NAMES), st.integers(0, PLACES // len(NAMES)), min_size=1)


def held(ranges: Ranges) -> set[int]:
    return {place for start, end in ranges for place in range(start, end)}


def whose(allotment: Mapping[str, Ranges]) -> dict[str, set[int]]:
    return {name: held(ranges) for name, ranges in allotment.items()}


@given(st.lists(SHARES, min_size=1, max_size=6))
def test_nobody_is_moved_without_need(steps: list[dict[str, int]]) -> None:
    """Through any changes of shares: each arm holds as many places as it wants, no place is held twice, who
    grows keeps all it had, and who shrinks gets nothing new."""
    allotment: dict[str, Ranges] = {}
    for wanted in steps:
        before, allotment = whose(allotment), allotted(wanted, allotment)
        now = whose(allotment)
        assert {name: len(places) for name, places in now.items()} == wanted
        assert sum(map(len, now.values())) == len(set[int]().union(*now.values()))
        for name, places in now.items():
            was = before.get(name, set())
            assert was <= places or places <= was


def test_a_share_has_two_decimals_at_most() -> None:
    """A hundredth of a percent is one place of 10 000."""
    assert [places_of(each) for each in (0, 0.01, 12.34, 33.33, 100)] == [0, 1, 1234, 3333, PLACES]
    with pytest.raises(ValueError, match=r"0\.001"):
        places_of(0.001)
