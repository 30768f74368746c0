"""Breakers of several processes over one Redis: alike in each, whatever happens in whatever order."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from baton.gateway.resilience.breaker import State
from baton.gateway.resilience.breakers import Lease
from baton.gateway.resilience.forced import ForcedBreaker, Hold
from baton.gateway.resilience.shared_breakers import SharedBreakers, Trial
from baton.storage.keyvalue.replication.replication import ReplicationSettings
from tests.gateway.resilience.drills import LEASE_S, SharedDrill, shared
from tests.redis_server import RedisServer
from tests.replicas import together, until

CALLS = 3000


@pytest.mark.parametrize("seed", range(3))
async def test_all_processes_know_the_same_and_no_more_than_three_try(
    redis_server: RedisServer, seed: int
) -> None:
    """Three processes call two models in any order, fail, succeed, are cancelled: of a half-open breaker's
    trials three are under way at most, counted over all; in the end all copies are equal."""
    rng = random.Random(seed)
    patient = ReplicationSettings(alive_s=1e9)  # time leaps here, and nobody is gone by that
    async with shared(redis_server, 3, patient) as drill:
        under_way = Counter[str]()
        most = 0

        async def call(breakers: SharedBreakers, model: str) -> None:
            nonlocal most
            entering = asyncio.ensure_future(breakers.enter("p", model, 1e6))
            if rng.random() < 0.05:
                await asyncio.sleep(0)
                entering.cancel()
            try:
                lease = await entering
            except asyncio.CancelledError:
                return
            if lease is None:
                return
            trials = lease.trials if isinstance(lease, Trial) else (False, False)
            of = [name for name, tries in zip(("", model), trials, strict=True) if tries]
            under_way.update(of)
            most = max(most, *under_way.values(), 0)
            await asyncio.sleep(rng.random() * 0.002)
            under_way.subtract(of)
            rng.choice([lease.succeeded, lease.failed, lease.failed, lease.released])()

        running: set[asyncio.Task[None]] = set()
        for number in range(CALLS):
            task = asyncio.create_task(call(rng.choice(drill.all), rng.choice("ab")))
            running.add(task)
            task.add_done_callback(running.discard)
            if number % 20 == 0:
                drill.time.now_s += rng.choice([0.0, 0.1, 70.0])
                await asyncio.sleep(0.001)
        await asyncio.gather(*running)
        await drill.settle()
        first, *others = [each.export() for each in drill.all]
        assert all(other == first for other in others)
        assert 0 < most <= 3
        assert any(each.openings > 1 for each in await drill.standings())


async def test_a_failure_is_known_everywhere_at_once(redis_server: RedisServer) -> None:
    """Five failures, of two processes in turn: within half a second nobody asks."""
    async with shared(redis_server) as drill:
        for number in range(5):
            lease = await drill.all[number % 2].enter("p", "m", LEASE_S)
            assert lease is not None
            lease.failed()
        await until(lambda: all(each.wait_s("p", "m") == 60 for each in drill.all), 0.5)


async def test_trials_of_a_process_that_dies_are_free_again(redis_server: RedisServer) -> None:
    """It takes all three and is never heard of again; after ten seconds others try."""
    async with shared(redis_server) as drill:
        await drill.fail(5)
        drill.time.now_s += 60
        await drill.settle()
        dead, other = drill.all
        trials = [await dead.enter("p", "m", 600.0) for _ in range(3)]
        assert None not in trials
        await drill.settle()
        assert await other.enter("p", "m", 600.0) is None
        await drill.processes.cut_off(0)
        drill.time.now_s += 11
        await drill.processes.replications[1].agree()
        assert other.wait_s("p", "m") == 0
        assert await other.enter("p", "m", 600.0) is not None


async def test_who_joins_later_knows_what_the_others_know(redis_server: RedisServer) -> None:
    """An open breaker and its trials, from the kept state and from what was said after it."""
    async with shared(redis_server, settings=ReplicationSettings(keep_every=3)) as drill:
        await drill.succeed(3, "other")
        await drill.fail(5)
        drill.time.now_s += 60
        trial = await drill.enter()
        await drill.settle()
        async with joined(redis_server, drill) as late:
            assert late.export() == drill.all[0].export()
            trial.failed()
            await drill.settle()
            await until(lambda: late.wait_s("p", "m") == 120)


async def test_without_redis_each_goes_on_by_itself(redis_server: RedisServer) -> None:
    """What was open stays so; what fails opens; back, all know what each has learnt, and are alike."""
    async with shared(redis_server) as drill:
        await drill.fail(5, "before")
        await drill.succeed(1, "other")  # else two models that fail would speak against their provider
        redis_server.kill()
        try:
            one, two = drill.all
            await until(lambda: not any(each.in_step for each in drill.processes.replications))
            assert one.wait_s("p", "before") == two.wait_s("p", "before") == 60
            for _ in range(5):
                lease = await one.enter("p", "since", LEASE_S)
                assert lease is not None
                lease.failed()
            assert one.wait_s("p", "since") == 60
            assert two.wait_s("p", "since") == 0
        finally:
            redis_server.start()
        await until(lambda: all(each.in_step for each in drill.processes.replications))
        await drill.settle()
        assert one.export() == two.export()
        assert one.wait_s("p", "before") == 60  # an emptied Redis takes over what the first one back knows
        assert one.wait_s("p", "since") == two.wait_s("p", "since") == 60


async def test_a_trial_that_asks_while_redis_goes_is_answered(redis_server: RedisServer) -> None:
    """By this process alone; it neither waits for good nor lets four through."""
    async with shared(redis_server) as drill:
        await drill.fail(5)
        drill.time.now_s += 60
        with redis_server.hung():
            async with asyncio.timeout(10):
                found = await asyncio.gather(*(drill.all[0].enter("p", "m", LEASE_S) for _ in range(10)))
            assert sum(lease is not None for lease in found) == 3
            assert drill.all[0].standings()[-1].state is State.HALF_OPEN


async def test_an_older_redis_is_not_believed(redis_server: RedisServer) -> None:
    """Put back to a time before a breaker opened, it is told; nobody lets calls through meanwhile."""
    async with shared(redis_server) as drill:
        await drill.succeed()
        redis_server.save()
        await drill.fail(5)
        redis_server.kill()
        await until(lambda: not any(each.in_step for each in drill.processes.replications))
        redis_server.start()
        await until(lambda: all(each.in_step for each in drill.processes.replications))
        await drill.settle()
        assert [each.wait_s("p", "m") for each in drill.all] == [60, 60]


async def test_a_clean_end_takes_its_trials_along(redis_server: RedisServer) -> None:
    """Not only after ten seconds."""
    async with shared(redis_server) as drill:
        await drill.fail(5)
        drill.time.now_s += 60
        async with joined(redis_server, drill) as leaving:
            trials: list[Lease | None] = [await leaving.enter("p", "m", LEASE_S) for _ in range(3)]
            assert None not in trials
            assert await drill.ask() is None
        assert await drill.ask() is not None


@asynccontextmanager
async def joined(server: RedisServer, drill: SharedDrill) -> AsyncGenerator[SharedBreakers]:
    """One more process."""
    async with together(server, drill.time, drill.time.of_log, processes=1, name="late") as found:
        breakers = SharedBreakers(found.replications[0], drill.time)
        await found.start()
        yield breakers


async def test_what_opened_alone_is_open_for_all_and_told_once(redis_server: RedisServer) -> None:
    """Of a process that heard nobody for a while; its trials that ended meanwhile are free."""
    async with shared(redis_server) as drill:
        await drill.fail(5, "old")
        await drill.succeed(1, "other")
        drill.time.now_s += 60
        trial = await drill.all[0].enter("p", "old", LEASE_S)
        assert trial is not None
        await drill.processes.cut_off(0)
        trial.released()
        for _ in range(5):
            lease = await drill.all[0].enter("p", "m", LEASE_S)
            assert lease is not None
            lease.failed()
        assert [each.wait_s("p", "m") for each in drill.all] == [60, 0]
        await drill.processes.come_back(0)
        await drill.settle()
        assert [each.wait_s("p", "m") for each in drill.all] == [60, 60]
        assert drill.told == [("old", True), ("m", True)]
        assert drill.all[0].export() == drill.all[1].export()
        trials = [await drill.ask("old") for _ in range(4)]
        assert [lease is not None for lease in trials] == [True, True, True, False]


async def test_what_is_over_when_redis_is_back_is_over(redis_server: RedisServer) -> None:
    """A breaker that opened and closed alone, an hour ago, opens nobody's."""
    async with shared(redis_server) as drill:
        await drill.succeed()
        await drill.processes.cut_off(0)
        one = drill.all[0]
        for word in [*["failed"] * 5, *["succeeded"] * 2]:
            if word == "succeeded":
                drill.time.now_s += 60
            lease = await one.enter("p", "m", LEASE_S)
            assert lease is not None
            getattr(lease, word)()
        drill.time.now_s += 3600
        await drill.processes.come_back(0)
        await drill.settle()
        assert [each.wait_s("p", "m") for each in drill.all] == [0, 0]
        assert drill.told == [("m", True), ("m", False)]


