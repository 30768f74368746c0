"""The law of sliding windows, over whatever arrives."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from baton.gateway.admission.windows import DAY_S, MINUTE_S, SUB_BUCKETS, Against, Taken, Window
from tests.gateway.admission.windows_twins import IN_MEMORY, Fresh, Twin

START_S = 1_000_000.25
lengths = st.sampled_from([MINUTE_S, 5 * MINUTE_S, DAY_S])
arrivals = st.lists(
    st.tuples(
        st.one_of(st.just(0.0), st.floats(0, 0.03), st.floats(0, 1.2)),
        st.integers(1, 12),
        st.floats(0, 1),
    ),
    min_size=1,
    max_size=120,
)
"""(time since the one before, as a share of the window; amount; share of it that was really used)."""


class Claim(Struct, frozen=True):
    """So much of one window."""

    window: Window
    amount: int


def claim(amount: int, limit: int = 20, window_s: int = MINUTE_S, key: str = "ann:requests") -> Claim:
    return Claim(Window(key, limit, window_s), amount)


async def tried(windows: Twin, claims: Sequence[Claim], now_s: float) -> Taken | Against:
    return await windows.claim([each.window for each in claims], [each.amount for each in claims], now_s)


async def take(windows: Twin, claims: Sequence[Claim], now_s: float) -> Taken:
    """Claims that fit."""
    taken = await tried(windows, claims, now_s)
    assert isinstance(taken, Taken)
    return taken


async def against(windows: Twin, claims: Sequence[Claim], now_s: float) -> Against | None:
    """What is against claims that are not to be taken."""
    found = await tried(windows, claims, now_s)
    if isinstance(found, Against):
        return found
    await windows.settle(found, [0 for _ in claims], now_s)
    return None


def told(windows: Twin, moment_s: float) -> float:
    """A moment as the twin's clock tells it."""
    return moment_s if windows.decimals is None else round(moment_s, windows.decimals)


def just_before(windows: Twin, moment_s: float) -> float:
    """The last moment before another that the twin's clock can tell."""
    if windows.decimals is None:
        return math.nextafter(moment_s, 0)
    return round(moment_s - 10**-windows.decimals, windows.decimals)


async def left(windows: Twin, asked: Claim, now_s: float) -> tuple[int, float]:
    found = await windows.left([asked.window], now_s)
    assert found is not None
    return found.remaining, found.reset_s


@settings(max_examples=150, deadline=None)
@given(arrivals=arrivals, window_s=lengths, start_s=st.floats(0, 1e7), settling=st.booleans())
def test_no_stretch_of_a_windows_length_holds_more_than_its_limit(
    fresh: Fresh, arrivals: list[tuple[float, int, float]], window_s: int, start_s: float, settling: bool
) -> None:
    """Wherever it begins and ends, to the last bit of a moment; with what was used once that is known."""

    async def story() -> None:
        async with fresh() as windows:
            held: list[list[float]] = []
            now_s = start_s
            for gap, amount, used in arrivals:
                now_s = told(windows, now_s + gap * window_s)
                asked = claim(amount, window_s=window_s)
                if await against(windows, [asked], now_s) is None:
                    taken = await take(windows, [asked], now_s)
                    held.append([now_s, amount])
                    if settling:
                        held[-1][1] = int(amount * used)
                        await windows.settle(taken, [int(amount * used)], now_s)
            for end_s, _ in held:
                within = [n for at, n in held if 0 <= Fraction(end_s) - Fraction(at) <= window_s]
                assert sum(within) <= 20

    asyncio.run(story())


