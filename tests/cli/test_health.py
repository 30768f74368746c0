"""`baton health`: against a running Baton."""

import asyncio
import json

import pytest

from baton.core.failures import Failure, Kind
from baton.gateway.resilience.observation import Observation
from tests.cli.conftest import Run
from tests.conftest import BatonServer


@pytest.fixture
def env(baton_server: BatonServer) -> dict[str, str]:
    """Where it is, and who asks."""
    return {"BATON_URL": baton_server.url, "BATON_API_KEY": baton_server.key}


def attempt(server: BatonServer, kind: Kind | None) -> None:
    """One that ended so, as the gateway tells of it."""
    message = "The server had an error while it processed your request, and is sorry for it."
    failure = None if kind is None else Failure(kind=kind, message=message, status=500)
    server.app.health.observe(
        Observation(
            provider="simulated",
            model="echo",
            credential="",
            failure=failure,
            took_ms=500,
            first_token_ms=None,
            at_s=1_780_000_000.0,
        )
    )


async def test_health_is_a_table_to_a_person(
    baton_server: BatonServer, env: dict[str, str], run: Run
) -> None:
    """Each provider with its models below it; what is not known is a dash, and 99.99 % is not 100 %."""
    for kind in (None, None, None, Kind.SERVER):
        attempt(baton_server, kind)
    ran = await asyncio.to_thread(run, "health", env=env)
    assert (ran.code, ran.err) == (0, "")
    title, provider, model, last = ran.out.splitlines()
    assert title.split()[:3] == ["provider", "status", "errors"]
    assert provider.split()[:4] == ["simulated", "degraded", "25.00%", "0.50"]
    assert model.startswith("  echo")
    assert " 75.00%  75.00%  75.00%  2026-05-28T20:26:40Z 500 The server had" in model
    assert last == "Baton is ok."


async def test_nobody_was_asked_yet(env: dict[str, str], run: Run) -> None:
    """Who could be asked is there, and unknown."""
    ran = await asyncio.to_thread(run, "health", env=env)
    assert ran.out.splitlines()[1].split() == ["simulated", "unknown", "-", "-", "-", "-", "0", "-", "-", "-"]


async def test_health_is_json_to_a_program(baton_server: BatonServer, env: dict[str, str], run: Run) -> None:
    """The same as the API tells, and nothing else."""
    attempt(baton_server, Kind.SERVER)
    ran = await asyncio.to_thread(run, "health", "--json", env=env)
    report = json.loads(ran.out)
    (provider,) = report["providers"]
    assert (report["status"], provider["name"], provider["status"]) == ("degraded", "simulated", "down")
    assert provider["lastError"]["kind"] == "provider_error"
    assert provider["models"][0]["name"] == "echo"


def test_without_a_server_it_is_one_sentence(run: Run) -> None:
    """And a way on."""
    ran = run("health", env={"BATON_URL": "http://127.0.0.1:9", "BATON_API_KEY": "bk-any"})
    assert (ran.code, ran.out) == (1, "")
    assert "no Baton answers at http://127.0.0.1:9" in ran.err
