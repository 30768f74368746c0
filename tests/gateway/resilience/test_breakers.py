"""Breakers of providers, and of models within them: of one process, and of several that share them."""

import asyncio
import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from baton.gateway.resilience.breaker import State
from baton.gateway.resilience.breakers import BreakerChange, Breakers, Lease
from baton.gateway.resilience.forced import ForcedBreaker, Hold
from baton.gateway.resilience.memory_breakers import MODELS_AT_MOST
from tests.gateway.resilience.drills import LEASE_S, Drill, drill, in_memory
from tests.replicas import until

__all__ = ["drill"]


async def test_a_broken_model_closes_off_itself_alone(drill: Drill) -> None:
    """Its provider's other models are asked as before; who listens hears of it once."""
    await drill.fail(5)
    assert await drill.wait_s() == 60
    assert await drill.ask("m") is None
    assert await drill.wait_s("other") == 0
    await drill.succeed(3, "other")
    [opened] = drill.heard
    assert (opened.provider, opened.model, opened.is_open, opened.wait_s) == ("p", "m", True, 60)


async def test_a_provider_that_cannot_be_reached_is_closed_off_whole(drill: Drill) -> None:
    """Five refused connections, of whichever models, and none of its models is asked."""
    for model in ("a", "b", "c", "d", "e"):
        assert await drill.wait_s("f") == 0
        await drill.fail(1, model, unreachable=True)
    assert await drill.wait_s("f") == 60
    assert await drill.ask("f") is None
    assert drill.told == [(None, True)]
    assert drill.breakers.wait_s("q", "a") == 0


async def test_models_that_fail_in_turn_close_off_their_provider(drill: Drill) -> None:
    """Two are enough, and a third that never failed is not asked."""
    for model in ("a", "b", "a", "b", "a"):
        await drill.fail(1, model)
    assert await drill.wait_s("c") == 60


async def test_only_the_first_word_about_a_call_counts(drill: Drill) -> None:
    """Who says a success was a failure afterwards, or says failure five times, is not heard."""
    lease = await drill.enter()
    lease.succeeded()
    for _ in range(10):
        lease.failed()
    lease = await drill.enter()
    for _ in range(10):
        lease.failed()
    lease.released()
    assert await drill.wait_s() == 0


async def test_what_is_released_counts_for_nothing(drill: Drill) -> None:
    """A hundred 429s open nothing, and close nothing."""
    for _ in range(100):
        (await drill.enter()).released()
    assert await drill.wait_s() == 0
    await drill.fail(5)
    drill.time.now_s += 60
    for _ in range(100):
        (await drill.enter()).released()
    assert drill.state("m") is State.HALF_OPEN


async def test_a_refusal_by_one_breaker_takes_no_permit_of_the_other(drill: Drill) -> None:
    """Calls of a model that is open take none of its provider's trials, nor the other way round."""
    await drill.fail(5)
    drill.time.now_s += 60
    await drill.fail()  # its trial; the model stays open for 120 s
    for model in ("a", "b", "c", "d"):  # the fifth was m's own
        await drill.fail(1, model, unreachable=True)
    drill.time.now_s += 60
    for _ in range(50):
        assert await drill.ask("m") is None
    trials = [await drill.enter("a") for _ in range(3)]
    drill.time.now_s += 10
    for _ in range(50):
        assert await drill.ask("b") is None
    trials[0].released()
    await drill.enter("b")


async def test_trials_of_a_model_close_its_provider_with_it(drill: Drill) -> None:
    """Where no connection was to be had both opened; two calls that go well close both."""
    await drill.fail(5, unreachable=True)
    drill.time.now_s += 60
    await drill.succeed(2)
    assert drill.told == [(None, True), ("m", True), (None, False), ("m", False)]


async def test_a_thousand_at_once_and_three_reach_the_provider(drill: Drill) -> None:
    """Half-open, whatever the other 997 do, and also when trials are cancelled or get stuck."""
    await drill.fail(5)
    drill.time.now_s += 60
    under_way = most = reached = 0
    gate = asyncio.Event()

    async def call() -> None:
        nonlocal under_way, most, reached
        lease = await drill.interface.enter("p", "m", LEASE_S)
        if lease is None:
            return
        reached += 1
        under_way += 1
        most = max(most, under_way)
        try:
            await gate.wait()
            lease.failed()
        except asyncio.CancelledError:
            lease.released()
            raise
        finally:
            under_way -= 1

    tasks = [asyncio.create_task(call()) for _ in range(1000)]
    await until(lambda: sum(task.done() for task in tasks) == 997)
    assert (under_way, reached) == (3, 3)
    for task in [task for task in tasks if not task.done()]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await drill.settle()
    tasks = [asyncio.create_task(call()) for _ in range(1000)]
    await until(lambda: sum(task.done() for task in tasks) == 997)
    assert (under_way, reached) == (3, 6)
    gate.set()
    await asyncio.gather(*tasks)
    await drill.settle()
    assert most == 3
    assert drill.state("m") is State.OPEN
    assert await drill.wait_s() == 120
    assert await drill.refused() == 2 * 997


