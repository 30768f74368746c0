"""Processes that share money through a Redis that forgets."""

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from baton.core.clock import SystemClock
from baton.core.errors import Unavailable
from baton.gateway.admission.accounts import Account, Short
from baton.gateway.admission.shared.counters import Closed, Held, Passed, Wish
from baton.gateway.admission.shared.member import Member, MemberSettings
from baton.gateway.admission.shared.state import SCRIPTS, Forgotten, State
from baton.storage.keyvalue.line import Away, Line, LineSettings
from tests.redis_server import RedisServer

CAP = 1_000_000_000
BUDGET = Account("all", CAP, 0)
QUICK = MemberSettings(others_s=0.3, patience_s=1.0, beat_s=0.05, lease_s=3600.0)
"""And without leases, so that nothing is held but what a call holds."""


@pytest.fixture
def own() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with RedisServer() as server:
        yield server


class Truth:
    """What was really spent and may be spent, and the ledger that learns of it late."""

    def __init__(self) -> None:
        self.spent = 0
        self.open = 0
        self.most = 0
        self.ledger = 0
        self.epochs = itertools.count(1)

    def begins(self, nanos: int) -> None:
        self.open += nanos
        self.most = max(self.most, self.spent + self.open)

    def ends(self, nanos: int, cost: int) -> None:
        self.open -= nanos
        self.spent += cost


class Process:
    """One of those that share, with a journal of its own that the ledger has not seen."""

    def __init__(self, line: Line, name: str, truth: Truth) -> None:
        self.truth = truth
        self.journal = 0
        self.away = False
        """Whether the ledger cannot be asked."""
        state = State(line, name)
        self.member = Member(line, state, SystemClock(), lambda: str(next(truth.epochs)), self.compare, QUICK)
        self._names = (f"{name}/{number}" for number in itertools.count())

    async def compare(self) -> None:
        """As the ledger does: all that ended here is drained, then its sums are read."""
        if self.away:
            raise Unavailable("The database is away.")
        self.drain()
        await self.member.counters.correct([(BUDGET, self.truth.ledger)])

    def drain(self) -> None:
        self.truth.ledger += self.journal
        self.journal = 0

    async def hold(self, most: int) -> Held | None:
        """Money for a call, once somebody can say whether there is any; None: there is none."""
        while True:
            await self.member.ready()
            wish = Wish(next(self._names), [BUDGET], most, most, most, 100_000)
            try:
                found = await self.member.admit((), (), wish)
            except (Forgotten, Closed):
                continue
            except Away:
                await asyncio.sleep(0.01)
            else:
                assert isinstance(found, Passed)
                if isinstance(found.money, Short):
                    return None
                assert isinstance(found.money, Held)
                self.truth.begins(found.money.nanos)
                return found.money

    async def sums(self) -> tuple[int, int]:
        """What is settled and held, once somebody can say so."""
        while True:
            await self.member.ready()
            try:
                [found] = await self.member.counters.sums([BUDGET.key])
            except (Forgotten, Away):
                await asyncio.sleep(0.01)
            else:
                return found

    def end(self, held: Held, cost: int) -> None:
        self.truth.ends(held.nanos, cost)
        self.journal += cost
        self.member.ends(held, cost)


@asynccontextmanager
async def processes(server: RedisServer, truth: Truth, count: int) -> AsyncGenerator[list[Process]]:
    """So many, ready."""
    async with AsyncExitStack() as stack:
        found: list[Process] = []
        for number in range(count):
            line = await stack.enter_async_context(Line(server.url, SCRIPTS, LineSettings(call_s=0.5)))
            found.append(Process(line, f"p{number}", truth))
            await stack.enter_async_context(found[-1].member)
        for each in found:
            await each.member.ready()
        yield found


def flushed(server: RedisServer) -> None:
    server.flush()


def put_back(server: RedisServer) -> None:
    """To what it was when it was last saved."""
    server.kill()
    server.start()


def restarted(server: RedisServer) -> None:
    """With all that it knew."""
    server.save()
    server.kill()
    server.start()


@pytest.mark.parametrize("accident", [flushed, put_back, restarted])
@pytest.mark.parametrize("seed", range(2))
async def test_nothing_is_overspent_whatever_redis_forgets(
    own: RedisServer, accident: Callable[[RedisServer], None], seed: int
) -> None:
    """4 processes × 16 clients on 1.00 USD, with accidents in the middle: what is spent and may be spent is
    never more, and nearly all of it is used in the end."""
    rng, truth = random.Random(seed), Truth()

    async def client(process: Process) -> None:
        while (held := await process.hold(rng.randrange(500_000, 3_000_000))) is not None:
            await asyncio.sleep(rng.random() * 0.05)
            process.end(held, int(held.nanos * (0.2 + 0.6 * rng.random())))
            if rng.random() < 0.1:
                process.drain()

    async def accidents() -> None:
        for number in range(2):
            await asyncio.sleep(0.15)
            if not number:
                await asyncio.to_thread(own.save)
                await asyncio.sleep(0.1)
            await asyncio.to_thread(accident, own)

    async with processes(own, truth, 4) as all_of_them:
        async with asyncio.TaskGroup() as group:
            group.create_task(accidents())
            for each in all_of_them:
                for _ in range(16):
                    group.create_task(client(each))
        for each in all_of_them:
            await each.member.settled()
        assert truth.most <= CAP
        assert truth.open == 0
        assert truth.spent >= 0.95 * CAP
        settled, held = await all_of_them[0].sums()
        assert held == 0
        assert truth.spent <= settled <= CAP


