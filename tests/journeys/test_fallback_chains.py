"""An admin says who follows a model that fails; over real sockets, with two simulated providers."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.api.conftest import Reply, Web
from tests.conftest import BatonServer

CHAIN = "/api/admin/ai/fallback-chains/openai/first"
FIRST = "/api/admin/ai/models/openai/first"
PATHS = {"openai": "/v1", "anthropic": ""}
ROWS: tuple[dict[str, Any], ...] = (
    {"provider": "openai", "name": "first"},
    {"provider": "openai", "name": "second"},
    {"provider": "anthropic", "name": "steady"},
    {"provider": "anthropic", "name": "other"},
    {
        "provider": "anthropic",
        "name": "old",
        "retiredAt": "2020-01-01",
        "replacedBy": "anthropic/other",
    },
)
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@dataclass(frozen=True)
class House:
    """A Baton with an admin's models, and its two providers."""

    web: Web
    providers: dict[str, Simulation]

    async def admin(self, method: str, path: str, body: Any = None) -> Reply:
        reply = await self.web.ask(method, path, {**self.web.baton.admin, "If-Match": "*"}, json=body)
        assert reply.status in (200, 201, 204), reply.body
        return reply

    async def chain(self, *fallbacks: str) -> None:
        reply = await self.web.ask("PUT", CHAIN, json={"fallbacks": fallbacks})
        assert reply.status == 200, reply.body

    async def ask(self, *, stream: bool = False, **headers: str) -> tuple[list[str], list[str]]:
        """Who was asked in order, by the ledger and by the providers themselves; the last one answered."""
        for simulation in self.providers.values():
            simulation.calls.reset()
        body = {
            "model": "openai/first",
            "stream": stream,
            "messages": [{"role": "user", "content": "Hello there"}],
        }
        named = {f"x-baton-{name.replace('_', '-')}": value for name, value in headers.items()}
        sent = {**self.web.baton.admin, **named}
        reply = await self.web.ask("POST", "/v1/chat/completions", sent, json=body)
        row = await self.web.baton.app.ledger.interactions.one(reply.headers["x-request-id"])
        asked = [f"{attempt.provider}/{attempt.model}" for attempt in row.attempts]
        if reply.status == 200:
            assert b"Hello" in reply.body
            assert asked[-1] == f"{reply.headers['x-baton-provider']}/{row.interaction.model}"
        counted = [
            f"{name}/{call.model}" for name, each in self.providers.items() for call in each.calls.last
        ]
        return asked, counted


@pytest.fixture
async def house(
    start_baton: Callable[..., Awaitable[BatonServer]],
) -> AsyncGenerator[House]:
    """Everything of the first provider fails."""
    async with AsyncExitStack() as stack:
        providers = {name: Simulation(SystemClock(), unknown="echo") for name in PATHS}
        environment: dict[str, str] = {}
        for name, path in PATHS.items():
            url = await stack.enter_async_context(running(providers[name]))
            environment |= {f"{name.upper()}_API_KEY": "a-key", f"{name.upper()}_BASE_URL": url + path}
        for row in ROWS:
            if row["provider"] == "openai":
                providers["openai"].rules.set(row["name"], Rule(behaves="echo;fault=503"))
        baton = await start_baton(environment, fallback=True)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        house = House(Web(baton, session), providers)
        everything = {"capabilities": ["text", "streaming"], "tierAccess": ["master"]}
        for row in ROWS:
            reply = await house.web.post("/api/admin/ai/models", {**row, **everything})
            assert reply.status == 201, reply.body
        yield house


@BOTH
async def test_the_chains_models_serve_in_its_order(house: House, stream: bool) -> None:
    """The first that can; a retired one's heir in its place; what the outlook had said beforehand."""
    await house.chain("openai/second", "anthropic/old", "anthropic/steady")
    told = (await house.web.get("/api/admin/ai/fallbacks", params={"model": "openai/first"})).json
    asked, counted = await house.ask(stream=stream, max_retries="0")
    assert asked == ["openai/first", "openai/second", "anthropic/other"]
    assert counted == asked
    assert [each["model"] for each in told["next"][:3]] == [*asked[1:], "anthropic/steady"]
    assert [each["chained"] for each in told["next"][:3]] == [True] * 3


async def test_a_changed_chain_counts_from_the_next_request_on(house: House) -> None:
    """A switched-off model is passed over; without a chain the router chooses; a list of its own wins."""
    await house.chain("anthropic/steady", "anthropic/other")
    assert (await house.ask(max_retries="0"))[0] == ["openai/first", "anthropic/steady"]
    await house.admin("PATCH", "/api/admin/ai/models/anthropic/steady", {"isEnabled": False})
    assert (await house.ask(max_retries="0"))[0] == ["openai/first", "anthropic/other"]
    asked, _ = await house.ask(max_retries="0", fallback="anthropic/old")
    assert asked == ["openai/first", "anthropic/old"]
    await house.admin("DELETE", CHAIN)
    told = (await house.web.get("/api/admin/ai/fallbacks", params={"model": "openai/first"})).json
    assert told["next"][0]["chained"] is False
    asked, _ = await house.ask(max_retries="0")
    assert asked == ["openai/first", told["next"][0]["model"]]


@BOTH
async def test_each_model_is_asked_again_as_often_as_its_row_says(house: House, stream: bool) -> None:
    """A row's `maxRetries` counts for that model alone; what the request itself wants counts for all."""
    await house.admin("PATCH", FIRST, {"maxRetries": 0})
    await house.chain("openai/second", "anthropic/steady")
    asked, counted = await house.ask(stream=stream)
    assert asked == ["openai/first", "openai/second", "openai/second", "anthropic/steady"]
    assert counted == asked
    assert (await house.web.get(FIRST)).json["maxRetries"] == 0


async def test_a_request_may_want_more_or_less_than_the_row(house: House) -> None:
    """Its word stands before the row's, as the row's before the installation's."""
    await house.admin("PATCH", FIRST, {"maxRetries": 1})
    await house.chain("anthropic/steady")
    assert (await house.ask())[0] == ["openai/first"] * 2 + ["anthropic/steady"]
    assert (await house.ask(max_retries="0"))[0] == ["openai/first", "anthropic/steady"]
