"""A Baton between the SDKs and simulated providers, one in every dialect, all over real sockets."""

import base64
from collections.abc import AsyncGenerator, Callable
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
    """A provider that stands behind Baton."""

    name: str
    """Its name in Baton."""
    dialect: Dialect
    path_ends: tuple[str, ...]
    """How the paths end that it is asked at."""
    keeps: Callable[[str], tuple[str, ...]] | None
    """What of a thought must come back to it on the next turn, given the thought's text; None: it takes
    none back."""
    base_path: str = ""
    """What its base URL has behind the host."""
    counts: bool = False
    """Whether it counts tokens itself."""


def _plain(thought: str) -> tuple[str, ...]:
    return (thought,)


def _sealed(thought: str) -> tuple[str, ...]:
    return (f'"simulated-{base64.b64encode(thought.encode()).decode()}"',)


def _signed(thought: str) -> tuple[str, ...]:
    return (thought, *_sealed(thought))


def _signed_call(thought: str) -> tuple[str, ...]:
    """Google wants no thoughts back, only the signature that the call or the text beside them has."""
    del thought
    return (f'"{base64.b64encode(b"simulated thought of ").decode()}',)


_SEATS = (
    Seat(
        name="openai",
        dialect=Dialect.OPENAI,
        path_ends=("/v1/chat/completions",),
        keeps=None,
        base_path="/v1",
    ),
    Seat(
        name="vllm",  # of those that speak OpenAI's dialect, one that thinks aloud and takes thoughts back
        dialect=Dialect.OPENAI,
        path_ends=("/v1/chat/completions",),
        keeps=_plain,
        base_path="/v1",
    ),
    Seat(
        name="azure",
        dialect=Dialect.OPENAI_RESPONSES,
        path_ends=("/openai/v1/responses",),
        keeps=_sealed,
        counts=True,
        base_path="/openai/v1",
    ),
    Seat(
        name="anthropic",
        dialect=Dialect.ANTHROPIC,
        path_ends=("/v1/messages",),
        keeps=_signed,
        counts=True,
    ),
    Seat(
        name="google",
        dialect=Dialect.GOOGLE,
        path_ends=(":generateContent", ":streamGenerateContent"),
        keeps=_signed_call,
        counts=True,
    ),
)
SEATS = {seat.name: seat for seat in _SEATS}


@dataclass(frozen=True)
class House:
    """A Baton, and behind it one simulated provider that is asked in every dialect."""

    baton: BatonServer
    simulation: Simulation

    def asked(self, seat: Seat) -> Call:
        """The provider's last call, which surely came in its dialect."""
        call = self.simulation.calls.last[-1]
        assert call.path.endswith(seat.path_ends), f"asked at {call.path}"
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
            # Some speak several; here each is asked in one, whoever calls.
            environment[f"{seat.name.upper()}_DIALECT"] = seat.dialect.value
        async with serving(environment, folder, {}) as baton:
            yield House(baton=baton, simulation=simulation)
