"""One breaker: when it opens, whom it lets try, and when it closes."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from baton.gateway.resilience.breaker import TRIAL_PAUSE_S, Breaker, Limits, Permit, State

LIMITS = Limits()
LEASE_S = 30.0


class Drill:
    """A breaker, and calls that go through it one after another at a time that is told."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.breaker = Breaker(LIMITS, self.now_s)

    @property
    def state(self) -> State:
        return self.breaker.state(self.now_s)

    def enter(self) -> Permit:
        assert self.breaker.wait_s(self.now_s) == 0
        return self.breaker.enter(self.now_s, LEASE_S)

    def fail(self, times: int = 1, model: str | None = None) -> bool:
        return [self.breaker.failed(self.enter(), self.now_s, model) for _ in range(times)][-1]

    def succeed(self, times: int = 1) -> bool:
        return [self.breaker.succeeded(self.enter(), self.now_s) for _ in range(times)][-1]

    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    def open(self) -> None:
        assert self.fail(LIMITS.in_a_row)


@pytest.fixture
def drill() -> Drill:
    return Drill()


def test_five_failures_in_a_row_open_it(drill: Drill) -> None:
    """Four do not, and a success between them begins the count anew."""
    assert not drill.fail(4)
    drill.succeed()
    assert not drill.fail(4)
    assert drill.state is State.CLOSED
    assert drill.fail()
    assert drill.state is State.OPEN
    assert drill.breaker.wait_s(drill.now_s) == 60


def outcomes(failures: int, successes: int) -> Iterator[bool]:
    """In turn, as long as there are both; True: a failure."""
    while failures or successes:
        for failed in (True, False):
            if failed and failures:
                failures -= 1
                yield True
            elif not failed and successes:
                successes -= 1
                yield False


@pytest.mark.parametrize(
    ("failures", "successes", "is_open"),
    [(10, 9, False), (10, 10, False), (11, 9, True), (11, 8, False), (10, 12, False)],
)
def test_more_than_half_of_twenty_calls_open_it(
    drill: Drill, failures: int, successes: int, is_open: bool
) -> None:
    """Exactly half does not, and of fewer than twenty no share does."""
    for failed in outcomes(failures, successes):
        assert drill.state is State.CLOSED
        drill.fail() if failed else drill.succeed()
    assert (drill.state is State.OPEN) is is_open


def test_what_is_a_minute_old_is_forgotten(drill: Drill) -> None:
    """Failures of an earlier minute do not join those of this one."""
    for failed in outcomes(10, 9):
        drill.fail() if failed else drill.succeed()
    drill.wait(60)
    drill.succeed()
    assert drill.breaker.recent.calls == 1
    assert not drill.fail(4)


def test_half_open_three_may_try_and_two_successes_close_it(drill: Drill) -> None:
    """After its wait three are let through and a fourth is not; two that went well close it."""
    drill.open()
    drill.wait(59.9)
    assert drill.breaker.wait_s(drill.now_s) == pytest.approx(0.1)
    drill.wait(0.1)
    assert drill.state is State.HALF_OPEN
    first, second, third = (drill.enter() for _ in range(3))
    assert 0 < drill.breaker.wait_s(drill.now_s) <= TRIAL_PAUSE_S
    assert not drill.breaker.succeeded(first, drill.now_s)
    assert drill.state is State.HALF_OPEN
    assert drill.breaker.wait_s(drill.now_s) == 0
    assert drill.breaker.succeeded(second, drill.now_s)
    assert drill.state is State.CLOSED
    drill.breaker.failed(third, drill.now_s)
    assert drill.breaker.in_a_row.count == 0  # begun before the closing, it says nothing of what came after


def test_each_opening_waits_longer_up_to_ten_minutes(drill: Drill) -> None:
    """A failed trial opens it again for twice as long; nobody waits more than ten minutes."""
    drill.open()
    for seconds in (60, 120, 240, 480, 600, 600):
        assert drill.breaker.wait_s(drill.now_s) == seconds
        drill.wait(seconds)
        assert drill.fail()