@settings(max_examples=100, deadline=None)
@given(start_s=st.floats(0, 1e9), amounts=st.lists(st.integers(1, 20), min_size=1), window_s=lengths)
def test_a_burst_up_to_the_limit_passes_at_once(
    fresh: Fresh, start_s: float, amounts: list[int], window_s: int
) -> None:
    """All at one moment, wherever between two edges it lies; and again when the burst is a window old."""

    async def story() -> None:
        async with fresh() as windows:
            whole = sum(amounts)
            for now_s in (start_s, start_s + window_s * (1 + 1 / SUB_BUCKETS)):
                for amount in amounts:
                    asked = claim(amount, limit=whole, window_s=window_s)
                    assert await against(windows, [asked], now_s) is None
                    await take(windows, [asked], now_s)
                assert await against(windows, [claim(1, limit=whole, window_s=window_s)], now_s) is not None

    asyncio.run(story())


@settings(max_examples=150, deadline=None)
@given(arrivals=arrivals, window_s=lengths, start_s=st.floats(0, 1e7))
def test_the_wait_is_true_and_at_most_one_sub_bucket_too_long(
    fresh: Fresh, arrivals: list[tuple[float, int, float]], window_s: int, start_s: float
) -> None:
    """Who comes back then is let in; a moment before the last edge they are not; and a log of every single
    arrival would have let them in at most one sub-bucket earlier."""
    width_s = window_s / SUB_BUCKETS

    async def story() -> None:
        async with fresh() as windows:
            held: list[tuple[float, int]] = []
            now_s = start_s
            for gap, amount, _ in arrivals:
                now_s = told(windows, now_s + gap * window_s)
                asked = claim(amount, window_s=window_s)
                refused = await against(windows, [asked], now_s)
                if refused is not None:
                    assert refused.wait_s is not None
                    assert 0 < refused.wait_s <= window_s + width_s
                    back_s = told(windows, now_s + refused.wait_s)
                    early_s = just_before(windows, back_s)
                    if early_s > now_s:
                        assert await against(windows, [asked], early_s) is not None
                    assert await against(windows, [asked], back_s) is None
                    assert back_s <= exactly(held, amount, window_s, now_s) + width_s + 1e-6
                    now_s = back_s
                await take(windows, [asked], now_s)
                held.append((now_s, amount))

    asyncio.run(story())


def exactly(held: list[tuple[float, int]], amount: int, window_s: int, now_s: float) -> float:
    """When an amount fits by a log of every arrival."""
    moments = [now_s, *(at + window_s for at, _ in held if at + window_s > now_s)]
    return next(
        moment
        for moment in moments
        if sum(n for at, n in held if at > moment - window_s and at + window_s > moment) + amount <= 20
    )


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.floats(0, 0.4), st.integers(0, 9), st.booleans(), st.integers(0, 15)), max_size=80
    )
)
@example(steps=[(0.0, 5, True, 15), (0.4, 9, True, 0), (0.4, 9, False, 0), (0.4, 1, True, 1)])
def test_what_is_free_is_what_a_list_of_sub_buckets_says(
    fresh: Fresh, steps: list[tuple[float, int, bool, int]]
) -> None:
    """Taken where it fits and settled with less or more, at once or much later: every figure agrees with a
    list that is summed anew each time."""

    async def story() -> None:
        async with fresh() as windows:
            buckets: defaultdict[int, int] = defaultdict(int)
            open_: list[tuple[Taken, int, int]] = []
            now_s = START_S
            for gap, amount, settle_first, used in steps:
                now_s = told(windows, now_s + gap * MINUTE_S)
                bucket = int(now_s)
                if settle_first and open_:
                    settled, where, was = open_.pop(0)
                    await windows.settle(settled, [used], now_s)
                    buckets[where] += used - was
                held = sum(n for b, n in buckets.items() if b >= bucket - SUB_BUCKETS)
                taken = await tried(windows, [claim(amount)], now_s)
                assert isinstance(taken, Taken) is (held + amount <= 20)
                if isinstance(taken, Taken):
                    open_.append((taken, bucket, amount))
                    buckets[bucket] += amount
                counted = {b: n for b, n in buckets.items() if b >= bucket - SUB_BUCKETS and n}
                reset_s = max(counted) + SUB_BUCKETS + 1 - now_s if counted else 0.0
                free, said_s = await left(windows, claim(0), now_s)
                assert (free, said_s) == (
                    max(0, 20 - sum(counted.values())),
                    pytest.approx(reset_s, abs=1e-6),
                )

    asyncio.run(story())


