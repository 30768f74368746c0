"""Asking a Baton over HTTP, as anybody would."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from baton.api.front import Asgi
from tests.conftest import BatonServer, listening, serving


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of a stream's events."""
        lines = self.body.decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


class Web:
    """Asks one Baton; as its admin, unless told otherwise."""

    def __init__(self, baton: BatonServer, session: aiohttp.ClientSession) -> None:
        self.baton = baton
        self.session = session

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Reply:
        sent = self.baton.admin if headers is None else headers
        async with self.session.request(method, self.baton.url + path, headers=sent, **more) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
        return await self.ask("GET", path, headers, **more)

    async def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        return await self.ask("POST", path, headers, json=body)


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def web(baton_server: BatonServer, session: aiohttp.ClientSession) -> Web:
    """Asks a Baton with nothing configured."""
    return Web(baton_server, session)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Web]:
    """Asks a Baton that the tests of a module share, in its loop: those that leave nothing behind."""
    async with (
        serving({}, tmp_path_factory.mktemp("shared"), {}) as baton,
        aiohttp.ClientSession() as session,
    ):
        yield Web(baton, session)


@pytest.fixture
async def serve() -> AsyncGenerator[Callable[[Asgi], Awaitable[str]]]:
    """Serves any application on a real socket; gives its URL."""
    async with AsyncExitStack() as stack:

        async def start(application: Asgi) -> str:
            return await stack.enter_async_context(listening(application))

        yield start