def test_waits_begin_anew_once_it_was_closed_for_as_long_as_it_had_been_open(drill: Drill) -> None:
    """One that opens again sooner has not got better: it waits longer."""
    drill.open()
    drill.wait(60)
    drill.succeed(2)
    drill.wait(59)
    drill.open()
    assert drill.breaker.wait_s(drill.now_s) == 120
    drill.wait(120)
    drill.succeed(2)
    drill.wait(120)
    drill.open()
    assert drill.breaker.wait_s(drill.now_s) == 60


def test_words_of_calls_begun_before_the_opening_mean_nothing(drill: Drill) -> None:
    """They neither close nor open it again, nor do they give back somebody else's permit."""
    late = [drill.enter() for _ in range(20)]
    drill.open()
    drill.wait(60)
    for _ in range(3):
        drill.enter()
    for permit in late[:10]:
        assert not drill.breaker.succeeded(permit, drill.now_s)
        assert not drill.breaker.failed(permit, drill.now_s)
    for permit in late[10:]:
        drill.breaker.released(permit, drill.now_s)
    assert drill.state is State.HALF_OPEN
    assert drill.breaker.wait_s(drill.now_s) > 0
    assert drill.breaker.trials(drill.now_s) == 3


def test_a_trial_that_nobody_speaks_for_frees_itself(drill: Drill) -> None:
    """Its permit lives as long as its lease; a word that comes later means nothing."""
    drill.open()
    drill.wait(60)
    lost = [drill.enter() for _ in range(3)]
    drill.wait(LEASE_S - 0.25)
    assert drill.breaker.wait_s(drill.now_s) == pytest.approx(0.25)
    drill.wait(0.25)
    assert not drill.breaker.failed(lost[0], drill.now_s)
    again = [drill.enter() for _ in range(3)]
    for permit in lost[1:]:
        assert not drill.breaker.failed(permit, drill.now_s)
    assert drill.breaker.wait_s(drill.now_s) > 0
    drill.breaker.released(again[0], drill.now_s)
    assert drill.breaker.wait_s(drill.now_s) == 0
    assert drill.state is State.HALF_OPEN


def test_trials_that_hang_stay_counted_over_a_new_opening(drill: Drill) -> None:
    """While two of three hang, the third's failure opens it anew; after that wait only one more may try."""
    drill.open()
    drill.wait(60)
    hanging = [drill.breaker.enter(drill.now_s, 1000.0) for _ in range(2)]
    assert drill.fail()
    drill.wait(120)
    drill.enter()
    assert drill.breaker.wait_s(drill.now_s) > 0
    assert not drill.breaker.succeeded(hanging[0], drill.now_s)  # it tells of before, and makes room
    assert drill.breaker.wait_s(drill.now_s) == 0
    assert not drill.breaker.succeeded(hanging[1], drill.now_s)
    assert drill.state is State.HALF_OPEN


def test_one_broken_model_does_not_open_its_provider(drill: Drill) -> None:
    """Neither by failures in a row, nor by their share; nor does a single failure of another beside them."""
    drill.fail(100, "broken")
    drill.fail(1, "well")
    assert drill.state is State.CLOSED
    drill.succeed(5)
    for _ in range(60):
        drill.fail(4, "broken")
        drill.succeed()
        drill.wait(1)
    assert drill.state is State.CLOSED


def test_two_broken_models_open_their_provider(drill: Drill) -> None:
    """Failing in turn, at the fifth failure."""
    assert not any(drill.fail(1, model) for model in ("a", "b", "a", "b"))
    assert drill.fail(1, "a")


def test_what_speaks_against_the_whole_provider_needs_no_second_model(drill: Drill) -> None:
    """No connection can be had: five times are enough, whoever asked."""
    drill.fail(9, "broken")
    assert not drill.fail(3)
    assert drill.fail()  # the ninefold failure of one model weighs one


def test_a_providers_trial_fails_for_all_only_by_two_models(drill: Drill) -> None:
    """One model that fails on trial may be broken itself; a second one, or no connection, opens it again."""
    drill.open()
    drill.wait(60)
    assert not drill.fail(2, "a")
    assert drill.state is State.HALF_OPEN
    assert drill.fail(1, "b")
    drill.wait(120)
    assert drill.fail()


