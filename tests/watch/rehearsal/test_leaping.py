"""Time that leaps over waits, apart from everybody else's."""

import asyncio
import threading
from time import monotonic

import pytest

from baton.watch.rehearsal.leaping import Apart, LeapingClock


async def test_hours_of_waiting_take_no_time() -> None:
    """Timers fire in their order, each at exactly its moment; nobody waits for them."""

    async def work(clock: LeapingClock) -> list[tuple[float, str]]:
        told: list[tuple[float, str]] = []

        async def tell(after_s: float, word: str) -> None:
            await asyncio.sleep(after_s)
            told.append((clock.monotonic(), word))

        await asyncio.gather(tell(7200.0, "late"), tell(0.5, "soon"), tell(60.0, "then"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        return [*told, (clock.monotonic(), "end")]

    began_s = monotonic()
    assert await Apart().run(work) == [(0.5, "soon"), (60.0, "then"), (7200.0, "late"), (10800.0, "end")]
    assert monotonic() - began_s < 5


async def test_the_time_of_day_goes_on_with_it() -> None:
    """What is an hour later by the clock is an hour later by the calendar."""

    async def work(clock: LeapingClock) -> float:
        before_s = clock.wall()
        await asyncio.sleep(3600)
        return clock.wall() - before_s

    assert await Apart().run(work) == pytest.approx(3600)


async def test_who_leaves_ends_the_work() -> None:
    """Cancelled, it is over when the cancellation returns: work that would never end, and its thread."""
    begun, threads = threading.Event(), list[threading.Thread]()
    ended: list[bool] = []

    async def work(_: LeapingClock) -> None:
        threads.append(threading.current_thread())
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    task = asyncio.create_task(Apart().run(work))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
    assert threads[0] is not threading.current_thread()


async def test_a_mistake_comes_back() -> None:
    """What the work raises, its caller gets."""

    async def work(_: LeapingClock) -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        await Apart().run(work)
