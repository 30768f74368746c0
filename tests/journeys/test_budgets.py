"""Budgets from somebody's first call to their last dollar, over HTTP."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.api.conftest import Reply, Web
from tests.conftest import BatonServer, bearer, serving

CHAT = {"model": "simulated/lorem", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
DEAR = {"pricePer": "1M", "prices": {"input": "10", "output": "10000"}}
"""USD per one million tokens: an answer of 100 costs a dollar, and most are a little shorter."""


@pytest.fixture
async def web(baton_server: BatonServer) -> AsyncGenerator[Web]:
    """Asks a Baton of one's own."""
    async with aiohttp.ClientSession() as session:
        yield Web(baton_server, session)


async def dear(web: Web) -> None:
    """Have answers cost something."""
    path = "/api/admin/ai/models/simulated/lorem"
    patched = await web.ask("PATCH", path, web.baton.admin | {"If-Match": "*"}, json=DEAR)
    assert patched.status == 200, patched.json


async def a_key(web: Web, usd: str) -> dict[str, Any]:
    """A key that carries a budget for its lifetime."""
    wish = {"name": "robot", "budget": {"usd": usd, "period": "lifetime"}}
    made = await web.post("/api/admin/keys", wish)
    assert made.status == 201, made.json
    return made.json


async def spend(web: Web, key: str) -> tuple[int, Reply]:
    """Ask until a key is refused; how often it was not, and the refusal."""
    for times in range(50):
        reply = await web.post("/v1/chat/completions", CHAT, bearer(key))
        if reply.status != 200:
            return times, reply
    raise AssertionError("it is never refused")


async def test_a_key_spends_what_it_carries(web: Web) -> None:
    """Three dollars are some answers and a part of one; then that key alone is refused, with no retry, until
    an admin gives it more, which holds from its next call on."""
    await dear(web)
    key = await a_key(web, "3.00")
    times, refused = await spend(web, key["key"])
    assert 3 <= times <= 7
    assert (refused.status, refused.json["error"]["code"]) == (429, "budget_exceeded")
    assert refused.headers["x-should-retry"] == "false"
    assert "this key" in refused.json["error"]["message"]
    assert (await web.post("/v1/chat/completions", CHAT)).status == 200
    more = {"budget": {"usd": "5.00", "period": "lifetime"}}
    path = f"/api/admin/keys/{key['id']}"
    patched = await web.ask("PATCH", path, web.baton.admin | {"If-Match": "*"}, json=more)
    assert patched.status == 200, patched.json
    assert 1 <= (await spend(web, key["key"]))[0] <= 6


async def test_a_restart_forgets_nothing_that_a_key_spent(tmp_path: Path) -> None:
    """What it carries is spent in the next life as well."""

    async with serving({}, tmp_path, {"budgets": True}) as baton, aiohttp.ClientSession() as session:
        web = Web(baton, session)
        await dear(web)
        key: str = (await a_key(web, "2.00"))["key"]
        assert 2 <= (await spend(web, key))[0] <= 5
    async with serving({}, tmp_path, {"budgets": True}) as baton, aiohttp.ClientSession() as session:
        assert (await spend(Web(baton, session), key))[0] == 0


async def test_a_budget_made_late_knows_what_was_spent_before(web: Web) -> None:
    """Also where nobody counted for it until then; less than was spent leaves nothing, and no debt is paid
    back by what was not."""
    await dear(web)
    for _ in range(3):
        assert (await web.post("/v1/chat/completions", CHAT)).status == 200
    budget = {"scope": "all", "period": "lifetime", "limitUsd": "1.00"}
    assert (await web.ask("PUT", "/api/admin/budgets/late", json=budget)).status == 200
    assert (await web.post("/v1/chat/completions", CHAT)).status == 429
    shown = (await web.get("/api/admin/budgets/late")).json
    spent = float(shown["settledUsd"])
    assert 1 < spent < 4
    assert (shown["fullest"]["leftUsd"], shown["heldUsd"]) == ("0", "0")
    raised = await web.ask(
        "PATCH",
        "/api/admin/budgets/late",
        web.baton.admin | {"If-Match": "*"},
        json={"limitUsd": f"{spent + 1.5:.2f}"},
    )
    assert raised.status == 200
    assert (await web.post("/v1/chat/completions", CHAT)).status == 200
