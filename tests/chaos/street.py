"""Baton with providers of the real world under their own names, each a simulated one at a socket of its own:
any of them can be taken down alone."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baton.api.asgi import build
from baton.app import open_app
from baton.core.clock import Clock, SystemClock
from baton.settings import load
from baton.upstream.directory import declared
from baton.upstream.providers.simulated.calls import Call
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.chaos.speech import Speech
from tests.chaos.wire import Reply, line_to, post
from tests.conftest import BatonServer, listening

HOUSES = {"openai": "/v1", "anthropic": "", "google": "", "xai": "/v1", "deepseek": "/v1"}
"""Providers, and the path below which each is asked."""


@dataclass(frozen=True)
class Street:
    """A Baton, and its providers by name."""

    baton: BatonServer
    providers: dict[str, Simulation]

    def behaves(self, provider: str, settings: str = "", says: str | None = None) -> None:
        """From now on, every model of the provider behaves so; its calls are counted anew."""
        rules = self.providers[provider].rules
        rules.reset()
        rules.set_unknown(Rule(behaves=f"echo;{settings}", says=says))

    def calls(self, provider: str) -> tuple[Call, ...]:
        """What it was asked."""
        return self.providers[provider].calls.last

    async def ask(self, speech: Speech, model: str, *headers: str, stream: bool, **fields: Any) -> Reply:
        """One request on a connection of its own."""
        if stream and not speech.streams_by_path:
            fields = {"stream": True, **fields}
        async with line_to(self.baton.url) as line:
            path = speech.where(model, stream=stream)
            await line.send(post(self.baton.key, speech.body(model, **fields), *headers, path=path))
            return await line.reply()


class Leaping(SystemClock):
    """A clock that can be put forward: Baton and its providers wait for nothing that nobody sleeps on."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def leap(self, seconds: float) -> None:
        """So many seconds have gone by."""
        self._ahead_s += seconds

    def wall(self) -> float:
        return super().wall() + self._ahead_s

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s


@asynccontextmanager
async def open_street(folder: Path, clock: Clock | None = None, **settings: Any) -> AsyncGenerator[Street]:
    """Open all of them. `clock`: Baton's and the providers'."""
    async with AsyncExitStack() as stack:
        environment: dict[str, str] = {}
        providers: dict[str, Simulation] = {}
        for name, path in HOUSES.items():
            providers[name] = Simulation(clock or SystemClock(), unknown="echo", keep_calls=20_000)
            url = await stack.enter_async_context(running(providers[name]))
            environment |= {f"{name.upper()}_API_KEY": "a-key-of-the-street"}
            environment |= {f"{name.upper()}_BASE_URL": url + path}
        read = load(environment, declared(), overrides={"data_dir": folder, **settings})
        app = await stack.enter_async_context(open_app(read, clock))
        url = await stack.enter_async_context(listening(build(app)))
        yield Street(BatonServer(url=url, key=app.first_key or "", app=app), providers)
