"""An engineer on call closes a provider off, and gives it back."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest

from tests.api.conftest import Reply, Web
from tests.api.test_metrics import sample
from tests.conftest import BatonServer

BREAKER = "/api/admin/ai/breakers/simulated"
ALERTS = "/api/admin/ai/alerts?kind=breaker_open"


async def command(baton: BatonServer, *words: str) -> Any:
    """What `baton breakers …` tells, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "baton.cli.main", "breakers", *words, "--json"),
        *("--url", baton.url, "--api-key", baton.key),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, problem = await process.communicate()
    assert process.returncode == 0, problem.decode()
    return json.loads(out)


async def seen(web: Web) -> tuple[str, str, bool, float]:
    """What others see: Baton in one word, the provider's breaker, whether it is used, and the metric."""
    reply: Reply = await web.get("/api/ai/v2/health")
    [provider] = [each for each in reply.json["providers"] if each["name"] == "simulated"]
    state = await sample(web, "baton_breaker_state", provider="simulated", model="")
    return reply.json["status"], provider["breaker"], provider["usable"], state


@pytest.fixture
async def web(baton_server: BatonServer) -> AsyncGenerator[Web]:
    async with aiohttp.ClientSession() as session:
        yield Web(baton_server, session)


async def test_what_one_does_by_api_the_next_finds_by_command_and_undoes(web: Web) -> None:
    """Closed off by API it is so everywhere, with its reason; given back by command, everywhere again."""
    reason = "says nonsense since noon"
    held = await web.ask("PUT", BREAKER, json={"state": "open", "reason": reason})
    assert held.status == 200
    [listed] = await command(web.baton, "list")
    assert (listed["state"], listed["forced"]["reason"]) == ("open", reason)
    assert (await seen(web))[1:] == ("open", False, 2)
    [alert] = (await web.get(ALERTS + "&state=open")).json["alerts"]
    assert alert["subject"] == "simulated"
    await command(web.baton, "close", "simulated", "--reason", "let us see")
    assert (await seen(web))[1:] == ("closed", True, 0)
    assert (await web.get(ALERTS + "&state=open")).json["alerts"] == []
    released = await command(web.baton, "release", "simulated")
    assert (released["state"], released["forced"]) == ("closed", None)
    assert await seen(web) == ("ok", "closed", True, 0)
    entries = (await web.get("/api/admin/audit?kind=breaker")).json["entries"]
    assert [each["action"] for each in entries] == ["delete", "update", "create"]
