"""Time that moves when a test says so, and attempts made of a word."""

from dataclasses import dataclass

import pytest

from baton.core.failures import Failure, Kind
from baton.gateway.health.health import Health
from baton.gateway.resilience.observation import Observation

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

    def __init__(self, time: Time, health: Health) -> None:
        self.time = time
        self.health = health

    def sees(
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
            self.health.observe(
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


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def health(time: Time) -> Health:
    return Health(time)


@pytest.fixture
def witness(time: Time, health: Health) -> Witness:
    return Witness(time, health)
