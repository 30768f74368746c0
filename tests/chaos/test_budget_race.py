"""Many callers spend one budget at once: it is never exceeded, and hardly a cent of it is left."""

import asyncio
import random
import struct
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from msgspec.structs import replace

from baton.catalog.prices import Prices, Rates, Tariff
from baton.core.clock import SystemClock
from baton.core.money import NANOS_PER_USD
from baton.core.usage import Charge
from baton.gateway.admission.accounts import Account, Accounts, Hold, Short
from baton.gateway.admission.budgets import Budget, Scope
from baton.gateway.admission.periods import Period
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.chaos.conftest import soon
from tests.conftest import MAKER, BatonServer, bearer, own_accounts, serving
from tests.contracts.callers import DIALECTS, short
from tests.crash.provider import Provider, Remembering

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLERS = 64
CAP = NANOS_PER_USD
MODELS = ("openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "google/gemini-2.0-flash")
PRICES = Prices(standard=Tariff(rates=Rates(input=30 * NANOS_PER_USD, output=120 * NANOS_PER_USD)))
"""So that some hundred answers cost a dollar."""

MANNER = "lorem;words=24;latency=2;tps=4000;fault=500;rate=0.1"
BUDGET = "the-dollar"


@dataclass
class Steps:
    """Every step of the account: what was settled, held and refused."""

    accounts: Accounts
    sums: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    refused_at: list[int] = field(default_factory=list[int])
    """What was free whenever somebody got nothing, nano-USD."""

    def watch(self) -> None:
        """Note each from now on."""
        take, settle = self.accounts.take, self.accounts.settle

        def taken(accounts: Sequence[Account], wanted_nanos: int, least_nanos: int) -> Hold | Short:
            found = take(accounts, wanted_nanos, least_nanos)
            if isinstance(found, Short):
                self.refused_at.append(found.free_nanos)
            self.note()
            return found

        def settled(hold: Hold, cost_nanos: int) -> None:
            settle(hold, cost_nanos)
            self.note()

        self.accounts.take = taken
        self.accounts.settle = settled

    def note(self) -> None:
        self.sums.append(self.accounts.sums(f"{BUDGET}/all/"))


@dataclass
class Race:
    """Callers of a Baton with a dollar to spend."""

    baton: BatonServer
    simulation: Simulation
    answers: Counter[str] = field(default_factory=Counter[str])

    async def run(self, seconds: float = 60.0) -> None:
        """Have all callers ask until the dollar is spent."""
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for caller in range(CALLERS):
                group.create_task(self._spend(random.Random(caller)))

    async def _spend(self, rng: random.Random) -> None:
        async with aiohttp.ClientSession(headers=bearer(self.baton.key)) as session:
            refused = 0
            while refused < 3:
                refused = refused + 1 if await self._ask(session, rng) == 429 else 0

    async def _ask(self, session: aiohttp.ClientSession, rng: random.Random) -> int:
        model, stream = rng.choice(MODELS), rng.random() < 0.5
        ask = short(rng.choice(DIALECTS), model, stream=stream)
        body = ask.body.replace(b"Hello there", b"question-1 " + b"x " * rng.randrange(60))
        headers = {**ask.headers, "x-baton-fallback": ",".join(each for each in MODELS if each != model)}
        leaves = rng.random() < 0.1
        with suppress(aiohttp.ClientError, ConnectionError):
            async with session.post(
                self.baton.url + ask.path, data=body, headers=headers | {"content-type": "application/json"}
            ) as reply:
                self.answers[f"{reply.status}"] += 1
                if leaves:
                    reply.close()
                    return reply.status
                said: Any = await reply.read()
                if reply.status == 429:
                    assert b"budget_exceeded" in said.lower(), said
                return reply.status
        return 0


@pytest_asyncio.fixture(loop_scope="module")
async def race(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Race]:
    """One dollar for all, in one process, with providers that fail now and then."""
    simulation = Simulation(SystemClock())
    simulation.calls = calls = Remembering()
    simulation.rules.set_unknown(Rule(behaves=MANNER))
    async with running(simulation) as url:
        environment = Provider(url, calls).environment
        settings = {"fallback": True, "retries": 1}
        async with serving(environment, tmp_path_factory.mktemp("race"), settings) as baton:
            edited = baton.app.edited
            for model in MODELS:
                record = edited.models.get(model)
                await edited.models.put(replace(record.value, prices=(PRICES,)), MAKER, record.revision)
            budget = Budget(name=BUDGET, scope=Scope.ALL, period=Period.LIFETIME, limit_usd="1.00")
            await edited.budgets.put(budget, MAKER, None)
            yield Race(baton, simulation)


async def test_no_more_than_the_budget_is_ever_settled_and_held(race: Race) -> None:
    """Whole answers and streams, four dialects, failures, fallbacks, callers that leave: at every step what
    is settled and held fits the dollar, nobody is refused while 5 % of it are free, and 97 % get spent."""
    steps = Steps(own_accounts(race.baton.app))
    steps.watch()
    await race.run()
    await soon(lambda: race.baton.app.ledger.book.open_count == 0)
    assert max(settled + held for settled, held in steps.sums) <= CAP
    settled, held = steps.sums[-1]
    assert held == 0
    assert settled >= 0.97 * CAP, f"{settled / CAP:.3f} of it, {race.answers}"
    assert max(steps.refused_at) <= 0.05 * CAP
    assert race.answers["200"] > 100
    assert race.answers["429"] >= CALLERS
    assert await race.baton.app.ledger.flush(20.0)
    spent = await race.baton.app.ledger.spending.by("all", 0, None)
    assert spent == {"all": settled}, "the ledger has as much"


async def test_thoughts_that_nobody_saw_coming_are_counted_and_told(race: Race) -> None:
    """A model that hides 10 000 tokens of reasoning costs more than its hold: it is counted whole, told in an
    alert, and at most what was under way goes over the budget."""
    race.simulation.rules.set_unknown(Rule(behaves="lorem;words=5;think=10000;limit=off"))
    steps = Steps(own_accounts(race.baton.app))
    steps.watch()
    await race.run()
    settled, held = steps.sums[-1]
    assert held == 0
    one = 10_100 * 120_000  # nano-USD of such an answer and its prompt
    assert CAP <= settled <= CAP + CALLERS * one
    await race.baton.app.alerts.flush()
    assert race.baton.app.alerts.open_by_kind["budget_overshot"] >= 1
    assert race.baton.app.alerts.open_by_kind["budget_spent"] >= 1


ERRANDS = {
    "openai/whisper-1": Prices(
        standard=Tariff(rates=Rates(input=0, output=0)), fees={Charge.SOUND: 36 * NANOS_PER_USD}
    ),
    "openai/gpt-image-2": Prices(standard=Tariff(rates=Rates(input=0, output=10 * NANOS_PER_USD))),
    "openai/text-embedding-3-small": Prices(
        standard=Tariff(rates=Rates(input=2000 * NANOS_PER_USD, output=0))
    ),
}
"""A cent for a second of sound; eight for the dearest picture."""


SPEECH = (
    b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0"
    + struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)
    + bytes(320_000 - 36)
)
"""Ten seconds of silence."""


