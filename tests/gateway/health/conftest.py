"""Time that moves when a test says so, and attempts made of a word: seen by who is asked, or by another."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from baton.core.failures import Failure, Kind
from baton.gateway.health.health import Health
from baton.gateway.health.shared_health import SharedHealth
from baton.gateway.resilience.observation import Observation
from baton.ledger.health.rows import Findings
from tests.redis_server import RedisServer
from tests.replicas import Together, together

NOON_S = 1_780_000_000.0 // 3600 * 3600
"""Unix time, the beginning of an hour."""


@dataclass
class Time:
    """Both clocks. They start at the beginning of a minute, so that windows are whole."""

    monotonic_s: float = 6000.0
    wall_s: float = NOON_S

    def wall(self) -> float:
        return self.wall_s

    def monotonic(self) -> float:
        return self.monotonic_s

    def passes(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self.wall_s += seconds


class Witness:
    """Sees attempts end, and tells health."""

    def __init__(
        self, time: Time, health: Health, own: Health | None = None, both: Together | None = None
    ) -> None:
        """`health`: who is asked; `own`: whom it tells, where that is another process's, and what `both` are
        joined by."""
        self.time = time
        self.health = health
        self._own = own or health
        self._both = both

    async def probes(self, provider: str, failure: Failure | None) -> None:
        """A probe ends so."""
        self._own.probed(provider, failure)
        await self._settle()

    def take(self, *, final: bool = False) -> Findings:
        """What the witness's process has counted."""
        if self.health is not self._own:
            assert not any(sums.calls for sums in self.health.take(final=final).hours.values())
        return self._own.take(final=final)

    async def _settle(self) -> None:
        if self._both is not None:
            await self._both.settle()

    async def sees(
        self,
        *kinds: Kind | None,
        model: str = "small",
        took_ms: int = 800,
        first_token_ms: int | None = None,
        message: str = "It is broken.",
    ) -> None:
        """Attempts at `acme/small` that end in these ways, None: well."""
        for kind in kinds:
            failure = None if kind is None else Failure(kind=kind, message=message, status=503)
            self._own.observe(
                Observation(
                    provider="acme",
                    model=model,
                    credential="",
                    failure=failure,
                    took_ms=took_ms,
                    first_token_ms=first_token_ms,
                    at_s=self.time.wall(),
                )
            )
        await self._settle()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def health(time: Time) -> Health:
    return Health(time)


@pytest.fixture(params=["memory", "redis"])
async def witness(request: pytest.FixtureRequest, time: Time) -> AsyncGenerator[Witness]:
    """Of the process that is asked, and of another one that shares its health."""
    if request.param == "memory":
        yield Witness(time, Health(time))
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    server.flush()
    async with together(server, time, time.monotonic) as found:
        told, asked = (SharedHealth(each, time) for each in found.replications)
        await found.start()
        yield Witness(time, asked, told, found)


def available(health: Health) -> dict[str, float]:
    """How far models can be had, by `provider/model`."""
    return {name: seen.availability for name, seen in health.seen().items()}
