"""The far side of a Baton that is killed: a simulated provider that remembers everything it was asked."""

import re
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.calls import Call, CallBook
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation

MANNER = "lorem;words=24;latency=3;tps=2000;fault=500;rate=0.1"
"""Streams long enough to be cut in their middle; one call in ten fails and is tried again."""

_NAME = re.compile(r"question-[0-9-]+")


class Remembering(CallBook):
    """Keeps every call by the name of the question in it."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: defaultdict[str, list[Call]] = defaultdict(list)

    def opened(self, call: Call) -> Call:
        found = _NAME.search(call.body)
        assert found is not None, call.body
        self.by_name[found[0]].append(call)
        return super().opened(call)


@dataclass(frozen=True)
class Provider:
    """Stands for several of them, each in its own dialect."""

    url: str
    calls: Remembering

    @property
    def environment(self) -> dict[str, str]:
        """What makes a Baton ask it."""
        return environment_at(self.url)


def environment_at(url: str) -> dict[str, str]:
    """What makes a Baton ask it, for several providers."""
    return {
        "OPENAI_API_KEY": "any-key",
        "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_API_KEY": "any-key",
        "ANTHROPIC_BASE_URL": url,
        "GOOGLE_API_KEY": "any-key",
        "GOOGLE_BASE_URL": url,
    }


@asynccontextmanager
async def provider() -> AsyncGenerator[Provider]:
    """One that serves while inside."""
    simulation = Simulation(SystemClock())
    simulation.rules.set_unknown(Rule(behaves=MANNER))
    simulation.calls = calls = Remembering()
    async with running(simulation) as url:
        yield Provider(url, calls)
