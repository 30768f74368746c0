"""Reading streams on for nobody."""

import asyncio

from baton.gateway.draining import AbortedStreams, Drains


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
    async with Drains(AbortedStreams.CANCEL) as drains:
        assert not drains.take(Reading().read_on)
        assert drains.count == 0


async def test_what_is_read_on_ends_with_the_house() -> None:
    """Stopping waits for no provider: each is cut short, one just taken too, and has recorded its end."""
    readings = [Reading() for _ in range(3)]
    async with Drains(AbortedStreams.DRAIN) as drains:
        assert all(drains.take(reading.read_on) for reading in readings)
        assert drains.count == 3
    assert drains.count == 0
    assert all(reading.recorded for reading in readings)
    assert not drains.take(Reading().read_on)


async def test_no_more_are_read_on_than_is_bearable() -> None:
    """Those beyond are let go; an ended one makes room, and leaves nothing behind."""
    first = Reading()
    async with Drains(AbortedStreams.DRAIN, most=1) as drains:
        assert drains.take(first.read_on)
        assert not drains.take(Reading().read_on)
        await asyncio.sleep(0)
        first.ended.set()
        while drains.count:  # noqa: ASYNC110 (a task's end has no event)
            await asyncio.sleep(0)
        assert first.recorded
        assert drains.take(Reading().read_on)