async def test_who_holds_money_holds_it_after_redis_was_emptied(own: RedisServer) -> None:
    """A call that takes long is still held for, by its name, and settled once."""
    truth = Truth()
    async with processes(own, truth, 2) as (one, two):
        held = await one.hold(300_000_000)
        assert held is not None
        own.flush()
        other = await two.hold(900_000_000)  # what is left of it
        assert other is not None
        assert other.nanos == 700_000_000
        one.end(held, 100_000_000)
        await one.member.settled()
        assert await two.member.counters.sums(["all"]) == [(100_000_000, 700_000_000)]
        two.end(other, 0)
        await two.member.settled()
        assert await two.member.counters.sums(["all"]) == [(100_000_000, 0)]


async def test_what_the_ledger_knows_is_spent_in_a_new_epoch(own: RedisServer) -> None:
    """Also what one process had settled and not drained when Redis was emptied."""
    truth = Truth()
    async with processes(own, truth, 2) as (one, two):
        for each in (one, two):
            held = await each.hold(200_000_000)
            assert held is not None
            each.end(held, 200_000_000)
            await each.member.settled()
        own.flush()
        rest = await one.hold(900_000_000)
        assert rest is not None
        assert rest.nanos == 600_000_000


async def test_who_does_not_come_forward_is_waited_for_no_longer(own: RedisServer) -> None:
    """A process that has joined and hangs, or whose ledger cannot be asked, closes nobody's money."""
    truth = Truth()
    async with processes(own, truth, 2) as (one, two):

        async def never() -> None:
            await asyncio.Event().wait()

        setattr(two.member, "_compare", never)  # noqa: B010
        own.flush()
        assert await asyncio.wait_for(one.hold(5_000_000), 5) is not None


async def test_a_ledger_that_was_away_for_all_counts_nothing_twice(own: RedisServer) -> None:
    """However long, and although one of them finds it again a moment before the other."""
    truth = Truth()
    async with processes(own, truth, 2) as both:
        held = [await each.hold(200_000_000) for each in both]
        for each in both:
            each.away = True
        own.flush()
        await asyncio.sleep(QUICK.others_s)
        for each, its in zip(both, held, strict=True):
            assert its is not None
            each.end(its, 100_000_000)
            each.drain()  # as soon as the database is back, before anybody is asked to
        await asyncio.sleep(QUICK.others_s + QUICK.patience_s)
        for each in both:
            each.away = False
            await asyncio.sleep(0.5)
        for each in both:
            await each.member.settled()
        assert await both[0].sums() == (200_000_000, 0)


async def test_what_nobody_heard_of_is_let_go(own: RedisServer) -> None:
    """A hold whose answer was lost, or whose caller left meanwhile, holds nothing for long."""
    truth = Truth()
    async with processes(own, truth, 1) as (one,):
        wish = Wish("late", [BUDGET], 500, 500, 500, 1)
        with own.hung():
            left = asyncio.create_task(one.member.admit((), (), wish))
            await asyncio.sleep(0.01)
            left.cancel()
            with pytest.raises(asyncio.CancelledError):
                await left
        await one.member.settled()
        assert await one.sums() == (0, 0)


async def test_what_was_held_and_ended_alone_is_settled(own: RedisServer) -> None:
    """Also where Redis was away for a moment that nobody but this one call has noticed."""
    leasing = MemberSettings(others_s=0.3, patience_s=1.0, beat_s=0.05, lease_s=0.05)
    async with Line(own.url, SCRIPTS) as line:
        state = State(line, "p")

        async def compare() -> None:
            """Nothing has ended before."""

        async with Member(line, state, SystemClock(), lambda: "epoch", compare, leasing) as member:
            await member.ready()
            first = await member.admit((), (), Wish("a", [BUDGET], 100, 100, 100, 1))
            assert isinstance(first, Passed)
            assert isinstance(first.money, Held)
            await asyncio.sleep(0.3)
            alone = member.admit_alone((), (), Wish("b/alone", [BUDGET], 100, 100, 100, 1))
            assert isinstance(alone, Passed)
            assert isinstance(alone.money, Held)
            member.ends(alone.money, 30)
            await member.settled()
            await member.ready()
            ((settled, _),) = await member.counters.sums([BUDGET.key])
            assert settled == 30
            member.ends(first.money, 5)
        async with Member(line, State(line, "q"), SystemClock(), lambda: "epoch", compare, QUICK) as other:
            await other.ready()
            assert await other.counters.sums([BUDGET.key]) == [(35, 0)], "a clean end leaves nothing held"