async def test_a_day_that_jumps_changes_nothing(drill: Drill) -> None:
    """The time of day goes back a year and forward two: waits are as long as before."""
    await drill.fail(5)
    for jump_s in (-3e7, 6e7):
        drill.time.ahead_s += jump_s
        assert await drill.wait_s() == 60
    drill.time.now_s += 59
    assert await drill.wait_s() == 1


async def test_callers_that_name_any_model_do_not_fill_the_memory(drill: Drill) -> None:
    """Of 20 000 names at most a thousand are known at a time; one that is open stays among them."""
    await drill.fail(5)
    for number in range(20_000):
        lease = await drill.interface.enter("p", f"name-{number}", LEASE_S)
        assert lease is not None
        lease.succeeded()
    within = await drill.standings()
    assert 2 < len(within) <= MODELS_AT_MOST + 1
    assert await drill.wait_s() == 60
    drill.time.now_s += 60
    assert [each.model for each in await drill.standings()] == [None, "m"]


async def test_failures_in_a_row_are_remembered_beyond_the_minute(drill: Drill) -> None:
    """Of a model that is asked once an hour the fifth failure in a row counts as one of five."""
    for _ in range(4):
        await drill.fail()
        drill.time.now_s += 3600
    assert [each.failures for each in await drill.standings()] == [4, 4]
    await drill.fail()
    assert await drill.wait_s() == 60


async def test_an_admins_word_beats_what_was_learnt(drill: Drill) -> None:
    """Held open nobody is let through, for good; taken back, everybody is; who listens is told why."""
    await drill.hold([ForcedBreaker(provider="p", model="m", state=Hold.OPEN, reason="why")])
    assert await drill.wait_s() == math.inf
    assert await drill.ask("m") is None
    await drill.succeed(1, "other")
    drill.time.now_s += 1e6
    assert await drill.wait_s() == math.inf
    await drill.hold([])
    await drill.succeed()
    assert drill.told == [("m", True), ("m", False)]
    assert all(change.forced and change.wait_s is None for change in drill.heard)


async def test_a_provider_held_open_is_not_asked_for_any_model(drill: Drill) -> None:
    """Also not for one that is held closed itself: a call needs leave of both."""
    await drill.succeed()
    await drill.hold(
        [
            ForcedBreaker(provider="p", state=Hold.OPEN, reason="why"),
            ForcedBreaker(provider="p", model="m", state=Hold.CLOSED, reason="why"),
        ]
    )
    assert await drill.wait_s("m") == await drill.wait_s("never-asked") == math.inf
    assert await drill.ask("m") is None


async def test_held_closed_everybody_is_let_through(drill: Drill) -> None:
    """An open breaker closes by it at once and opens by no failure, until the word is taken back."""
    await drill.fail(5)
    held = ForcedBreaker(provider="p", model="m", state=Hold.CLOSED, reason="why")
    await drill.hold([held])
    await drill.fail(100)
    await drill.hold([held])  # said again, it is no news
    assert drill.told == [("m", True), ("m", False)]
    [own] = [each for each in await drill.standings() if each.model == "m"]
    assert (own.state, own.forced, own.failures, own.error_rate) == (State.CLOSED, True, 100, 1)
    await drill.hold([])
    await drill.fail(4)
    assert await drill.wait_s() == 0
    await drill.fail()
    assert await drill.wait_s() == 60


async def test_an_admins_word_ends_when_it_was_said_to(drill: Drill) -> None:
    """To the second, whatever the time of day does meanwhile, and heard of by who listens."""
    until_ms = int((drill.time.wall() + 90) * 1000)
    await drill.hold([ForcedBreaker(provider="p", state=Hold.OPEN, reason="why", until_ms=until_ms)])
    drill.time.now_s += 89
    drill.time.ahead_s += 1e6
    assert await drill.wait_s() == math.inf
    drill.time.now_s += 1
    assert await drill.wait_s() == 0
    assert drill.told == [(None, True), (None, False)]
    await drill.hold([ForcedBreaker(provider="p", state=Hold.OPEN, reason="why", until_ms=until_ms)])
    assert await drill.wait_s() == 0
    assert len(drill.heard) == 2


