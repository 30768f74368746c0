"""Requests that wait for room instead of being refused; time leaps over their waits."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from baton.core.errors import OverLimit
from baton.gateway.admission.queue import MOST_OF_ONE, MOST_WAITING, Queue
from baton.gateway.admission.windows import Against, Window, Windows
from baton.watch.rehearsal.leaping import LeapingClock, LeapingLoop

FOR_EVER = 1e12


class Room:
    """One window of two a minute for each user, and one of three for all."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.clock = LeapingClock(loop, 0.0)
        self.queue = Queue(self.clock)
        self.windows = Windows()
        self.served: list[tuple[str, float]] = []

    def attempt(self, user: str, limit: int = 2) -> Callable[[], Awaitable[float]]:
        async def take() -> float:
            now_s = self.clock.monotonic()
            wanted = [Window(f"user/{user}", limit, 60), Window("all", 3, 60)]
            found = self.windows.claim(wanted, [1, 1], now_s)
            if isinstance(found, Against):
                raise refused(found.wait_s)
            self.served.append((user, now_s))
            return now_s

        return take

    async def wait(self, user: str, within_s: float = FOR_EVER) -> float:
        ends_s = self.clock.monotonic() + within_s
        return await self.queue.wait(user, self.attempt(user), refused(1.0), ends_s)


def refused(wait_s: float | None) -> OverLimit:
    return OverLimit("Too often.", limit="user", retry_after_s=wait_s)


def leaping(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop = LeapingLoop()
    try:
        loop.run_until_complete(story())
    finally:
        loop.close()


def test_who_waits_is_served_when_there_is_room_in_their_order() -> None:
    """First come, first served among one user's; never more than the limit; nobody is left over."""

    async def story() -> None:
        room = Room()
        order: list[int] = []

        async def one(number: int) -> None:
            await room.wait("ann")
            order.append(number)

        async with asyncio.TaskGroup() as group:
            for number in range(7):
                group.create_task(one(number))
            await asyncio.sleep(1)
            assert room.queue.depth == 5
        assert order == list(range(7))
        times = [at for _, at in room.served]
        assert all(later - earlier > 60 for earlier, later in zip(times, times[2:], strict=False))
        assert (room.queue.depth, room.queue.waited) == (0, 7)
        assert room.queue.waited_s > 60

    leaping(story)


def test_a_user_with_many_waiting_does_not_keep_others_from_their_turn() -> None:
    """Of a limit that all share, one who sends one is served as soon as one who sends fifty."""

    async def story() -> None:
        room = Room()
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(room.wait("ann", 3000))
            await asyncio.sleep(0.5)
            for user in ("bob", "cleo"):
                group.create_task(room.wait(user, 3000))
        places = [user for user, _ in room.served]
        assert {"bob", "cleo"} <= set(places[:8])

    leaping(story)


def test_a_queue_that_is_full_refuses() -> None:
    """As if there were none; one user fills their own part only."""

    async def story() -> None:
        room = Room()
        users = [f"u{n}" for n in range(MOST_WAITING // MOST_OF_ONE)]
        waiting = [
            asyncio.create_task(room.queue.wait(user, never, refused(50.0), FOR_EVER))
            for user in users
            for _ in range(MOST_OF_ONE)
        ]
        await asyncio.sleep(0)
        for user in ("u1", "somebody"):
            with pytest.raises(OverLimit):
                await room.wait(user)
        assert room.queue.depth == MOST_WAITING
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert room.queue.depth == 0
        assert await room.wait("u1") >= 0

    leaping(story)


async def never() -> None:
    raise refused(50.0)


def test_a_client_that_leaves_makes_way() -> None:
    """Whether it is first or in the middle; those behind it are not held up, and nothing is taken for it."""

    async def story() -> None:
        room = Room()
        await room.wait("ann")
        await room.wait("ann")
        first, second, third = (asyncio.create_task(room.wait("ann")) for _ in range(3))
        await asyncio.sleep(1)
        second.cancel()
        first.cancel()
        await asyncio.wait([first, second])
        assert room.queue.depth == 1
        assert 60 <= await third <= 61
        assert len(room.served) == 3

    leaping(story)


def test_nobody_waits_longer_than_they_wanted_to() -> None:
    """Who could not be served in time is told at once, with the true wait; behind others, at the end."""

    async def story() -> None:
        room = Room()
        await room.wait("ann")
        await room.wait("ann")
        began_s = room.clock.monotonic()
        with pytest.raises(OverLimit) as told:
            await room.wait("ann", 30)
        assert room.clock.monotonic() == began_s
        assert told.value.retry_after_s is not None
        assert told.value.retry_after_s >= 60
        patient = asyncio.create_task(room.wait("ann"))
        await asyncio.sleep(0)
        with pytest.raises(OverLimit):
            await room.wait("ann", 10)
        assert room.clock.monotonic() - began_s == pytest.approx(10, abs=0.1)
        await patient

    leaping(story)


def test_what_can_never_be_let_in_does_not_wait() -> None:
    """More than the limit itself."""

    async def story() -> None:
        room = Room()
        with pytest.raises(OverLimit):
            await room.queue.wait("ann", room.attempt("ann", limit=0), refused(1.0), FOR_EVER)

    leaping(story)
