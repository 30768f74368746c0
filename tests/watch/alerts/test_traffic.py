"""Alerts of a Baton that serves: what its own requests show opens and resolves them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.api.conftest import Web
from tests.conftest import StartBaton

KEY = "sk-0123456789-abcd"
CHAT = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
PATH = "/api/admin/ai/alerts"


@dataclass(frozen=True)
class Scene:
    """A Baton before a provider that behaves as it is told."""

    web: Web
    simulation: Simulation

    async def ask(self, behaves: str) -> int:
        """The status of an answer where the provider behaves so."""
        self.simulation.rules.set_unknown(Rule(behaves=behaves))
        return (await self.web.post("/v1/chat/completions", CHAT)).status


@pytest.fixture
async def scene(start_baton: StartBaton) -> AsyncIterator[Scene]:
    simulation = Simulation(SystemClock())
    async with running(simulation) as url, aiohttp.ClientSession() as session:
        baton = await start_baton(
            {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{url}/v1"}, retries=0, fallback=True
        )
        yield Scene(Web(baton, session), simulation)


@pytest.mark.parametrize(
    ("fault", "kind"), [("401", "credential_invalid"), ("quota", "credential_exhausted")]
)
async def test_a_key_that_is_refused_and_then_taken(scene: Scene, fault: str, kind: str) -> None:
    """The first refusal opens an alert with four characters of the key; the first success ends it."""
    assert await scene.ask(f"echo;fault={fault}") >= 400
    reply = await scene.web.get(PATH)
    [alert] = reply.json["alerts"]
    assert (alert["kind"], alert["subject"], alert["resolvedAt"]) == (kind, "openai …abcd", None)
    assert KEY not in reply.body.decode()
    assert await scene.ask("echo") == 200
    [alert] = (await scene.web.get(PATH)).json["alerts"]
    assert alert["resolution"] == "recovered"


async def test_a_breaker_that_opens(scene: Scene) -> None:
    """A provider that keeps failing is an alert once its breaker opens; its callers' faults are none."""
    for _ in range(3):
        assert await scene.ask("echo;fault=context") == 400
    for _ in range(6):
        assert await scene.ask("echo;fault=500") >= 500
    alerts = (await scene.web.get(PATH)).json["alerts"]
    assert {alert["kind"] for alert in alerts} == {"breaker_open"}
    assert all(alert["subject"].startswith("openai") for alert in alerts)
