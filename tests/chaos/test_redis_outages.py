"""A Redis that goes away, comes back empty, or hangs: limits and budgets hold, and it is told."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from baton.access.identity.entities import KeyWish, UserWish
from baton.core.caller import KeyLimits
from baton.core.money import NANOS_PER_USD, nanos_from_usd
from baton.gateway.admission.shared.leases import SHARE
from tests.conftest import MAKER, BatonServer, bearer, serving
from tests.redis_server import RedisServer

CHAT = "/v1/chat/completions"
BUDGET = "/api/admin/budgets/the-dollar"
ANSWER = {
    "model": "simulated/echo",
    "messages": [{"role": "user", "content": "Hello there"}],
    "max_tokens": 20,
}
COSTLY = {"pricePer": "1M", "prices": {"input": "60", "output": "300"}}
"""Some 0.16 cents for each answer."""

LEASED_S = 2.5
"""After so long what is used has been leased."""

BACK_S = 15.0
"""Within so long after its return limits and budgets are asked of Redis again."""


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    with RedisServer() as server:
        yield server


@dataclass
class Shop:
    """A Baton that counts in Redis, and somebody who asks it."""

    baton: BatonServer
    session: aiohttp.ClientSession

    async def ask(self, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        async with self.session.post(
            self.baton.url + CHAT, json=ANSWER, headers=headers or self.baton.admin
        ) as reply:
            return reply.status, await reply.json()

    async def ask_often(self, times: int, headers: dict[str, str] | None = None) -> Counter[int]:
        """One after the other; how often which status came."""
        return Counter([(await self.ask(headers))[0] for _ in range(times)])

    async def change(self, method: str, path: str, body: Any) -> None:
        headers = self.baton.admin | {"If-Match": "*"} if method == "PATCH" else self.baton.admin
        async with self.session.request(method, self.baton.url + path, json=body, headers=headers) as reply:
            assert reply.status in (200, 201), await reply.text()

    async def with_a_dollar(self) -> None:
        """Let answers cost something, and all together a dollar."""
        await self.change("PATCH", "/api/admin/ai/models/simulated/echo", COSTLY)
        await self.change("PUT", BUDGET, {"scope": "all", "period": "lifetime", "limitUsd": "1.00"})

    async def told(self) -> tuple[int, int]:
        """What the account has settled and holds, nano-USD."""
        async with self.session.get(self.baton.url + BUDGET, headers=self.baton.admin) as reply:
            shown = await reply.json()
        return nanos_from_usd(shown["settledUsd"]), nanos_from_usd(shown["heldUsd"])

    async def spent(self) -> int:
        """What the ledger has, nano-USD."""
        ledger = self.baton.app.ledger
        assert await ledger.flush()
        return (await ledger.spending.by("all", 0, None)).get("all", 0)

    async def served_again(self) -> float:
        """Return once Redis is asked again; after how long."""
        began_s = time.monotonic()
        async with asyncio.timeout(BACK_S):
            for _ in count():
                with_redis, _ = await self.ready()
                if with_redis == "ok":
                    break
                await asyncio.sleep(0.05)
        return time.monotonic() - began_s

    async def ready(self) -> tuple[str, int]:
        async with self.session.get(self.baton.url + "/readyz") as reply:
            return (await reply.json()).get("status", ""), reply.status

    async def somebody(self, per_minute: int) -> dict[str, str]:
        """Headers of a user whose key has a limit."""
        identities = self.baton.app.store.identities
        owner = await identities.create_user(
            UserWish(name="somebody", tier="master", roles=frozenset({"user"})), MAKER
        )
        limits = KeyLimits(requests_per_minute=per_minute)
        wish = KeyWish(name="test", user_id=owner.id, tier="master", limits=limits)
        return bearer((await identities.create_key(wish, MAKER)).secret)


@asynccontextmanager
async def shop(folder: Path, redis: RedisServer) -> AsyncGenerator[Shop]:
    async with (
        serving({"REDIS_URL": redis.url}, folder, {}) as baton,
        aiohttp.ClientSession() as session,
    ):
        yield Shop(baton, session)


async def test_while_redis_is_away_a_share_is_spent_and_no_more(redis: RedisServer, tmp_path: Path) -> None:
    """At most a twentieth of what was left, then 503 with a code; what was spent meanwhile is counted when it
    is back, however it comes back."""
    async with shop(tmp_path, redis) as here:
        await here.with_a_dollar()
        assert await here.ask_often(5) == {200: 5}
        await asyncio.sleep(LEASED_S)
        before = await here.spent()
        redis.kill()
        answers = await here.ask_often(60)
        assert answers[200] > 5
        assert answers.keys() == {200, 503}
        alone = await here.spent() - before
        assert alone <= SHARE * (NANOS_PER_USD - before)
        status, told = await here.ask()
        assert (status, told["error"]["code"]) == (503, "shared_state_unavailable")
        assert await here.ready() == ("degraded", 200)
        redis.start()  # it has forgotten everything
        await here.served_again()
        assert (await here.ask())[0] == 200
        spent = await here.spent()
        settled, held = await here.told()
        assert spent >= before + alone
        assert settled >= spent - held
        assert settled + held <= NANOS_PER_USD


async def test_a_limit_holds_over_a_redis_that_forgets(redis: RedisServer, tmp_path: Path) -> None:
    """What was let pass before and while it was away counts in the same minute after it."""
    async with shop(tmp_path, redis) as here:
        limited = await here.somebody(per_minute=20)
        assert await here.ask_often(8, limited) == {200: 8}
        redis.kill()
        assert await here.ask_often(6, limited) == {200: 6}
        redis.start()
        await here.served_again()
        assert await here.ask_often(10, limited) == {200: 6, 429: 4}
        redis.flush()
        assert await here.ask_often(3, limited) == {429: 3}


async def test_a_limit_holds_over_a_redis_that_was_out_of_reach(redis: RedisServer, tmp_path: Path) -> None:
    """It has forgotten nothing, and learns of what was let pass without it. One request may count twice: the
    one that was on its way."""
    async with shop(tmp_path, redis) as here:
        limited = await here.somebody(per_minute=20)
        assert await here.ask_often(8, limited) == {200: 8}
        with redis.hung():
            assert await here.ask_often(6, limited) == {200: 6}
        await here.served_again()
        assert (await here.ask_often(8, limited))[200] in (5, 6)


async def test_a_limit_holds_while_redis_is_away(redis: RedisServer, tmp_path: Path) -> None:
    """One process of one has all of it, less what it has let pass."""
    async with shop(tmp_path, redis) as here:
        limited = await here.somebody(per_minute=10)
        assert await here.ask_often(4, limited) == {200: 4}
        redis.kill()
        assert await here.ask_often(8, limited) == {200: 6, 429: 2}


async def test_a_redis_that_hangs_holds_nobody_up_for_long(redis: RedisServer, tmp_path: Path) -> None:
    """Its silence is taken for its absence after a second; then nobody waits for it."""
    async with shop(tmp_path, redis) as here:
        await here.with_a_dollar()
        assert await here.ask_often(3) == {200: 3}
        await asyncio.sleep(LEASED_S)
        with redis.hung():
            began_s = time.monotonic()
            assert (await here.ask())[0] == 200
            first_s = time.monotonic() - began_s
            assert await here.ask_often(5) == {200: 5}
            assert time.monotonic() - began_s < first_s + 1.0
            assert first_s < 4.0
        await here.served_again()
        assert (await here.ask())[0] == 200
