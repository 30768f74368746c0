"""A provider that is down for a minute and then well, under a steady load."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from baton.upstream.providers.simulated.calls import Call
from tests.chaos.speech import SPEECHES
from tests.chaos.street import Leaping, Street, open_street
from tests.proofs import FOUND

PROVIDER = "openai"
MODEL = "openai/gpt-4o"
EVERY_S = 0.2
DOWN_S = 60
BACK_WITHIN_S = 5.0
REOPENED_S = 125
"""How long its return may be unknown: the second wait of a breaker is two minutes."""
LASTS_S = 220
MOST_DOWN = 20


@dataclass(frozen=True)
class Said:
    """One answer of the steady load."""

    at_s: float
    """Since the first request."""
    status: int
    provider: str


Pause = Callable[[float], Awaitable[None]]
"""Lets time go by until so many seconds after the beginning."""


async def steady(street: Street, seconds: float, until: Pause) -> list[Said]:
    """One request every 0.2 s, every second one streamed."""
    speech = SPEECHES["openai"]
    said: list[Said] = []

    async def one(number: int) -> None:
        reply = await street.ask(speech, MODEL, stream=number % 2 == 1)
        said.append(Said(number * EVERY_S, reply.status, reply.headers.get("x-baton-provider", "")))

    async with asyncio.TaskGroup() as load:
        for number in range(round(seconds / EVERY_S)):
            await until(number * EVERY_S)
            load.create_task(one(number))
    return sorted(said, key=lambda each: each.at_s)


def judged(said: list[Said], calls: tuple[Call, ...], down_s: int) -> str:
    """Fails unless all were served, and the provider again soon after it was well; what was found."""
    assert {each.status for each in said} == {200}
    down = [call for call in calls if call.fault is not None]
    back_s = next(each.at_s for each in said if each.provider == PROVIDER and each.at_s > 1)
    later = [each for each in said if each.at_s >= back_s + BACK_WITHIN_S]
    found = (
        f"{len(said)} of {len(said)} served; asked {len(down)} times while it was down for {down_s} s; "
        f"it served again after {back_s:.1f} s, and all {len(later)} from 5 s later on"
    )
    assert back_s < down_s + REOPENED_S, found
    assert len(later) > 10, found
    assert {each.provider for each in later} == {PROVIDER}, found
    assert len(down) <= MOST_DOWN, found
    return found


@pytest.mark.parametrize("down_s", [DOWN_S, 100])
async def test_a_provider_that_was_down_is_used_again(tmp_path: Path, down_s: int) -> None:
    """While it is down nobody notices and it is hardly asked, and it serves again within 5 s of a trial that
    succeeds: two minutes and more of a steady load, on a clock that leaps from request to request."""
    clock = Leaping()
    began_s = clock.monotonic()

    async def leap(at_s: float) -> None:
        clock.leap(max(0.0, began_s + at_s - clock.monotonic()))
        await asyncio.sleep(0.002)

    async with open_street(tmp_path, clock) as street:
        street.behaves(PROVIDER, f"fault=503;lasts={down_s}")
        judged(await steady(street, LASTS_S, leap), street.calls(PROVIDER), down_s)


@pytest.mark.soak
@pytest.mark.parametrize("fault", ["503", "reset", "529"])
async def test_a_provider_that_was_down_for_a_minute_is_used_again(
    tmp_path: Path, fault: str, record_property: Callable[[str, object], None]
) -> None:
    """While a provider is down nobody notices, and it serves again within 5 s of a trial that succeeds."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    async def wait(at_s: float) -> None:
        await asyncio.sleep(max(0.0, began_s + at_s - loop.time()))

    async with open_street(tmp_path) as street:
        street.behaves(PROVIDER, f"fault={fault};lasts={DOWN_S}")
        found = judged(await steady(street, LASTS_S, wait), street.calls(PROVIDER), DOWN_S)
    record_property(FOUND, f"{fault}: {found}")
