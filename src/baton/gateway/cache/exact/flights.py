"""Requests under way that others wait for, in one process: one of them is asked, all are answered.

Whoever comes first has a task made that asks; it is nobody's own, so that it goes on while anybody waits,
whoever leaves. The last one to leave ends it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar


class Shared(Protocol):
    """What those who wait for one look at."""

    @property
    def over(self) -> bool:
        """Whether all of it is there: it is left to end by itself, whoever leaves."""
        ...


T = TypeVar("T", bound=Shared)


class Flight(Generic[T]):
    """One that is under way. `shared`: what those who wait for it look at meanwhile."""

    __slots__ = ("key", "shared", "task", "waiting")

    def __init__(self, key: str, shared: T, task: asyncio.Task[None]) -> None:
        self.key = key
        self.shared = shared
        self.task = task
        self.waiting = 0


class Flights(Generic[T]):
    """All of them, by key."""

    def __init__(self) -> None:
        self._flights: dict[str, Flight[T]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def under_way(self, key: str) -> Flight[T] | None:
        """The one of that key that can be joined."""
        return self._flights.get(key)

    def begin(self, key: str, shared: T, ask: Callable[[], Awaitable[None]]) -> Flight[T]:
        """Begin one that others can join until it has come to its end. `ask` leaves in `shared` what it came
        to, its failure too."""
        flight = Flight(key, shared, asyncio.get_running_loop().create_task(self._fly(key, ask)))
        self._flights[key] = flight
        return flight

    async def leave(self, flight: Flight[T]) -> None:
        """Somebody does not wait any more; the last one ends it, and waits for that."""
        flight.waiting -= 1
        if flight.waiting or flight.task.done() or flight.shared.over:
            return
        self._forget(flight.key, flight.task)  # who comes now begins another
        flight.task.cancel()
        await asyncio.wait([flight.task])

    async def close(self) -> None:
        """End all that are left."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _fly(self, key: str, ask: Callable[[], Awaitable[None]]) -> None:
        try:
            await ask()
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._forget(key, task)

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        found = self._flights.get(key)
        if found is not None and found.task is task:
            del self._flights[key]