def test_an_admins_word_holds_whatever_the_calls_say(drill: Drill) -> None:
    """Held closed it lets through what fails, and counts it; held open nobody; taken back it begins anew."""
    drill.open()
    drill.breaker.force(State.CLOSED, drill.now_s)
    assert not drill.fail(100)
    assert (drill.state, drill.breaker.in_a_row.count) == (State.CLOSED, 100)
    meanwhile = drill.enter()
    drill.breaker.force(State.OPEN, drill.now_s)
    assert drill.breaker.wait_s(drill.now_s) == math.inf
    drill.wait(100_000)
    assert drill.breaker.wait_s(drill.now_s) == math.inf
    drill.breaker.force(None, drill.now_s)
    assert not drill.breaker.failed(meanwhile, drill.now_s)
    assert not drill.fail(4)
    assert drill.fail()
    assert drill.breaker.wait_s(drill.now_s) == 60


class Interleavings(RuleBasedStateMachine):
    """Calls that begin, end, fail, leave and are lost in any order, beside a plain account of the trials."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.drill = Drill()
        self.trials: dict[Permit, float] = {}
        """Those let through half-open of which nothing was said, and when their leases end."""
        self.begun: dict[Permit, int] = {}
        """In which spell each call was begun, by how often the breaker has changed."""
        self.changes = 0

    @rule(target=permits, lease_s=st.sampled_from([0.5, 5.0, 100.0, 2000.0]))
    def enter(self, lease_s: float) -> Permit | None:
        drill = self.drill
        state, wait_s = drill.state, drill.breaker.wait_s(drill.now_s)
        assert (wait_s == 0) is (state is State.CLOSED or (state is State.HALF_OPEN and self.alive() < 3))
        if wait_s:
            return None
        permit = drill.breaker.enter(drill.now_s, lease_s)
        if state is State.HALF_OPEN:
            self.trials[permit] = drill.now_s + lease_s
        self.begun[permit] = self.changes
        return permit

    @rule(permit=consumes(permits), failed=st.booleans(), model=st.sampled_from([None, "a", "b"]))
    def speak(self, permit: Permit | None, failed: bool, model: str | None) -> None:
        if permit is None:
            return
        drill = self.drill
        was_open = drill.breaker.is_open
        late = self.begun[permit] != self.changes
        ended = self.trials.pop(permit, math.inf) <= drill.now_s
        if failed:
            changed = drill.breaker.failed(permit, drill.now_s, model)
        else:
            changed = drill.breaker.succeeded(permit, drill.now_s)
        if late or ended:
            assert not changed
        if changed:
            assert not was_open or drill.breaker.is_open is failed
            self.changes += 1

    @rule(permit=consumes(permits))
    def release(self, permit: Permit | None) -> None:
        if permit is not None:
            self.trials.pop(permit, None)
            self.drill.breaker.released(permit, self.drill.now_s)

    @rule(permit=consumes(permits))
    def lose(self, permit: Permit | None) -> None:
        """Cancelled, and nobody says so: only the end of its lease frees it."""

    @rule(times=st.integers(1, 6))
    def fail_in_a_row(self, times: int) -> None:
        """Or random words would seldom open it."""
        for _ in range(times):
            if self.drill.breaker.wait_s(self.drill.now_s) == 0:
                permit = self.drill.breaker.enter(self.drill.now_s, 1.0)
                self.changes += self.drill.breaker.failed(permit, self.drill.now_s)

    @rule(seconds=st.sampled_from([0.001, 0.6, 30.0, 61.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.drill.wait(seconds)

    @invariant()
    def at_most_three_trials_are_under_way(self) -> None:
        assert self.alive() <= LIMITS.trials
        assert self.alive() == self.drill.breaker.trials(self.drill.now_s)

    def alive(self) -> int:
        return sum(ends_s > self.drill.now_s for ends_s in self.trials.values())


class TestInterleavings(Interleavings.TestCase):
    """In whatever order calls begin and end, no more than three trials are ever under way."""

    settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
