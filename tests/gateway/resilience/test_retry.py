"""Pauses between attempts: quick first, then growing and scattered, never beyond the caller's deadline."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.core.failures import RULES, Again, Failure, Kind
from baton.gateway.resilience.deadline import WHOLE, Deadline, Limits, bounded, shared
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


def soon_s(kind: Kind, made: int, *, retries: int = 5, stated_s: float | None = None) -> float | None:
    failure = Failure(kind=kind, message="boom", retry_after_s=stated_s)
    return RetryPolicy(retries).soon_s(failure, made, random.Random(5))


@given(kind=KINDS, retries=st.integers(0, 10), made=st.integers(1, 20))
def test_never_more_often_than_the_number_of_retries(kind: Kind, retries: int, made: int) -> None:
    """Whatever failed, there are at most `retries` + 1 attempts."""
    if made > retries:
        assert pause_s(kind, made, retries=retries) is None
        assert soon_s(kind, made, retries=retries) is None


@given(kind=KINDS, made=st.integers(1, 20))
def test_only_what_may_get_better_is_tried_again(kind: Kind, made: int) -> None:
    """The table of failures decides."""
    if RULES[kind].again is Again.NEVER:
        assert pause_s(kind, made) is None
        assert soon_s(kind, made) is None
        assert soon_s(kind, made, stated_s=1.0) is None


def test_the_first_retry_is_quick() -> None:
    """At once where no connection was made, within a quarter of a second after a 5xx."""
    assert soon_s(Kind.CONNECT, 1) == 0
    quick_s = soon_s(Kind.SERVER, 1)
    assert quick_s is not None
    assert 0.05 <= quick_s <= 0.25
    assert soon_s(Kind.SERVER, 2) is None


@pytest.mark.parametrize("kind", [Kind.TIMEOUT, Kind.RATE_LIMIT, Kind.CONFLICT])
def test_what_is_only_waited_for_is_not_asked_again_soon(kind: Kind) -> None:
    """While somebody else can be asked, a silent or limited route is left alone."""
    assert soon_s(kind, 1) is None


def test_a_short_stated_wait_is_worth_staying_for() -> None:
    """Up to 2 s are waited on the same route, longer ones are not."""
    assert soon_s(Kind.RATE_LIMIT, 1, stated_s=2.0) == 2.0
    assert soon_s(Kind.RATE_LIMIT, 1, stated_s=2.1) is None


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
    stream = Limits().stream
    for cut in (
        bounded(WHOLE, left_s),
        bounded(stream, left_s),
        shared(WHOLE, left_s),
        shared(stream, left_s),
    ):
        for limit_s in (cut.connect_s, cut.first_byte_s, cut.idle_s, cut.total_s):
            assert limit_s is not None
            assert 0 < limit_s <= max(left_s, 0.001)
    assert bounded(WHOLE, None) is WHOLE


@given(left_s=st.floats(0.01, 1000))
def test_a_silent_route_does_not_eat_the_time_of_those_behind_it(left_s: float) -> None:
    """Where somebody else can be asked, half of what is left at most is waited for an answer to begin."""
    whole, stream = shared(WHOLE, left_s), shared(Limits().stream, left_s)
    assert whole.total_s is not None
    assert stream.first_byte_s is not None
    assert whole.total_s <= max(0.001, left_s / 2)
    assert stream.first_byte_s <= max(0.001, left_s / 2)
