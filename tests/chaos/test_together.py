"""Two Batons on one Redis and one database: what one of them has learnt of somebody, the other knows."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio

from baton.access.identity.entities import KeyWish, UserWish
from baton.core.caller import KeyLimits
from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.conftest import MAKER, BatonServer, bearer, serving
from tests.databases import OnServer
from tests.postgres import Postgres
from tests.proofs import FOUND

KEY = "a-master-key-for-this-test-only"
SECRET = "the same for all that share a database"
CHAT = "/v1/chat/completions"
MODEL = "openai/gpt-4o"
TIER = {
    "requestsPerMinute": 7,
    "tokensPerMinute": None,
    "requestsPerDay": None,
    "tokensPerDay": None,
    "retries": 2,
}
KNOWN_S = 1.0
"""Within so long all know."""


@dataclass
class Pair:
    """Both, and the provider that they ask."""

    one: BatonServer
    other: BatonServer
    provider: Simulation
    session: aiohttp.ClientSession

    async def ask(self, baton: BatonServer, key: str = KEY) -> tuple[int, Any]:
        question = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
        headers = bearer(key) | {"x-baton-fallback": "off", "x-baton-retries": "0"}
        async with self.session.post(baton.url + CHAT, json=question, headers=headers) as reply:
            return reply.status, await reply.json()

    async def get(self, baton: BatonServer, path: str) -> Any:
        async with self.session.get(baton.url + path, headers=bearer(KEY)) as reply:
            assert reply.status == 200
            return await reply.json()

    async def status_and_body(self, baton: BatonServer, path: str) -> tuple[int, Any]:
        """As the settings stand there; who asks and what is spent aside."""
        async with self.session.get(baton.url + path, headers=bearer(KEY)) as reply:
            said = await reply.json()
        return reply.status, {name: said[name] for name in sorted(said) if name not in ("requestId",)}

    async def breaker(self, baton: BatonServer) -> str:
        """How the model's stands, as this one has it."""
        shown = (await self.get(baton, "/api/admin/ai/breakers"))["breakers"]
        return next((each["state"] for each in shown if each["model"] == "gpt-4o"), "closed")


async def known(holds: Any) -> float:
    """Seconds until something holds."""
    began_s = time.monotonic()
    async with asyncio.timeout(10):
        for _ in count():
            if await holds():
                break
            await asyncio.sleep(0.01)
    return time.monotonic() - began_s


@pytest_asyncio.fixture
async def pair(
    tmp_path: Path, postgres: Postgres, postgres_tables: str, redis_url: str
) -> AsyncGenerator[Pair]:
    place = OnServer(postgres, postgres_tables)
    provider = Simulation(SystemClock(), unknown="echo")
    async with running(provider) as url, aiohttp.ClientSession() as session:
        environment = {
            "DATABASE_URL": place.settings.url,
            "REDIS_URL": redis_url,
            "BATON_SECRET_KEY": SECRET,
            "BATON_MASTER_KEY": KEY,
            "OPENAI_API_KEY": "a-key",
            "OPENAI_BASE_URL": url + "/v1",
        }
        async with (
            serving(environment, tmp_path / "one", {"fallback": True}) as one,
            serving(environment, tmp_path / "other", {"fallback": True}) as other,
        ):
            yield Pair(one, other, provider, session)


async def test_a_model_that_fails_one_of_them_is_asked_by_neither(pair: Pair) -> None:
    """Five failures in turn; the breaker is open in both, for both to see, and one alert tells of it."""
    pair.provider.rules.set_unknown(Rule(behaves="echo;fault=503"))
    for number in range(5):
        status, told = await pair.ask((pair.one, pair.other)[number % 2])
        assert status == 503, told

    async def opened() -> bool:
        return [await pair.breaker(each) for each in (pair.one, pair.other)] == ["open", "open"]

    assert await known(opened) < KNOWN_S
    asked = len(pair.provider.calls.last)
    for baton in (pair.one, pair.other):
        status, told = await pair.ask(baton)
        assert (status, told["error"]["code"]) == (503, "breaker_open")
    assert len(pair.provider.calls.last) == asked
    alerts = (await pair.get(pair.other, "/api/admin/ai/alerts?kind=breaker_open"))["alerts"]
    assert [(each["subject"], each["timesSeen"]) for each in alerts] == [(MODEL, 1)]
    health = await pair.get(pair.other, "/api/ai/v2/health")
    assert health["status"] != "ok"


async def test_who_goes_on_against_a_limit_waits_for_both(pair: Pair) -> None:
    """Refused by one, and by the other in turn: the penalty is known to both, and lifted for both."""
    identities = pair.one.app.store.identities
    roles = frozenset({"user"})
    owner = await identities.create_user(UserWish(name="somebody", tier="master", roles=roles), MAKER)
    wish = KeyWish(name="test", user_id=owner.id, tier="master", limits=KeyLimits(requests_per_minute=1))
    key = (await identities.create_key(wish, MAKER)).secret

    async def is_key() -> bool:
        async with pair.session.get(pair.other.url + "/v1/models", headers=bearer(key)) as reply:
            return reply.status == 200

    assert await known(is_key) < KNOWN_S
    for number in range(30):
        await pair.ask((pair.one, pair.other)[number % 2], key)

    async def told() -> bool:
        shown = [
            (await pair.get(each, "/api/admin/ai/penalties"))["penalties"] for each in (pair.one, pair.other)
        ]
        return [len(each) for each in shown] == [1, 1]

    assert await known(told) < KNOWN_S
    status, refused = await pair.ask(pair.other, key)
    assert (status, refused["error"]["code"]) == (429, "rate_limit_penalty")


async def test_guesses_at_both_are_slowed_together(pair: Pair) -> None:
    """Five wrong passwords, two here and three there: the sixth has to wait, wherever it is tried."""
    wrong = {"name": "nobody@example.org", "password": "a wrong password"}
    statuses: list[int] = []
    for number in range(7):
        baton = (pair.one, pair.other)[number % 2]
        async with pair.session.post(baton.url + "/api/auth/sign-in", json=wrong) as reply:
            statuses.append(reply.status)
    assert statuses == [401] * 5 + [429] * 2


async def test_what_admins_change_is_known_to_both_within_a_second(
    pair: Pair, record_property: Callable[[str, object], None]
) -> None:
    """A rule (a budget, a chain of fallbacks), a model's price, a tier: changed at one, told by the other."""
    changes: list[tuple[str, str, Any]] = [
        (
            "PATCH",
            "/api/admin/ai/models/openai/gpt-4o",
            {"pricePer": "1M", "prices": {"input": "7", "output": "8"}},
        ),
        ("PUT", "/api/admin/budgets/the-dollar", {"scope": "all", "period": "day", "limitUsd": "1.00"}),
        ("PUT", "/api/admin/ai/fallback-chains/openai/gpt-4o", {"fallbacks": ["openai/gpt-4o-mini"]}),
        ("PUT", "/api/admin/ai/tiers/free", TIER),
    ]
    took: list[float] = []
    for method, path, body in changes:
        before = await pair.status_and_body(pair.other, path)
        headers = bearer(KEY) | ({} if before[0] == 404 else {"If-Match": "*"})
        async with pair.session.request(method, pair.one.url + path, json=body, headers=headers) as reply:
            assert reply.status in (200, 201), await reply.text()

        async def is_known(path: str = path, before: Any = before) -> bool:
            return await pair.status_and_body(pair.other, path) != before

        took.append(await known(is_known))
    assert max(took) < KNOWN_S
    record_property(
        FOUND, f"changes of four kinds known to the other process after {max(took):.2f} s at most"
    )
