"""What several processes take and hold in Redis."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.gateway.admission.accounts import Account, Accounts, Hold, Short
from baton.gateway.admission.shared.counters import Blocked, Counters, Held, Passed, Settlement, Wish
from baton.gateway.admission.shared.state import SCRIPTS, Forgotten, State
from baton.gateway.admission.windows import MINUTE_S, Window
from baton.storage.keyvalue.line import Away, Line
from tests.redis_server import RedisServer

NAMES = ("a", "b", "c")
AMOUNTS = st.integers(0, 120)


@pytest.fixture
def own() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with RedisServer() as server:
        yield server


@asynccontextmanager
async def process(server: RedisServer, name: str = "one") -> AsyncGenerator[Counters]:
    """One of those that share."""
    async with Line(server.url, SCRIPTS) as line:
        state = State(line, name)
        await state.join("1", 0)
        await state.open(0)
        yield Counters(state)


def an_account(key: str, cap: int = 100) -> Account:
    return Account(key, cap, 0)


def a_wish(name: str, accounts: Sequence[Account], most: int, least: int = 1) -> Wish:
    """For exactly so much, or for what is left."""
    return Wish(name, accounts, most, most, most, least)


async def back(counters: Counters) -> None:
    """Wait until Redis is asked again, whatever it says."""
    while True:
        try:
            await counters.sums(["a"])
        except Away:
            await asyncio.sleep(0.01)
        except Forgotten:
            return
        else:
            return


async def held(counters: Counters, wish: Wish) -> Held | Short | None:
    found = await counters.admit((), (), wish)
    assert isinstance(found, Passed)
    return found.money


steps = st.lists(
    st.one_of(
        st.tuples(
            st.lists(st.sampled_from(NAMES), min_size=1, unique=True), AMOUNTS, AMOUNTS, st.integers(0, 40)
        ),
        st.tuples(st.integers(0, 10), st.integers(0, 150)),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(caps=st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), said=st.booleans(), steps=steps)
def test_money_is_held_as_in_memory(
    redis_server: RedisServer, caps: tuple[int, int, int], said: bool, steps: list[tuple[object, ...]]
) -> None:
    """Whatever is wished for and however calls end: the same is held, refused and settled by both."""

    async def story() -> None:
        redis_server.flush()
        here = Accounts()
        by_name = dict(zip(NAMES, caps, strict=True))
        open_: list[tuple[Hold, Held]] = []
        async with process(redis_server) as there:
            for number, step in enumerate(steps):
                if isinstance(step[0], int):
                    if not open_:
                        continue
                    place, cost = step[0], step[1]
                    assert isinstance(cost, int)
                    hold, held_there = open_.pop(place % len(open_))
                    here.settle(hold, cost)
                    [settled] = await there.settle([Settlement(held_there, cost)])
                    assert settled == [balance.settled for balance in hold.balances]
                    continue
                names, most, usual, least = step
                assert isinstance(names, list)
                assert isinstance(most, int)
                assert isinstance(usual, int)
                assert isinstance(least, int)
                usual = most if said else min(usual, most)
                least = min(least, usual)
                accounts = [an_account(name, by_name[name]) for name in names]
                easy = most if said else 2 * most
                mine = here.take_easily(accounts, most, easy) or here.take(accounts, usual, least)
                theirs = await held(there, Wish(str(number), accounts, most, easy, usual, least))
                if isinstance(mine, Short):
                    assert theirs == mine
                else:
                    assert isinstance(theirs, Held)
                    assert theirs.nanos == mine.nanos
                    open_.append((mine, theirs))
                assert await there.sums(NAMES) == [here.sums(name) for name in NAMES]

    asyncio.run(story())


async def test_windows_stay_taken_where_there_is_no_money(redis_server: RedisServer) -> None:
    """It was a request; a cheaper model is asked for without taking of them again."""
    redis_server.flush()
    window = Window("ann/requests/60", 10, MINUTE_S)
    async with process(redis_server) as counters:
        found = await counters.admit((window,), (1,), a_wish("x", [an_account("poor", 0)], 5))
        assert isinstance(found, Passed)
        assert isinstance(found.money, Short)
        left = await counters.left((window,))
        assert left is not None
        assert left.remaining == 9


async def test_nothing_is_held_where_a_window_is_full(redis_server: RedisServer) -> None:
    """All or nothing: who is refused by a limit holds no money."""
    redis_server.flush()
    async with process(redis_server) as counters:
        found = await counters.admit((Window("full", 0, MINUTE_S),), (1,), a_wish("x", [an_account("a")], 5))
        assert isinstance(found, Blocked)
        assert await counters.sums(["a"]) == [(0, 0)]


async def test_a_settlement_counts_once(redis_server: RedisServer) -> None:
    """However often it is sent: a hold is there once, and only whoever has it can end it."""
    redis_server.flush()
    async with process(redis_server) as one, process(redis_server, "two") as two:
        money = await held(one, a_wish("x", [an_account("a")], 60))
        assert isinstance(money, Held)
        assert await two.settle([Settlement(money, 5)]) == [None]
        assert await one.settle([Settlement(money, 40), Settlement(money, 60)]) == [[40], None]
        assert await one.settle([Settlement(money, 60)]) == [None]
        assert await one.sums(["a"]) == [(40, 0)]


async def test_the_ledger_only_ever_raises_what_is_settled(redis_server: RedisServer) -> None:
    """What it does not know yet is not forgotten; what is held may be in it already, and counts once."""
    redis_server.flush()
    async with process(redis_server) as counters:
        await held(counters, a_wish("x", [an_account("a")], 30))
        for told, settled in ((20, 0), (40, 10), (5, 10)):
            await counters.correct([(an_account("a"), told)])
            assert await counters.sums(["a"]) == [(settled, 30)]


async def test_sums_beyond_what_lua_can_count_are_exact(redis_server: RedisServer) -> None:
    """Of 900 million USD no nano-USD is lost."""
    redis_server.flush()
    rich = an_account("rich", 10**18)
    async with process(redis_server) as counters:
        for number in range(3):
            money = await held(counters, a_wish(str(number), [rich], 7))
            assert isinstance(money, Held)
            await counters.settle([Settlement(money, 300_000_000_000_000_001)])
        assert await counters.sums(["rich"]) == [(900_000_000_000_000_003, 0)]


async def test_processes_that_race_never_spend_more_than_there_is(redis_server: RedisServer) -> None:
    """4 × 64 clients on 1.00 USD: never is more than that settled and held, and at the end it is used."""
    redis_server.flush()
    cap, rng = 1_000_000_000, random.Random(7)
    budget = an_account("all", cap)
    seen: list[int] = []

    async def client(counters: Counters, name: str) -> None:
        for turn in range(12):
            most = rng.randrange(1_000_000, 9_000_000)
            money = await held(counters, a_wish(f"{name}/{turn}", [budget], most, least=100_000))
            [(settled, holds)] = await counters.sums(["all"])
            seen.append(settled + holds)
            if isinstance(money, Held):
                await asyncio.sleep(0)
                await counters.settle([Settlement(money, int(money.nanos * rng.random()))])

    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(process(redis_server, f"p{n}")) for n in range(4)]
        async with asyncio.TaskGroup() as clients:
            for counters in processes:
                for number in range(64):
                    clients.create_task(client(counters, str(number)))
        assert max(seen) <= cap
        [(settled, holds)] = await processes[0].sums(["all"])
        assert holds == 0
        assert settled >= 0.97 * cap


async def test_a_redis_that_was_emptied_is_not_believed(redis_server: RedisServer) -> None:
    """It has no epoch."""
    redis_server.flush()
    async with process(redis_server) as counters:
        await held(counters, a_wish("x", [an_account("a")], 30))
        redis_server.flush()
        with pytest.raises(Forgotten):
            await counters.sums(["a"])


async def test_a_redis_that_was_put_back_is_not_believed(own: RedisServer) -> None:
    """It has the right epoch, and does not know calls that it had answered."""
    async with process(own) as counters:
        await held(counters, a_wish("x", [an_account("a")], 30))
        own.save()
        await held(counters, a_wish("y", [an_account("a")], 30))
        own.kill()
        own.start()
        await back(counters)
        with pytest.raises(Forgotten):
            await held(counters, a_wish("z", [an_account("a")], 30))


async def test_a_redis_that_kept_everything_is_believed(own: RedisServer) -> None:
    """A restart that loses nothing is no new epoch: what was held is held."""
    async with process(own) as counters:
        await held(counters, a_wish("x", [an_account("a")], 30))
        own.save()
        own.kill()
        own.start()
        await back(counters)
        assert await counters.sums(["a"]) == [(0, 30)]