async def run_errand(session: aiohttp.ClientSession, url: str, rng: random.Random) -> int:
    """A recording, words of it without their length, pictures, or vectors."""
    match rng.randrange(4):
        case 0 | 1 as kind:
            path, form = "/v1/audio/transcriptions", aiohttp.FormData()
            form.add_field("model", "openai/whisper-1")
            form.add_field("prompt", "question-1")
            form.add_field("response_format", ("verbose_json", "srt")[kind])
            form.add_field("file", SPEECH, filename="a.wav")
            sent: dict[str, Any] = {"data": form}
        case 2:
            path = "/v1/images/generations"
            sent = {"json": {"model": "openai/gpt-image-2", "prompt": "question-1", "n": rng.randrange(1, 3)}}
        case _:
            path = "/v1/embeddings"
            sent = {"json": {"model": "openai/text-embedding-3-small", "input": "question-1 two three"}}
    async with session.post(url + path, **sent) as reply:
        said = await reply.read()
        assert reply.status == 200 or b"budget_exceeded" in said, said
        return reply.status


async def test_errands_spend_no_more_than_the_budget_either(race: Race) -> None:
    """Sound by the hour, its words alone, pictures, vectors, by all callers at once: at every step what is
    settled and held fits the dollar."""
    race.simulation.rules.set_unknown(Rule(behaves="lorem;latency=2"))
    edited, url = race.baton.app.edited, race.baton.url
    for model, prices in ERRANDS.items():
        record = edited.models.get(model)
        await edited.models.put(replace(record.value, prices=(prices,)), MAKER, record.revision)
    steps = Steps(own_accounts(race.baton.app))
    steps.watch()
    answers: Counter[int] = Counter()

    async def spend(caller: int) -> None:
        rng = random.Random(caller)
        async with aiohttp.ClientSession(headers=bearer(race.baton.key)) as session:
            for _ in range(4):
                answers[await run_errand(session, url, rng)] += 1

    async with asyncio.timeout(60.0), asyncio.TaskGroup() as group:
        for caller in range(CALLERS):
            group.create_task(spend(caller))
    await soon(lambda: race.baton.app.ledger.book.open_count == 0)
    assert max(settled + held for settled, held in steps.sums) <= CAP
    assert steps.sums[-1][1] == 0
    assert answers[200] > 10
    assert answers[429] > 10
