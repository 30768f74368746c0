"""A Baton whose only provider is a socket that a test holds in its hands."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from baton.ledger.filter import Filter
from baton.ledger.stored import AttemptRow, InteractionRow
from tests.chaos.provider import RawProvider, raw_provider
from tests.chaos.wire import PATIENCE_S, Line, Reply, chat, line_to, post
from tests.conftest import BatonServer, serving

KEY = "0f7c2d-odd.KEY+of/no=form"
"""Looks like no provider's key, so that no pattern can know it."""

MODEL = "openai/gpt-4o-mini"
TRANSLATED = "cerebras/gpt-oss-120b"
"""Of a provider that speaks chat completions only, so that other dialects' callers are translated."""


@dataclass(frozen=True)
class Stage:
    """Baton, and its hostile provider."""

    baton: BatonServer
    provider: RawProvider

    async def ask(self, *headers: str, **fields: Any) -> Reply:
        """Ask the hostile provider by one request on a connection of its own."""
        return await self.say(chat(MODEL, **fields), *headers)

    async def say(self, body: bytes, *headers: str, key: str | None = None) -> Reply:
        """Send any body."""
        async with line_to(self.baton.url) as line:
            await line.send(post(key or self.baton.key, body, *headers))
            return await line.reply()

    async def asking(self, line: Line, *headers: str, **fields: Any) -> None:
        """Ask on a connection that the test holds."""
        await line.send(post(self.baton.key, chat(MODEL, **fields), *headers))

    async def row(self, reply: Reply) -> tuple[InteractionRow, tuple[AttemptRow, ...]]:
        """What the ledger has of it."""
        found = await self.baton.app.ledger.interactions.one(reply.headers["x-request-id"])
        return found.interaction, found.attempts

    async def newest(self) -> tuple[InteractionRow, tuple[AttemptRow, ...]]:
        """The newest of the ledger, once nothing is open any more."""
        ledger = self.baton.app.ledger
        await soon(lambda: ledger.book.open_count == 0)
        page = await ledger.interactions.page(Filter(), limit=1)
        found = await ledger.interactions.one(page.items[0].interaction.id)
        return found.interaction, found.attempts

    async def count(self) -> int:
        """How many interactions the ledger has."""
        return len((await self.baton.app.ledger.interactions.page(Filter(), limit=500)).items)

    async def alive(self) -> None:
        """Whether it answers a good request properly."""
        self.provider.forget()
        reply = await self.ask()
        assert (reply.status, reply.json["choices"][0]["message"]["content"]) == (200, "Well.")
        assert self.baton.app.ledger.book.open_count == 0


async def soon(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 (what it waits for has no event)
            await asyncio.sleep(0.002)


def refused(reply: Reply, status: int, code: str | None = None, param: str | None = None) -> str:
    """The message of an error in OpenAI's shape; fails where it is none."""
    assert reply.status == status, reply.body[:500]
    assert reply.headers["content-type"] == "application/json"
    error = reply.json["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    message, kind = error["message"], error["type"]
    assert isinstance(message, str)
    assert 10 < len(message) <= 2100
    assert isinstance(kind, str)
    assert len(reply.body) < 20_000
    assert b"Traceback" not in reply.body
    assert b".py" not in reply.body
    assert KEY not in reply.body.decode("latin-1")
    if code is not None:
        assert error["code"] == code
    if param is not None:
        assert error["param"] == param
    return message


def broken(reply: Reply) -> dict[str, Any]:
    """The error that ends a stream; fails where the stream claims to be finished."""
    assert reply.status == 200
    assert "[DONE]" not in reply.events
    error = json.loads(reply.events[-1])["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    return error


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """One Baton for a whole module: its tests also show that it survives all of them."""
    async with raw_provider() as provider:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": provider.url}
        environment |= {"CEREBRAS_API_KEY": KEY, "CEREBRAS_BASE_URL": provider.url}
        folder = tmp_path_factory.mktemp("chaos")
        async with serving(environment, folder, {"retries": 0}) as baton:
            yield Stage(baton, provider)


@pytest_asyncio.fixture(loop_scope="module")
async def stage(house: Stage) -> AsyncGenerator[Stage]:
    """It must be as good as new after every test."""
    house.provider.forget()
    house.baton.forgive()
    yield house
    house.baton.forgive()
    await house.alive()
