"""What slows guessing down: in one process, and in several that are asked in turn."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from itertools import cycle

import pytest

from baton.access.signin.memory_throttle import MemoryThrottle
from baton.access.signin.shared_throttle import SharedThrottle
from baton.access.signin.throttle import RULES, Counter, Held, Scope, Throttle
from tests.access.identity.conftest import SetClock
from tests.redis_server import RedisServer
from tests.replicas import together

ACCOUNT = Counter(scope=Scope.ACCOUNT, key="ada 192.0.2.1", user_id="ada", network="192.0.2.1")
NETWORK = Counter(scope=Scope.NETWORK, key="192.0.2.1", network="192.0.2.1")
OTHER = Counter(scope=Scope.ACCOUNT, key="ada 198.51.100.7", user_id="ada", network="198.51.100.7")
BOTH = (ACCOUNT, NETWORK)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


class InTurn:
    """One process is asked, then the other."""

    def __init__(self, throttles: Sequence[Throttle]) -> None:
        self._turns = cycle(throttles)

    async def begin(self, counters: Sequence[Counter]) -> float:
        return await next(self._turns).begin(counters)

    async def succeed(self, counters: Sequence[Counter]) -> None:
        await next(self._turns).succeed(counters)

    async def held(self) -> tuple[Held, ...]:
        return await next(self._turns).held()

    async def lift(self, counter_id: str) -> bool:
        return await next(self._turns).lift(counter_id)


@pytest.fixture(params=["memory", "redis"])
async def throttle(request: pytest.FixtureRequest, clock: SetClock) -> AsyncGenerator[Throttle]:
    if request.param == "memory":
        yield MemoryThrottle(clock)
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    server.flush()
    async with together(server, clock, clock.wall) as found:
        throttles = [SharedThrottle(each, clock) for each in found.replications]
        await found.start()
        yield InTurn(throttles)


async def test_waits_grow_with_failures_up_to_a_longest(throttle: Throttle, clock: SetClock) -> None:
    """The first five are free; then 1, 2, 4 … s, at most 15 min; the time told is true to the second."""
    waits: list[float] = []
    for _ in range(20):
        wait_s = await throttle.begin([ACCOUNT])
        if wait_s:
            waits.append(wait_s)
            clock.now += wait_s - 0.01
            assert await throttle.begin([ACCOUNT]) == pytest.approx(0.01, abs=1e-5)  # Redis tells µs apart
            clock.now += 0.011
            assert await throttle.begin([ACCOUNT]) == 0
    assert waits[:3] == [pytest.approx(1), pytest.approx(2), pytest.approx(4)]
    assert waits[-1] == pytest.approx(RULES[Scope.ACCOUNT].longest_s)


async def test_an_attempt_that_has_to_wait_is_not_counted(throttle: Throttle, clock: SetClock) -> None:
    """Asking again and again makes no wait longer, for none of the counters."""
    for _ in range(5):
        assert await throttle.begin(BOTH) == 0
    for _ in range(100):
        assert await throttle.begin(BOTH) == pytest.approx(1)
    clock.now += 1
    assert await throttle.begin([NETWORK]) == 0
    assert await throttle.begin(BOTH) == 0


async def test_a_crowd_at_once_gets_no_more_than_one_after_the_other(throttle: Throttle) -> None:
    """Of 200 attempts at the same moment five are made."""
    waits = await asyncio.gather(*(throttle.begin(BOTH) for _ in range(200)))
    assert sum(wait_s == 0 for wait_s in waits) == 5


async def test_elsewhere_nobody_waits(throttle: Throttle) -> None:
    """What fails from one network slows down nobody on another, for the same account either."""
    while await throttle.begin(BOTH) == 0:
        pass
    assert await throttle.begin([OTHER]) == 0


async def test_a_network_is_slowed_late_and_not_for_long(throttle: Throttle, clock: SetClock) -> None:
    """Failures for ever other accounts add up for their network; at most a minute is waited."""
    count = 0
    while await throttle.begin([NETWORK]) == 0:
        count += 1
    assert count == 50
    for _ in range(30):
        clock.now += await throttle.begin([NETWORK]) + 0.01
        assert await throttle.begin([NETWORK]) == 0
    assert await throttle.begin([NETWORK]) == pytest.approx(60)


async def test_a_success_forgets_the_accounts_failures_only(throttle: Throttle) -> None:
    """Who signs in with an account of their own does not wipe out their network's failures."""
    for _ in range(49):
        assert await throttle.begin([NETWORK]) == 0
    assert await throttle.begin(BOTH) == 0
    await throttle.succeed(BOTH)
    for _ in range(4):
        assert await throttle.begin([ACCOUNT]) == 0
    assert await throttle.begin([NETWORK]) == 0
    assert await throttle.begin([NETWORK]) > 0