async def test_of_several_claims_all_are_taken_or_none(fresh: Fresh) -> None:
    """One that is in the way leaves the others as they were, and is named with its wait."""
    async with fresh() as windows:
        minute, day = claim(6), claim(6, limit=10, window_s=DAY_S, key="ann:day")
        await take(windows, [minute, day], START_S)
        refused = await against(windows, [minute, day], START_S)
        assert refused is not None
        assert refused.window == day.window
        assert refused.wait_s is not None
        assert DAY_S <= refused.wait_s <= DAY_S + DAY_S / SUB_BUCKETS
        assert (await left(windows, minute, START_S))[0] == 14
        assert (await left(windows, day, START_S))[0] == 4


async def test_the_wait_of_several_claims_is_that_of_the_last_to_fit(fresh: Fresh) -> None:
    """A minute's and a day's limit are both spent: coming back after the minute would be in vain."""
    async with fresh() as windows:
        both = [claim(20), claim(10, limit=10, window_s=DAY_S, key="ann:day")]
        await take(windows, both, START_S)
        for order in (both, both[::-1]):
            refused = await against(windows, order, START_S)
            assert refused is not None
            assert refused.window.window_s == DAY_S


async def test_what_is_larger_than_the_limit_is_refused_for_good(fresh: Fresh) -> None:
    """No wait would help, so none is named; also where nothing was taken yet, and where the limit is 0."""
    async with fresh() as windows:
        for asked in (claim(21), claim(1, limit=0)):
            refused = await against(windows, [claim(1, key="bob"), asked], START_S)
            assert refused is not None
            assert (refused.window, refused.amount) == (asked.window, asked.amount)
            assert refused.wait_s is None


async def test_what_was_not_used_is_free_at_once_and_what_was_used_beyond_it_counts(fresh: Fresh) -> None:
    """Settled with less: the rest is handed back. With more: beyond the limit too, until a window later."""
    async with fresh() as windows:
        taken = await take(windows, [claim(20)], START_S)
        assert await against(windows, [claim(15)], START_S + 9) is not None
        await windows.settle(taken, [5], START_S + 9)
        assert await against(windows, [claim(15)], START_S + 9) is None

        again = await take(windows, [claim(15)], START_S + 9)
        await windows.settle(again, [100], START_S + 20)
        assert await left(windows, claim(0), START_S + 20) == (0, 49.75)
        refused = await against(windows, [claim(1)], START_S + 20)
        assert refused is not None
        assert refused.wait_s == 49.75


async def test_settling_what_has_left_the_window_changes_nothing(fresh: Fresh) -> None:
    """An answer that took longer than the window was counted, and its time is over."""
    async with fresh() as windows:
        taken = await take(windows, [claim(20)], START_S)
        await take(windows, [claim(3)], START_S + 61)
        await windows.settle(taken, [0], START_S + 62)
        assert (await left(windows, claim(0), START_S + 62))[0] == 17


async def test_a_moment_that_has_passed_is_counted_where_it_belongs(fresh: Fresh) -> None:
    """So a day's window can be filled from the ledger when a process starts, in any order."""
    async with fresh() as windows:
        day = claim(1, limit=3, window_s=DAY_S, key="ann:day")
        for hours_ago in (1, 23, 26):
            await take(windows, [day], START_S - hours_ago * 3600)
        assert (await left(windows, day, START_S))[0] == 1
        assert (await left(windows, day, START_S + 2 * 3600))[0] == 2


