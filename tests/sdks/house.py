"""A Baton between the SDKs and simulated providers, one in every dialect, all over real sockets."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from baton.core.clock import SystemClock
from baton.core.request import Dialect
from baton.upstream.providers.simulated.calls import Call
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.conftest import BatonServer, serving


class Seat(Struct, frozen=True, kw_only=True):
    """A provider of a dialect."""

    name: str
    """The provider's in Baton."""
    base_path: str
    """What its base URL has behind the host."""
    path_ends: tuple[str, ...]
    """How the paths end that such a provider is asked at."""


SEATS = {
    Dialect.OPENAI: Seat(name="openai", base_path="/v1", path_ends=("/v1/chat/completions",)),
}
"""The provider of each dialect."""


@dataclass(frozen=True)
class House:
    """A Baton, and behind it one simulated provider that is asked in every dialect."""

    baton: BatonServer
    simulation: Simulation

    def model(self, dialect: Dialect, name: str) -> str:
        """A simulated model as a caller of Baton names it."""
        return f"{SEATS[dialect].name}/{name}"

    def asked(self, dialect: Dialect) -> Call:
        """The provider's last call, which surely came in this dialect."""
        call = self.simulation.calls.last[-1]
        assert call.path.endswith(SEATS[dialect].path_ends), f"asked at {call.path}"
        return call


@asynccontextmanager
async def house(folder: Path) -> AsyncGenerator[House]:
    """Open while inside. Nothing is retried, so that every call is the one that was asked for."""
    simulation = Simulation(SystemClock())
    async with running(simulation) as url:
        environment = {"BATON_RETRIES": "0"}
        for seat in SEATS.values():
            environment[f"{seat.name.upper()}_BASE_URL"] = url + seat.base_path
            environment[f"{seat.name.upper()}_API_KEY"] = f"sk-{seat.name}"
        async with serving(environment, folder, {}) as baton:
            yield House(baton=baton, simulation=simulation)
