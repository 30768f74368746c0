"""A whole Baton on a real socket, for every test that asks it something."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import settings

from baton.access.identity.entities import KeyWish, UserWish
from baton.api.asgi import build
from baton.api.closing import Closing, close
from baton.api.front import Asgi
from baton.api.server import begin, make_server
from baton.app import App, open_app
from baton.core.caller import KeyLimits
from baton.core.provider import ProviderSpec
from baton.gateway.admission.accounts import Accounts
from baton.gateway.admission.windows import Windows
from baton.gateway.resilience.breaker import Limits as BreakerLimits
from baton.records.audit.entry import Actor
from baton.settings import load
from baton.upstream.directory import declared
from tests.postgres import Postgres
from tests.redis_server import RedisServer
from tests.tables import lay_tables

pytest_plugins = (
    "tests.collector",
    "tests.contracts.tally",
    "tests.databases",
    "tests.proofs",
    "tests.app.empty",
)

# How long an example takes is not what a test is about, and this machine may be busy.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

MAKER = Actor(id="tests", source="tests")


@dataclass(frozen=True)
class BatonServer:
    """A Baton that serves."""

    url: str
    """Without a slash at its end."""
    key: str
    """Of the first admin."""
    app: App

    @property
    def admin(self) -> dict[str, str]:
        """Headers of the first admin."""
        return bearer(self.key)

    def forgive(self) -> None:
        """Let nothing speak against any key: pauses, marks and limits outlast the test that earned them."""
        setattr(self.app.admitting.passages, "_windows", Windows())  # noqa: B010
        for provider in self.app.directory:
            for credential in provider.credentials:
                credential.clear()

    async def user(self, tier: str = "free", roles: frozenset[str] = frozenset({"user"})) -> dict[str, str]:
        """Headers of a new user with a key of their own, whom no limit of their tier stops."""
        identities = self.app.store.identities
        owner = await identities.create_user(UserWish(name="somebody", tier=tier, roles=roles), MAKER)
        wish = KeyWish(name="test", user_id=owner.id, tier=tier, limits=KeyLimits(unlimited=True))
        made = await identities.create_key(wish, MAKER)
        return bearer(made.secret)


class StartBaton(Protocol):
    """Starts another Baton in a data folder of its own; it is closed when the test ends."""

    def __call__(
        self, environment: Mapping[str, str] | None = None, **settings: Any
    ) -> Awaitable[BatonServer]:
        """`environment`: as of the process, e.g. `OPENAI_API_KEY`; `settings` beat it."""
        ...


def own_accounts(app: App) -> Accounts:
    """Those of a Baton that shares them with nobody."""
    accounts = app.admitting.accounts
    assert isinstance(accounts, Accounts)
    return accounts


def bearer(key: str) -> dict[str, str]:
    """The headers that present a key."""
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
async def start_baton(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[StartBaton]:
    """Start as many as the test needs, each with its own environment and settings."""
    async with AsyncExitStack() as stack:

        async def start(environment: Mapping[str, str] | None = None, **settings: Any) -> BatonServer:
            folder = settings.pop("data_dir", None) or tmp_path_factory.mktemp("baton")
            return await stack.enter_async_context(serving(environment or {}, folder, settings))

        yield start


@pytest.fixture
async def baton_server(start_baton: Callable[..., Awaitable[BatonServer]]) -> BatonServer:
    """One with nothing configured: the simulated provider answers."""
    return await start_baton()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, started when the first test wants it."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server, started when the first test wants it."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Of a Redis that holds nothing."""
    redis_server.flush()
    return redis_server.url


GRACE_S = 30.0
"""How long what a test has left open may take to end of itself."""

UNBREAKABLE = BreakerLimits(in_a_row=1_000_000_000, least_calls=1_000_000_000)
"""For providers that fail in one test after the other."""


@asynccontextmanager
async def serving(
    environment: Mapping[str, str],
    data_dir: Path,
    settings: Mapping[str, Any],
    specs: tuple[ProviderSpec, ...] | None = None,
) -> AsyncGenerator[BatonServer]:
    """Open a Baton and serve it at a free port while inside. `specs`: its providers, where not the usual.

    It asks nobody but the model that a test names, however often that has failed before, and whatever its
    price is, unless `settings` have `fallback`: then it is as its users have it. `budgets`: whether it has
    those of a new installation, where that is not said by `fallback`.
    """
    specs = declared() if specs is None else specs
    settings = {"fallback": False, **settings}
    breaking = None if settings["fallback"] else UNBREAKABLE
    budgets = None if settings.pop("budgets", settings["fallback"]) else ()
    read = load(environment, specs, overrides={"data_dir": data_dir, **settings})
    if read.database_url is None:
        await asyncio.to_thread(lay_tables, data_dir)
    closing = Closing()
    async with (
        open_app(read, specs=specs, breaking=breaking, budgets=budgets) as app,
        listening(build(app, closing), closing) as url,
    ):
        yield BatonServer(url=url, key=app.first_key or "", app=app)


@asynccontextmanager
async def listening(application: Asgi, closing: Closing | None = None) -> AsyncGenerator[str]:
    """Serve an application at a free port while inside, and end it as `baton serve` does; gives the URL."""
    # Bound before the server starts: whoever connects early waits in the backlog. The protocol is named,
    # or asyncio would not switch off Nagle's delay of 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        host, port = bound.getsockname()
        server = make_server(application, host, port)
        await begin(server, bound)
        try:
            yield f"http://{host}:{port}"
        finally:
            await close(server, bound, closing or Closing(), GRACE_S)