async def test_how_they_stand(drill: Drill) -> None:
    """Since when, how many failed, and from when a trial is let through, in the time of day."""
    await drill.succeed(3)
    await drill.fail(5)
    assert await drill.ask("m") is None
    whole, own = await drill.standings()
    assert (whole.model, whole.state, whole.next_trial_s) == (None, State.CLOSED, None)
    assert (own.state, own.failures, own.calls, own.failed) == (State.OPEN, 5, 8, 5)
    assert (own.openings, own.refused, own.forced) == (1, 1, False)
    assert own.since_s == pytest.approx(drill.time.wall())
    assert own.next_trial_s == pytest.approx(drill.time.wall() + 60)


async def test_who_listens_finds_the_change_whole(drill: Drill) -> None:
    """Asked from within the news, both breakers have changed already."""
    seen: list[tuple[State, State]] = []

    class Curious:
        def changed(self, change: BreakerChange) -> None:
            seen.append((drill.state(None), drill.state("m")))

    drill.listen(Curious())
    await drill.fail(5, unreachable=True)
    assert seen == [(State.OPEN, State.OPEN)] * 2


class Interleavings(RuleBasedStateMachine):
    """Calls of two models of a provider, an admin and time in any order, beside a plain account of trials."""

    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.drill = in_memory()
        self.trials: dict[str | None, dict[Lease, float]] = {None: {}, "a": {}, "b": {}}
        """By breaker: calls let through while it was half-open, and when their leases end."""

    @rule(target=leases, model=st.sampled_from("ab"), lease_s=st.sampled_from([0.5, 100.0, 3000.0]))
    def enter(self, model: str, lease_s: float) -> Lease | None:
        return self.admitted(model, lease_s)

    @rule(model=st.sampled_from("ab"), times=st.integers(1, 5))
    def hang(self, model: str, times: int) -> None:
        for _ in range(times):
            self.admitted(model, 3000.0)

    def admitted(self, model: str, lease_s: float) -> Lease | None:
        states = self.states()
        refused = self.drill.breakers.wait_s("p", model) > 0
        lease = entered(self.drill.interface, model, lease_s)
        assert (lease is None) is refused
        if lease is not None:
            for breaker in (None, model):
                if states.get(breaker) is State.HALF_OPEN:
                    self.trials[breaker][lease] = self.drill.time.now_s + lease_s
        return lease

    @rule(lease=consumes(leases), word=st.sampled_from(["succeeded", "failed", "released"]))
    def speak(self, lease: Lease | None, word: str) -> None:
        if lease is not None:
            getattr(lease, word)()
            getattr(lease, word)()
            self.forget(lease)

    @rule(lease=consumes(leases))
    def lose(self, lease: Lease | None) -> None:
        """Whoever had it is gone without a word."""

    @rule(model=st.sampled_from("ab"), times=st.integers(1, 6), unreachable=st.booleans())
    def fail_in_a_row(self, model: str, times: int, unreachable: bool) -> None:
        for _ in range(times):
            lease = entered(self.drill.interface, model, 1.0)
            if lease is not None:
                lease.failed(unreachable=unreachable)

    @rule(seconds=st.sampled_from([0.6, 61.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.drill.time.now_s += seconds

    @rule(model=st.sampled_from([None, "a"]), hold=st.sampled_from([None, *Hold]), ends=st.booleans())
    def decide(self, model: str | None, hold: Hold | None, ends: bool) -> None:
        until_ms = int((self.drill.time.wall() + 30) * 1000) if ends else None
        self.drill.breakers.hold(
            []
            if hold is None
            else [ForcedBreaker(provider="p", model=model, state=hold, reason="why", until_ms=until_ms)]
        )

    @invariant()
    def at_most_three_trials_of_each_are_under_way(self) -> None:
        for breaker in self.trials.values():
            assert sum(ends_s > self.drill.time.now_s for ends_s in breaker.values()) <= 3

    @invariant()
    def who_listens_knows_how_they_stand(self) -> None:
        states = self.states()
        told = dict(self.drill.told)
        for model, state in states.items():
            assert told.get(model, False) is (state is not State.CLOSED)

    def states(self) -> dict[str | None, State]:
        return {each.model: each.state for each in self.drill.breakers.standings()}

    def forget(self, lease: Lease) -> None:
        for breaker in self.trials.values():
            breaker.pop(lease, None)


def entered(breakers: Breakers, model: str, lease_s: float) -> Lease | None:
    """Enter without a loop: nothing is awaited."""
    coroutine = breakers.enter("p", model, lease_s)
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    return ended.value.value


class TestInterleavings(Interleavings.TestCase):
    """Whatever happens in whatever order, three trials of each at most, and no change goes untold."""

    settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