async def test_a_quiet_hour_forgets(throttle: Throttle, clock: SetClock) -> None:
    """An hour after the last failure all is as it was."""
    while await throttle.begin(BOTH) == 0:
        pass
    clock.now += 3600
    for _ in range(5):
        assert await throttle.begin(BOTH) == 0


async def test_failures_before_a_moment_can_be_forgiven(throttle: Throttle, clock: SetClock) -> None:
    """As an operator does it, for every process at once."""
    while await throttle.begin([ACCOUNT]) == 0:
        pass
    lifted = Counter(scope=ACCOUNT.scope, key=ACCOUNT.key, since_s=clock.now + 0.5)
    clock.now += 0.6
    for _ in range(5):
        assert await throttle.begin([lifted]) == 0
    assert await throttle.begin([lifted]) > 0


async def test_who_waits_is_seen_and_can_be_let_go(throttle: Throttle, clock: SetClock) -> None:
    """The list has those that have to wait and no others; what is lifted may be tried at once."""
    assert await throttle.begin([OTHER]) == 0
    assert await throttle.held() == ()
    while await throttle.begin(BOTH) == 0:
        pass
    [held] = await throttle.held()
    assert (held.user_id, held.network, held.failures) == ("ada", "192.0.2.1", 5)
    assert held.until_s == pytest.approx(clock.now + 1)
    assert await throttle.lift(held.id)
    assert not await throttle.lift(held.id)
    assert await throttle.held() == ()
    assert await throttle.begin([ACCOUNT]) == 0


async def test_memory_is_bounded(clock: SetClock) -> None:
    """A flood of networks pushes out those that failed longest ago, not the one that fails now."""
    throttle = MemoryThrottle(clock, most=100)
    for _ in range(5):
        await throttle.begin([ACCOUNT])
        for number in range(90):
            await throttle.begin([Counter(scope=Scope.NETWORK, key=f"{number}.{clock.now}")])
            clock.now += 0.001
    assert await throttle.begin([ACCOUNT]) > 0


async def test_no_flood_washes_out_what_slows_a_guesser(clock: SetClock) -> None:
    """Neither an account's failures from all networks together, nor who has to wait: networks and names that
    nobody has go first, of the others those that nobody waits for."""
    throttle = MemoryThrottle(clock, most=100)
    factors = Counter(scope=Scope.FACTORS, key="ada", user_id="ada")
    for _ in range(49):
        assert await throttle.begin([factors]) == 0
    while await throttle.begin([ACCOUNT]) == 0:
        pass
    for number in range(500):
        clock.now += 0.001
        stranger = Counter(scope=Scope.ACCOUNT, key=f"nobody {number}", network=str(number))
        network = Counter(scope=Scope.NETWORK, key=str(number), network=str(number))
        assert await throttle.begin([stranger, network]) == 0
    assert await throttle.begin([ACCOUNT]) > 0
    for number in range(500):
        clock.now += 0.001
        known = Counter(scope=Scope.FACTOR, key=f"ada {number}", user_id="ada", network=str(number))
        assert await throttle.begin([known]) == 0
    assert await throttle.begin([ACCOUNT]) > 0
    assert await throttle.begin([factors]) == 0
    assert await throttle.begin([factors]) > 0


async def test_who_joins_later_knows_who_waits(redis_server: RedisServer, clock: SetClock) -> None:
    """A start or a restart gives nobody another guess."""
    redis_server.flush()
    async with together(redis_server, clock, clock.wall) as found:
        first, second = (SharedThrottle(each, clock) for each in found.replications)
        await found.start()
        while await first.begin(BOTH) == 0:
            pass
        async with together(redis_server, clock, clock.wall, processes=1, name="late") as late:
            third = SharedThrottle(late.replications[0], clock)
            await late.start()
            assert await third.begin(BOTH) > 0
            await found.settle()
            assert third.export() == second.export()


async def test_what_failed_alone_is_counted_by_all(redis_server: RedisServer, clock: SetClock) -> None:
    """A process that heard nobody slows down for itself, and for all when it is back."""
    redis_server.flush()
    async with together(redis_server, clock, clock.wall) as found:
        alone, other = (SharedThrottle(each, clock) for each in found.replications)
        await found.start()
        assert await other.begin(BOTH) == 0
        await found.cut_off(0)
        clock.now += 1
        while await alone.begin(BOTH) == 0:
            pass
        assert await other.begin([OTHER]) == 0
        await found.come_back(0)
        await found.settle()
        assert await other.begin(BOTH) > 0


async def test_what_is_over_is_kept_nowhere(redis_server: RedisServer, clock: SetClock) -> None:
    """An hour after it failed nothing of a network is left in what others would begin with."""
    redis_server.flush()
    async with together(redis_server, clock, clock.wall) as found:
        one, _ = (SharedThrottle(each, clock) for each in found.replications)
        await found.start()
        await one.begin(BOTH)
        assert "192.0.2.1" in str(one.export())
        clock.now += 3601
        assert "192.0.2.1" not in str(one.export())
