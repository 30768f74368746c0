"""kill -9 of a whole Baton while its clients race for one budget: the next life forgets nothing of it."""

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import aiohttp
import pytest

from baton.core.clock import SystemClock
from baton.core.dialect import Dialect
from baton.core.money import NANOS_PER_USD, nanos_from_usd
from baton.ledger.spending import Spending
from baton.storage.database import Database
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.conftest import bearer
from tests.contracts.callers import DIALECTS, short
from tests.crash.provider import Provider, Remembering, provider
from tests.crash.serving import KEY, Home, living, until
from tests.databases import Place
from tests.proofs import FOUND

MODELS = ("openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "google/gemini-2.0-flash")
DOLLAR = {"scope": "all", "period": "lifetime", "limitUsd": "1.00"}
BUDGET = "/api/admin/budgets/the-dollar"
RICH = {"MAX_DAILY_BUDGET": "1000", "MAX_USER_BUDGET": "1000"}
ONCE = {"BATON_RETRIES": "0"}
LIMITS = {
    Dialect.OPENAI: {"max_tokens": 60},
    Dialect.OPENAI_RESPONSES: {"max_output_tokens": 60},
    Dialect.ANTHROPIC: {"max_tokens": 60},
    Dialect.GOOGLE: {"generationConfig": {"maxOutputTokens": 60}},
}
"""Little more than an answer has, so that little more is held for it."""

LIVES = 3


@dataclass(frozen=True)
class Race:
    """So dear that what is under way at a kill is a part of the dollar: all of that is taken as spent."""

    callers: int
    input_usd: int
    """Of a million tokens."""
    output_usd: int
    answers: int
    """In each life but the last."""


@dataclass
class Spenders:
    """Clients that ask until nothing is left, or nobody answers."""

    url: str
    callers: int
    answers: Counter[int] = field(default_factory=Counter[int])
    pause_s: float = 0.0
    """Between two questions of one of them, at most."""

    async def live(self, life: int) -> None:
        """All at once."""
        async with asyncio.TaskGroup() as group:
            for caller in range(self.callers):
                group.create_task(self._spend(life, caller))

    async def _spend(self, life: int, caller: int) -> None:
        rng, refused, number = random.Random(f"{life}/{caller}"), 0, 0
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session:
            while refused < 3:
                number += 1
                try:
                    status = await self._ask(session, f"question-{life}-{caller}-{number}", rng)
                except (aiohttp.ClientError, ConnectionError):
                    return
                refused = refused + 1 if status == 429 else 0
                if self.pause_s:
                    await asyncio.sleep(rng.uniform(0.0, self.pause_s))

    async def _ask(self, session: aiohttp.ClientSession, name: str, rng: random.Random) -> int:
        dialect = rng.choice(DIALECTS)
        ask = short(dialect, rng.choice(MODELS), stream=rng.random() < 0.5)
        said = ask.body.replace(b"Hello there", name.encode() + b" x" * rng.randrange(60))
        body = json.dumps(json.loads(said) | LIMITS[dialect])
        headers = {**ask.headers, "content-type": "application/json"}
        async with session.post(self.url + ask.path, data=body, headers=headers) as reply:
            said = await reply.read()
            assert reply.status in (200, 429, 503), said
            if reply.status == 429:
                assert b"budget_exceeded" in said.lower(), said
            self.answers[reply.status] += 1
            return reply.status


async def prepare(home: Home, race: Race) -> None:
    """Let answers cost something, and all together a dollar."""
    prices = {"input": str(race.input_usd), "output": str(race.output_usd)}
    for model in MODELS:
        await price(home, model, prices)
    async with (
        aiohttp.ClientSession(headers=bearer(KEY)) as session,
        session.put(home.url + BUDGET, json=DOLLAR) as reply,
    ):
        assert reply.status == 200, await reply.text()


async def price(home: Home, model: str, prices: dict[str, str]) -> None:
    """Of a million tokens, USD."""
    async with (
        aiohttp.ClientSession(headers=bearer(KEY) | {"If-Match": "*"}) as session,
        session.patch(
            f"{home.url}/api/admin/ai/models/{model}", json={"pricePer": "1M", "prices": prices}
        ) as reply,
    ):
        assert reply.status == 200, await reply.text()


async def told(home: Home) -> tuple[int, int]:
    """What the budget's account has settled and holds, nano-USD."""
    async with (
        aiohttp.ClientSession(headers=bearer(KEY)) as session,
        session.get(home.url + BUDGET) as reply,
    ):
        shown = await reply.json()
    return nanos_from_usd(shown["settledUsd"]), nanos_from_usd(shown["heldUsd"])


def billed(far: Provider, race: Race) -> int:
    """What the providers say that they gave, nano-USD."""
    usages = [call.reported for calls in far.calls.by_name.values() for call in calls]
    return sum(
        (usage.prompt * race.input_usd + usage.completion * race.output_usd) * 1000
        for usage in usages
        if usage is not None
    )


async def prove(place: Place, folder: Path, race: Race) -> str:
    """Some lives that are killed in the middle of spending, and one that spends what is left."""
    async with provider() as far:
        home = Home.of(folder, place.settings.url, far.environment | RICH)
        spenders = Spenders(home.url, race.callers)
        settled = held = 0
        for life in range(1, LIVES + 1):
            async with living(home) as process:
                if life == 1:
                    await prepare(home, race)
                enough = spenders.answers[200] + race.answers
                racing = asyncio.create_task(spenders.live(life))
                if life < LIVES:
                    await until(
                        lambda enough=enough, racing=racing: racing.done() or spenders.answers[200] >= enough
                    )
                    assert not racing.done(), f"spent too soon, or failed: {racing}"
                    settled, held = await told(home)
                    assert settled + held <= NANOS_PER_USD
                    process.kill()
                    await process.wait()
                await racing
                if life == LIVES:
                    settled, held = await told(home)
                    process.send_signal(signal.SIGTERM)
                    assert await process.wait() == 0
        async with Database(place.settings) as database:
            spent = (await Spending(database).by("all", 0, None))["all"]
        assert (held, spent) == (0, settled), "the account is what the ledger has"
        assert 0.97 * NANOS_PER_USD <= spent <= NANOS_PER_USD, spent
        assert billed(far, race) <= spent, "providers bill nothing that is forgotten"
        assert spenders.answers[429] >= 3 * race.callers
        return f"{spent / NANOS_PER_USD:.4f} USD spent, {billed(far, race) / NANOS_PER_USD:.4f} billed"


@pytest.mark.timeout(300)  # two starts, as below
async def test_a_kill_forgets_no_fallback(place: Place, tmp_path: Path) -> None:
    """The first model fails and its dear fallback is under way: what is held for that is spent in the next
    life, and it is the fallback that spent it."""
    simulation = Simulation(SystemClock())
    simulation.rules.set("gpt-4o-mini", Rule(behaves="lorem;fault=500"))
    simulation.rules.set_unknown(Rule(behaves="lorem;latency=600000"))
    async with running(simulation) as url:
        environment = Provider(url, Remembering()).environment
        home = Home.of(tmp_path, place.settings.url, environment | RICH | ONCE)
        async with living(home) as process:
            await prepare(home, Race(callers=1, input_usd=30, output_usd=120, answers=1))
            await price(home, MODELS[1], {"input": "30", "output": "240"})
            asking = asyncio.create_task(ask_with_fallback(home))
            await until(lambda: simulation.calls.count() == 2 or asking.done())
            assert not asking.done(), asking
            _, held = await told(home)
            assert held > 1000 * 240_000
            process.kill()
            await process.wait()
            await asking
        async with living(home) as process:
            await until_told(home, held)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        async with Database(place.settings) as database:
            spent = await Spending(database).by("model", 0, None)
        assert spent == {"anthropic/claude-haiku-4-5": held}


async def ask_with_fallback(home: Home) -> None:
    """Of one that fails, at once a dearer one; nobody answers."""
    body = {
        "model": MODELS[0],
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 1000,
    }
    headers = bearer(KEY) | {"x-baton-fallback": MODELS[1]}
    async with aiohttp.ClientSession(headers=headers) as session:
        with suppress(aiohttp.ClientError, ConnectionError):
            async with session.post(home.url + "/v1/chat/completions", json=body) as reply:
                raise AssertionError(await reply.text())


async def until_told(home: Home, nanos: int) -> None:
    """Return once so much is settled; the ledger is read while requests are served already."""
    async with asyncio.timeout(30.0):
        for _ in count():
            if await told(home) == (nanos, 0):
                return
            await asyncio.sleep(0.05)


@pytest.mark.timeout(300)  # three starts, where many tests want the same two cores
async def test_a_killed_baton_overspends_nothing_and_leaves_nothing(place: Place, tmp_path: Path) -> None:
    """Sixteen clients, two kills: of a dollar at least 97 % and no more than all of it are in the ledger, and
    never less than the providers' bills."""
    await prove(place, tmp_path, Race(callers=16, input_usd=30, output_usd=120, answers=20))


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_a_killed_baton_overspends_nothing_with_many_clients(
    place: Place, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The same with sixty-four."""
    race = Race(callers=64, input_usd=3, output_usd=12, answers=200)
    record_property(FOUND, await prove(place, tmp_path, race))
