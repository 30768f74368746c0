"""Pauses between attempts: quick first, then growing and scattered, never beyond the caller's deadline."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.failures import RULES, Again, Failure, Kind
from baton.gateway.resilience.deadline import STREAM, WHOLE, Deadline, bounded
from baton.gateway.resilience.retry import MAX_STATED_S, RetryPolicy

NO_DEADLINE = Deadline()
KINDS = st.sampled_from(list(Kind))


class Now:
    """A clock that stands still."""

    def wall(self) -> float:
        return 1_000_000.0

    def monotonic(self) -> float:
        return 1_000.0


def pause_s(
    kind: Kind,
    made: int,
    *,
    retries: int = 5,
    deadline: Deadline = NO_DEADLINE,
    stated_s: float | None = None,
) -> float | None:
    failure = Failure(kind=kind, message="boom", retry_after_s=stated_s)
    return RetryPolicy(retries).pause_s(failure, made, deadline, Now(), random.Random(5))


@given(kind=KINDS, retries=st.integers(0, 10), made=st.integers(1, 20))
def test_never_more_often_than_the_number_of_retries(kind: Kind, retries: int, made: int) -> None:
    """Whatever failed, there are at most `retries` + 1 attempts."""
    if made > retries:
        assert pause_s(kind, made, retries=retries) is None


@given(kind=KINDS, made=st.integers(1, 20))
def test_only_what_may_get_better_is_tried_again(kind: Kind, made: int) -> None:
    """The table of failures decides."""
    if RULES[kind].again is Again.NEVER:
        assert pause_s(kind, made) is None


def test_the_first_retry_is_quick() -> None:
    """At once where no connection was made, within a quarter of a second after a 5xx."""
    assert pause_s(Kind.CONNECT, 1) == 0
    quick_s = pause_s(Kind.SERVER, 1)
    assert quick_s is not None
    assert 0.05 <= quick_s <= 0.25


@pytest.mark.parametrize("kind", [Kind.SERVER, Kind.CONNECT, Kind.MALFORMED])
def test_after_the_quick_one_waits_double(kind: Kind) -> None:
    """One second, two, four …, each up to 30 % longer by chance, none beyond 39 s."""
    for made, least_s in ((2, 1), (3, 2), (4, 4), (5, 8)):
        wait_s = pause_s(kind, made)
        assert wait_s is not None
        assert least_s <= wait_s <= least_s * 1.3
    assert (pause_s(kind, 50, retries=60) or 0) <= 39


def test_waits_are_scattered() -> None:
    """Two callers that failed together do not come back together."""
    failure = Failure(kind=Kind.SERVER, message="boom")
    policy = RetryPolicy(5)
    waits = {policy.pause_s(failure, 3, NO_DEADLINE, Now(), random.Random(seed)) for seed in range(20)}
    assert len(waits) == 20


@given(kind=KINDS, made=st.integers(1, 8), left_s=st.floats(0, 100), stated_s=st.none() | st.floats(0, 200))
def test_no_wait_outlasts_the_deadline(kind: Kind, made: int, left_s: float, stated_s: float | None) -> None:
    """A wait that ends after the caller has given up is not begun."""
    wait_s = pause_s(kind, made, deadline=Deadline(1_000.0 + left_s), stated_s=stated_s)
    assert wait_s is None or wait_s <= left_s + 1e-9  # a clock's reading is a float


@given(stated_s=st.floats(0, 1000))
def test_a_stated_wait_is_obeyed_to_the_letter(stated_s: float) -> None:
    """Neither shorter nor longer; one of more than a minute only for callers who said how long they wait."""
    wait_s = pause_s(Kind.RATE_LIMIT, 1, stated_s=stated_s)
    assert wait_s == (stated_s if stated_s <= MAX_STATED_S else None)
    assert pause_s(Kind.RATE_LIMIT, 1, stated_s=stated_s, deadline=Deadline(1_000.0 + 2000)) == stated_s


@given(left_s=st.floats(0, 1000))
def test_no_stage_outlasts_the_deadline(left_s: float) -> None:
    """With 5 s left, connecting, the first byte and the whole take 5 s at most; and never "without limit"."""
    for stages in (WHOLE, STREAM):
        cut = bounded(stages, left_s)
        for limit_s in (cut.connect_s, cut.first_byte_s, cut.idle_s, cut.total_s):
            assert limit_s is not None
            assert 0 < limit_s <= max(left_s, 0.001)
    assert bounded(WHOLE, None) is WHOLE
