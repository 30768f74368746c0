"""What processes may spend without Redis: small shares, reserved before anybody knows of them."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from baton.core.clock import SystemClock
from baton.gateway.admission.accounts import Account
from baton.gateway.admission.shared.counters import Counters, Held, Wish
from baton.gateway.admission.shared.leases import SHARE, Leases
from baton.gateway.admission.shared.state import SCRIPTS, State
from baton.gateway.admission.shared.tally import Tally
from baton.gateway.admission.windows import MINUTE_S, Against, Taken, Window
from baton.storage.keyvalue.line import Line

CAP = 1_000_000
ALIVE_S = 10.0
LOST_S = 3600.0


@asynccontextmanager
async def process(url: str, name: str) -> AsyncGenerator[Counters]:
    """One in an epoch that is open."""
    async with Line(url, SCRIPTS) as line:
        state = State(line, name)
        await state.join("epoch", 0.0)
        await state.open(0.0)
        yield Counters(state)


def a_wish(name: str, keys: list[str], usual: int, least: int = 1) -> Wish:
    accounts = [Account(key, CAP, 0) for key in keys]
    return Wish(name=name, accounts=accounts, most=usual, easy=usual, usual=usual, least=least)


async def test_all_shares_together_are_a_twentieth_of_what_is_left(redis_url: str) -> None:
    """They are held, and become smaller as more is spent; a process spends its old share till it hears."""
    account = Account("a", CAP, 0)
    async with process(redis_url, "one") as one, process(redis_url, "two") as two:
        assert await one.lease([(account, 0)], SHARE, ALIVE_S, LOST_S) == (2, [25_000])
        assert await two.lease([(account, 0)], SHARE, ALIVE_S, LOST_S) == (2, [24_375])
        assert await one.sums(["a"]) == [(0, 49_375)]
        await two.admit((), (), a_wish("x", ["a"], 500_000))
        _, (smaller,) = await one.lease([(account, 25_000)], SHARE, ALIVE_S, LOST_S)
        assert smaller < 13_000
        assert await one.sums(["a"]) == [(0, 549_375)]
        await one.lease([(account, smaller)], SHARE, ALIVE_S, LOST_S)
        assert await one.sums(["a"]) == [(0, 524_375 + smaller)]


async def test_an_account_that_nobody_uses_any_more_is_let_go(redis_url: str) -> None:
    """Its share is free again, and nobody asks for one any more."""
    leases = Leases()
    leases.used([Account("a", CAP, 0)], 0.0)
    async with process(redis_url, "one") as one:
        for now_s, held in ((0.0, 50_000), (599.0, 50_000), (601.0, 0)):
            asked = leases.wanted(now_s)
            processes, shares = await one.lease(asked, SHARE, ALIVE_S, LOST_S)
            leases.told(asked, shares, processes)
            assert await one.sums(["a"]) == [(0, held)]
        assert leases.wanted(602.0) == []


async def test_a_dead_process_leases_nothing(redis_url: str) -> None:
    """Who buries it lets its shares go."""
    async with process(redis_url, "one") as one, process(redis_url, "two") as two:
        await one.lease([(Account("a", CAP, 0), 0)], SHARE, ALIVE_S, LOST_S)
        assert await two.bury("one", {}, last=True) == 1
        assert await two.sums(["a"]) == [(0, 0)]


async def test_a_dead_process_pays_for_what_it_began_alone(redis_url: str) -> None:
    """Some of it at a time; the first hold of an interaction takes all of its cost, what never began costs
    nothing."""
    async with process(redis_url, "one") as one, process(redis_url, "two") as two:
        held = [Held(name, 50, ("a",)) for name in ("id/3/alone", "id/4", "other/5", "never/6")]
        await one.republish(held)
        assert await two.bury("one", {"id": 70}, last=False) == 1
        assert await two.sums(["a"]) == [(70, 150)]
        assert await two.bury("one", {"other": 20}, last=True) == 3
        assert await two.sums(["a"]) == [(90, 0)]


async def test_what_a_lost_process_held_is_taken_to_be_spent(redis_url: str) -> None:
    """Its machine is gone, and its journal: nobody will ever say what became of its calls."""
    async with process(redis_url, "one") as one, process(redis_url, "two") as two:
        await one.lease([(Account("a", CAP, 0), 0)], SHARE, ALIVE_S, LOST_S)
        await one.admit((), (), a_wish("x", ["a"], 700))
        await asyncio.sleep(0.05)
        await two.lease([], SHARE, ALIVE_S, LOST_S)
        assert await two.sums(["a"]) == [(0, 25_700)]
        await two.lease([], SHARE, ALIVE_S, 0.04)
        assert await two.sums(["a"]) == [(700, 0)]


async def test_what_is_leased_is_never_more_than_redis_keeps(redis_url: str) -> None:
    """Whichever answers are lost, whatever is spent meanwhile."""
    rng = random.Random(7)
    leases = {name: Leases() for name in ("one", "two", "three")}
    clock = SystemClock()
    for each in leases.values():
        each.used([Account("a", CAP, 0)], clock.monotonic())
    async with AsyncExitStack() as stack:
        counters = {name: await stack.enter_async_context(process(redis_url, name)) for name in leases}
        for number in range(300):
            name = rng.choice([*counters])
            mine, asked = leases[name], leases[name].wanted(clock.monotonic())
            processes, shares = await counters[name].lease(asked, SHARE, ALIVE_S, LOST_S)
            if rng.random() < 0.7:  # else the answer is lost
                mine.told(asked, shares, processes)
            if rng.random() < 0.3:
                await counters["one"].admit((), (), a_wish(str(number), ["a"], rng.randrange(20_000)))
            ((settled, held),) = await counters["one"].sums(["a"])
            assert settled + held <= CAP
            kept = sum(dict(each.wanted(0.0))[Account("a", CAP, 0)] for each in leases.values())
            assert kept <= held


def test_a_hold_out_of_shares_takes_of_all_of_them() -> None:
    """As much as the smallest allows, at least what is worth asking for; what is left comes back."""
    leases, rich, poor = Leases(), Account("rich", CAP, 0), Account("poor", CAP, 0)
    leases.used([rich, poor], 0.0)
    leases.told(leases.wanted(0.0), [100, 40], 2)
    held = leases.hold(a_wish("x", ["rich", "poor"], 60, least=30))
    assert held is not None
    assert held.nanos == 40
    assert leases.hold(a_wish("y", ["rich", "poor"], 60, least=30)) is None
    assert leases.hold(a_wish("z", ["unknown"], 1)) is None
    leases.give_back(held, 15)
    assert dict(leases.wanted(0.0)) == {rich: 85, poor: 25}


def test_a_part_of_a_limit_is_less_what_was_let_pass_before() -> None:
    """Of ten for two processes five, three of which Redis has let pass."""
    clock = SystemClock()
    tally, window = Tally(clock), Window("user/ann/requests/60", 10, MINUTE_S)
    for _ in range(3):
        tally.passed(Taken([window], [1], 1_000_000.0))
    found = tally.claim([window], [1], 2)
    assert not isinstance(found, Against)
    taken, totals = found
    assert totals == [9], "one of this process's five is left"
    assert not isinstance(tally.claim([window], [1], 2), Against)
    against = tally.claim([window], [1], 2)
    assert isinstance(against, Against)
    assert against.window is window
    tally.used(taken, [0])
    assert sum(each.amount for each in tally.past()) == 4
    assert all(abs(each.at_s - 1_000_000.0) < 5.0 for each in tally.past()), "of Redis's clock"