HELD = ForcedBreaker(provider="p", state=Hold.OPEN, reason="why")


async def test_a_hold_that_was_taken_back_while_nobody_ran_holds_nobody(redis_server: RedisServer) -> None:
    """The log remembers it; who starts knows better, from the database."""
    async with shared(redis_server) as drill:
        await drill.hold([HELD])
        await drill.processes.cut_off(0)
        await drill.processes.cut_off(1)
        async with joined(redis_server, drill) as started:
            await until(lambda: started.wait_s("p", "m") == 0)
        await drill.processes.come_back(0)
        await until(lambda: drill.all[0].wait_s("p", "m") == math.inf)  # it has read of it, and still does


async def test_a_hold_said_while_redis_was_away_is_said_again(redis_server: RedisServer) -> None:
    """And one that ended meanwhile is not, whatever Redis's clock shows."""
    async with shared(redis_server) as drill:
        await drill.processes.cut_off(0)
        ends_ms = int((drill.time.wall() + 30) * 1000)
        drill.all[0].hold(
            [HELD, ForcedBreaker(provider="q", state=Hold.OPEN, reason="why", until_ms=ends_ms)]
        )
        assert drill.all[0].wait_s("q", "m") == math.inf
        drill.time.now_s += 31
        await drill.processes.come_back(0)
        await drill.settle()
        assert [each.wait_s("p", "m") for each in drill.all] == [math.inf] * 2
        assert [each.wait_s("q", "m") for each in drill.all] == [0, 0]


async def test_what_went_well_here_comes_between_failures_there(redis_server: RedisServer) -> None:
    """One process that cannot reach a provider fails alone while the other is served all the time."""
    async with shared(redis_server) as drill:
        one, other = drill.all
        for _ in range(8):
            for breakers, word in [*[(other, "succeeded")] * 4, (one, "failed")]:
                lease = await breakers.enter("p", "m", LEASE_S)
                assert lease is not None
                getattr(lease, word)()
            await asyncio.sleep(0.15)
        assert [each.wait_s("p", "m") for each in drill.all] == [0, 0]
