"""Who goes on against a limit is kept waiting longer each time: by one process, and by all that share it."""

from collections.abc import AsyncGenerator

import pytest

from baton.gateway.admission.penalties import Penalties, Penalty, Scope, Subject
from baton.gateway.admission.shared.penalties import SharedPenalties
from tests.clocks import SetClock
from tests.redis_server import RedisServer
from tests.replicas import Together, together

KEY = Subject(Scope.KEY, "k1")
USER = Subject(Scope.USER, "ann")


class Heard:
    """A listener."""

    def __init__(self) -> None:
        self.penalties: list[Penalty] = []
        self.gone: list[Subject] = []

    def penalised(self, penalty: Penalty) -> None:
        self.penalties.append(penalty)

    def lifted(self, subject: Subject) -> None:
        self.gone.append(subject)


class Court:
    """Penalties of one process; what it hears is heard at once."""

    def __init__(self) -> None:
        self.penalties = Penalties()
        self.heard = Heard()
        self.penalties.listen(self.heard)

    async def refuse(self, times: int, now_s: float, key: str = "k1") -> None:
        for _ in range(times):
            self.penalties.refused(key, "ann", now_s)

    async def refuse_each(self, keys: int, now_s: float) -> None:
        """Once, of so many users."""
        for number in range(keys):
            self.penalties.refused(f"key-{number}", f"user-{number}", now_s)

    async def wait_s(self, now_s: float, key: str = "k1", user: str = "ann") -> float:
        return self.penalties.wait_s(key, user, now_s)

    async def running(self, now_s: float) -> list[Penalty]:
        return self.penalties.running(now_s)

    async def lift(self, subject: Subject, now_s: float) -> bool:
        return self.penalties.lift(subject, now_s)


class SharedCourt(Court):
    """Those of two processes: refusals come to them in turn, and the second one is asked."""

    def __init__(self, together: Together, clock: SetClock) -> None:
        self._clock = clock
        self._together = together
        self.all = [SharedPenalties(each) for each in together.replications]
        self.penalties = self.all[-1]
        self.heard = Heard()
        for each in self.all:
            each.listen(self.heard)

    async def refuse(self, times: int, now_s: float, key: str = "k1") -> None:
        self._clock.now = now_s
        for number in range(times):
            self.all[number % len(self.all)].refused(key, "ann", -1.0)
        await self._together.settle()

    async def refuse_each(self, keys: int, now_s: float) -> None:
        self._clock.now = now_s
        await super().refuse_each(keys, now_s)
        await self._together.settle()

    async def wait_s(self, now_s: float, key: str = "k1", user: str = "ann") -> float:
        self._clock.now = now_s
        return await super().wait_s(now_s, key, user)

    async def running(self, now_s: float) -> list[Penalty]:
        self._clock.now = now_s
        return await super().running(now_s)

    async def lift(self, subject: Subject, now_s: float) -> bool:
        self._clock.now = now_s
        found = await super().lift(subject, now_s)
        await self._together.settle()
        return found


@pytest.fixture(params=["memory", "redis"])
async def court(request: pytest.FixtureRequest) -> AsyncGenerator[Court]:
    if request.param == "memory":
        yield Court()
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    server.flush()
    clock = SetClock(0.0)
    async with together(server, clock, clock.wall) as found:
        court = SharedCourt(found, clock)
        await found.start()
        yield court


async def test_a_few_refusals_are_no_violation(court: Court) -> None:
    """Ten in a minute are forgiven, and as many in the next, for ever: an SDK that obeys makes fewer."""
    for minute in range(100):
        await court.refuse(10, minute * 61.0)
    assert await court.wait_s(6100.0) == 0.0


async def test_penalties_grow_and_are_forgotten_after_a_quiet_hour(court: Court) -> None:
    """1, 5, 30 minutes, and 30 again; each counts down; an hour of quiet later it is one minute again."""
    now_s = 0.0
    for minutes in (1, 5, 30, 30):
        await court.refuse(11, now_s)
        assert await court.wait_s(now_s) == minutes * 60
        assert await court.wait_s(now_s + 20) == minutes * 60 - 20
        now_s += minutes * 60
        assert await court.wait_s(now_s) == 0.0
        now_s += 61
    now_s += 3600
    await court.refuse(11, now_s)
    assert await court.wait_s(now_s) == 60


async def test_a_users_other_keys_are_spared_unless_they_take_turns(court: Court) -> None:
    """One key's misbehaviour is its own; three at once are their user's."""
    await court.refuse(11, 5.0)
    assert await court.wait_s(5.0) == 60
    assert await court.wait_s(5.0, "k2") == 0.0
    await court.refuse(10, 5.0, "k2")
    await court.refuse(10, 5.0, "k3")
    assert await court.wait_s(5.0, "k4") == 60
    assert await court.wait_s(5.0, "k9", "bob") == 0.0


async def test_penalties_are_seen_told_and_lifted(court: Court) -> None:
    """By whom, the how manieth, for how many refusals; a lifted one is forgotten with what it was for."""
    heard = court.heard
    await court.refuse(11, 5.0)
    told = Penalty(subject=KEY, step=1, until_s=65.0, refusals=11)
    assert await court.running(6.0) == heard.penalties == [told]
    assert await court.running(65.0) == []
    assert await court.lift(KEY, 6.0)
    assert (await court.wait_s(6.0), heard.gone) == (0.0, [KEY])
    assert not await court.lift(KEY, 6.0)
    assert not await court.lift(USER, 6.0)


async def test_ten_thousand_misbehaving_keys_are_no_more_remembered_than_that(court: Court) -> None:
    """Who can make keys cannot fill the memory; what lasts is kept."""
    await court.refuse(11, 0.0)
    await court.refuse_each(25_000, 1.0)
    assert len(court.penalties) <= 10_000
    assert await court.wait_s(2.0) == 58.0


async def test_who_joins_later_remembers_the_last_minute_too(redis_server: RedisServer) -> None:
    """Ten refusals before it came are ten for it as well: the eleventh is too many for all."""
    redis_server.flush()
    clock = SetClock(1_700_000_000.0)
    async with together(redis_server, clock, clock.wall) as found:
        court = SharedCourt(found, clock)
        await found.start()
        await court.refuse(10, clock.now)
        async with together(redis_server, clock, clock.wall, processes=1, name="late") as late:
            third = SharedPenalties(late.replications[0])
            await late.start()
            await court.refuse(1, clock.now)
            await late.settle()
            assert third.wait_s("k1", "ann", 0.0) == await court.wait_s(clock.now) == 60
            assert third.export() == court.all[0].export()


async def test_what_was_earned_alone_is_known_to_all_and_no_more(redis_server: RedisServer) -> None:
    """A process that heard nobody: a penalty that lasts is told once; what was no violation stays none."""
    redis_server.flush()
    clock = SetClock(1_700_000_000.0)
    async with together(redis_server, clock, clock.wall) as found:
        court = SharedCourt(found, clock)
        await found.start()
        await found.cut_off(0)
        alone, other = court.all
        for _ in range(20):
            for _ in range(2):
                alone.refused("polite", "bob", 0.0)
            clock.now += 60
        for _ in range(11):
            alone.refused("k1", "ann", 0.0)
        assert (alone.wait_s("k1", "ann", 0.0), other.wait_s("k1", "ann", 0.0)) == (60, 0)
        await found.come_back(0)
        await found.settle()
        assert [each.wait_s("k1", "ann", 0.0) for each in court.all] == [60, 60]
        assert [each.wait_s("polite", "bob", 0.0) for each in court.all] == [0, 0]
        assert len(court.heard.penalties) == 1
