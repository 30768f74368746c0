"""A Baton that has answered: one provider of the real world whose far side is simulated, two models of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.conftest import BatonServer, StartBaton

LARGE, SMALL = "openai/large", "openai/small"
CHAT_IS_SMALL = {"useCase": "chat", "preferred": [SMALL]}
_RULE = "/api/admin/ai/routing-rules/chat"


@asynccontextmanager
async def answered(start_baton: StartBaton, chats: int = 3) -> AsyncGenerator[BatonServer]:
    """So many chats of the use case `chat` went to the large one, by rule."""
    async with running(Simulation(SystemClock(), unknown="lorem")) as url:
        environment = {"OPENAI_API_KEY": "a-key", "OPENAI_BASE_URL": f"{url}/v1"}
        baton = await start_baton(environment, probe_every=0)
        async with aiohttp.ClientSession(headers=baton.admin) as session:
            for name, usd in ((LARGE, "10"), (SMALL, "1")):
                row = {"capabilities": ["text", "streaming"], "tierAccess": ["master"], "pricePer": "1M"}
                row |= {"prices": {"input": usd, "output": usd}, "avgLatencyMs": 500}
                await _done(session, "PUT", f"{baton.url}/api/admin/ai/models/{name}", row)
            session.headers["If-Match"] = "*"
            await _done(session, "PUT", baton.url + _RULE, {"preferred": [LARGE]})
        await chat(baton, chats)
        yield baton


async def chat(baton: BatonServer, count: int = 1, model: str = "auto", **headers: str) -> None:
    """So many more."""
    named = {"x-baton-use-case": "chat"} | {f"x-baton-{name}": value for name, value in headers.items()}
    body = {"model": model, "messages": [{"role": "user", "content": "Good morning to everybody!"}]}
    async with aiohttp.ClientSession(headers=baton.admin | named) as session:
        for _ in range(count):
            await _done(session, "POST", baton.url + "/v1/chat/completions", body)


async def _done(session: aiohttp.ClientSession, method: str, url: str, body: dict[str, Any]) -> None:
    async with session.request(method, url, json=body) as answer:
        assert answer.status in (200, 201), await answer.text()