@pytest.mark.parametrize("fresh", IN_MEMORY.values(), ids=IN_MEMORY)
async def test_counters_that_hold_nothing_leave(fresh: Fresh) -> None:
    """Ten thousand keys of yesterday are gone within a minute of other traffic; those of today stay."""
    async with fresh() as windows:
        for one in range(10_000):
            await take(windows, [claim(1, key=f"minute:{one}")], START_S)
        await take(windows, [claim(1, window_s=DAY_S, key="day")], START_S)
        await trickle(windows, START_S + 2 * MINUTE_S, 130)
        assert await windows.size() <= 3


async def trickle(windows: Twin, from_s: float, seconds: int) -> None:
    """One request each second."""
    for second in range(seconds):
        await take(windows, [claim(1, limit=100, key="someone")], from_s + second)


async def test_one_keys_windows_say_nothing_of_anothers(fresh: Fresh) -> None:
    """Each key is counted by itself."""
    async with fresh() as windows:
        await take(windows, [claim(20, key="ann")], START_S)
        assert await against(windows, [claim(20, key="bob")], START_S) is None


async def test_what_is_left_grows_as_time_goes_by(fresh: Fresh) -> None:
    """Never less is free than a moment before where nobody takes, and all of it when the reset has come."""
    async with fresh() as windows:
        for step in range(20):
            await take(windows, [claim(1)], START_S + step * 2)
        seen = [await left(windows, claim(0), START_S + 40 + step) for step in range(62)]
        assert all(before[0] <= after[0] for before, after in pairwise(seen))
        reset_s = seen[0][1]
        assert seen[math.ceil(reset_s)] == (20, 0.0)
        assert seen[math.ceil(reset_s) - 1][0] < 20


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.one_of(st.just(0.0), st.floats(0, 0.6), st.floats(0, 70)),
            st.sampled_from(["key and user", "user", "other key and user", "apart", "settle"]),
            st.integers(0, 9),
        ),
        max_size=80,
    )
)
def test_callers_who_share_a_window_are_counted_in_it_together(
    fresh: Fresh, steps: list[tuple[float, str, int]]
) -> None:
    """Two keys of one user, in any order and at any pace: every figure is that of a sum made anew, also of
    what is settled with less or more after others have claimed."""
    user, key, other = (Window(name, 30, MINUTE_S) for name in ("user", "key", "other key"))
    slow = Window("user's day", 60, DAY_S)
    claimed = {
        "key and user": (user, slow, key),
        "user": (user, slow),
        "other key and user": (user, slow, other),
        "apart": (other,),
    }

    async def story() -> None:
        async with fresh() as windows:
            log: dict[str, list[list[float]]] = defaultdict(list)
            open_: list[tuple[Taken, list[list[float]], int]] = []
            now_s = START_S

            def held(window: Window) -> float:
                width_s = window.window_s // SUB_BUCKETS
                return sum(n for at, n in log[window.key] if now_s // width_s - at // width_s <= SUB_BUCKETS)

            for gap_s, what, amount in steps:
                now_s = told(windows, now_s + gap_s)
                if what == "settle":
                    if open_:
                        taken, entries, count = open_.pop(0)
                        await windows.settle(taken, [amount] * count, now_s)
                        for entry in entries:
                            entry[1] = amount
                    continue
                wanted = claimed[what]
                found = await windows.claim(wanted, [amount] * len(wanted), now_s)
                fits = all(held(each) + amount <= each.limit for each in wanted)
                assert isinstance(found, Taken) is fits
                if isinstance(found, Taken):
                    entries = [[now_s, amount] for _ in wanted]
                    for window, entry in zip(wanted, entries, strict=True):
                        log[window.key].append(entry)
                    open_.append((found, entries, len(wanted)))
                for window in (user, slow, key, other):
                    seen = await left(windows, Claim(window, 0), now_s)
                    assert seen[0] == max(0, window.limit - held(window))

    asyncio.run(story())
