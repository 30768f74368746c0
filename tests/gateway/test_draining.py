"""Reading streams on for nobody."""

import asyncio

import pytest

from baton.catalog.tokens.gauge import ROUGHLY, Gauge
from baton.gateway import draining
from baton.gateway.draining import AbortedStreams, Drains


async def as_guessed(model: str, gauge: Gauge, said: str) -> float:
    del model, gauge, said
    return 1


class Reading:
    """A stream that is read until it is let."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.recorded = False

    async def read_on(self) -> None:
        try:
            await self.ended.wait()
        finally:
            self.recorded = True


async def test_by_the_policy_to_cancel_none_is_read_on() -> None:
    """The stream is handed back to be let go."""
    async with Drains(AbortedStreams.CANCEL, as_guessed) as drains:
        assert not drains.take(Reading().read_on)
        assert drains.count == 0


async def test_what_is_read_on_ends_with_the_house() -> None:
    """Stopping waits for no provider: each is cut short, one just taken too, and has recorded its end."""
    readings = [Reading() for _ in range(3)]
    async with Drains(AbortedStreams.DRAIN, as_guessed) as drains:
        assert all(drains.take(reading.read_on) for reading in readings)
        assert drains.count == 3
    assert drains.count == 0
    assert all(reading.recorded for reading in readings)
    assert not drains.take(Reading().read_on)


async def test_no_more_are_read_on_than_is_bearable() -> None:
    """Those beyond are let go; an ended one makes room, and leaves nothing behind."""
    first = Reading()
    async with Drains(AbortedStreams.DRAIN, as_guessed, most=1) as drains:
        assert drains.take(first.read_on)
        assert not drains.take(Reading().read_on)
        await asyncio.sleep(0)
        first.ended.set()
        while drains.count:  # noqa: ASYNC110 (a task's end has no event)
            await asyncio.sleep(0)
        assert first.recorded
        assert drains.take(Reading().read_on)


async def test_a_count_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokenizer that hangs leaves the guess as it is, and the row is written."""

    async def never(model: str, gauge: Gauge, said: str) -> float:
        del model, gauge, said
        return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(draining, "COUNT_S", 0.01)
    async with Drains(AbortedStreams.CANCEL, never) as drains:
        assert await drains.worth("m", ROUGHLY, "text") == 1
