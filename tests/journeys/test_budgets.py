"""Budgets from somebody's first call to their last dollar, over HTTP."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from baton.gateway.routing.decision import Ask
from tests.api.conftest import Reply, Web
from tests.conftest import BatonServer, bearer, serving

CHAT = {"model": "simulated/lorem", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 100}
DEAR = {"pricePer": "1M", "prices": {"input": "10", "output": "10000"}}
"""USD per one million tokens: an answer of 100 costs a dollar, and most are a little shorter."""

DEMO = {"x-baton-project": "demo"}


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


async def test_labels_share_no_money(web: Web) -> None:
    """What one user spends under a word in a project's place is no other's; projects' money is the members'
    together, and a project that is spent stays so."""
    await dear(web)
    budget = {"scope": "project", "period": "lifetime", "limitUsd": "1.00"}
    assert (await web.ask("PUT", "/api/admin/budgets/projects", json=budget)).status == 200
    ada, bob = await web.baton.user("pro"), await web.baton.user("pro")
    for _ in range(3):
        assert (await web.post("/v1/chat/completions", CHAT, ada | DEMO)).status == 200
    assert (await web.post("/v1/chat/completions", CHAT, bob | DEMO)).status == 200
    assert (await web.get("/api/admin/budgets/projects/accounts")).json["accounts"] == []
    await web.baton.app.ledger.flush()
    await web.baton.app.admitting.books.compare()
    assert (await web.get("/api/admin/budgets/projects/accounts")).json["accounts"] == []
    made = (await web.post("/api/projects", {"name": "real"}, ada)).json
    asked = ada | {"x-baton-project": made["id"]}
    statuses = [(await web.post("/v1/chat/completions", CHAT, asked)).status for _ in range(5)]
    assert (statuses[0], statuses[-1]) == (200, 429)


async def budgeted(web: Web, model: str, usd: str, at_limit: str = "block") -> None:
    """Give a model so much for a day."""
    name = model.replace("/", "-")
    budget = {"scope": "model", "subject": model, "period": "day", "limitUsd": usd, "atLimit": at_limit}
    assert (await web.ask("PUT", f"/api/admin/budgets/{name}", json=budget)).status == 200


async def test_models_whose_budgets_are_spent_leave_the_candidates_with_their_reason(web: Web) -> None:
    """One after the other: `auto` goes on with whoever is left, dearer ones too, until only what is free is;
    by name each of them is refused."""
    auto, served = CHAT | {"model": "auto"}, list[str]()
    for _ in range(3):
        reply = await web.post("/v1/chat/completions", auto)
        assert reply.status == 200, reply.json
        model = f"simulated/{reply.headers['x-baton-model']}"
        assert model not in served
        served.append(model)
        prices = {"pricePer": "1M", "prices": {"input": "10", "output": str(100 * len(served))}}
        path = f"/api/admin/ai/models/{model}"
        assert (await web.ask("PATCH", path, web.baton.admin | {"If-Match": "*"}, json=prices)).status == 200
        await budgeted(web, model, "0")
        assert (await web.post("/v1/chat/completions", CHAT | {"model": model})).status == 429
    left_out = web.baton.app.router.decide_for("auto", Ask(tier="master")).left_out
    told = {each.id: each.reason for each in left_out if "spent" in each.reason}
    assert set(told) == set(served)
    reason = f"its budget ({served[0].replace('/', '-')}) is spent until "
    assert told[served[0]].startswith(reason)


async def test_what_is_too_little_for_a_long_request_still_pays_for_a_short_one(web: Web) -> None:
    """A dearer model serves `auto` where the own budget of the best one is short, and that one is back for
    the next."""
    chosen = (await web.post("/v1/chat/completions", CHAT | {"model": "auto"})).headers["x-baton-model"]
    for model in [each["id"] for each in (await web.get("/v1/models")).json["data"] if each["id"] != "auto"]:
        factor = 1 if model == f"simulated/{chosen}" else 2
        prices = {"pricePer": "1M", "prices": {"input": str(1000 * factor), "output": str(1000 * factor)}}
        path = f"/api/admin/ai/models/{model}"
        assert (await web.ask("PATCH", path, web.baton.admin | {"If-Match": "*"}, json=prices)).status == 200
    await budgeted(web, f"simulated/{chosen}", "0.40")

    async def serves(words: int) -> str:
        asked = [{"role": "user", "content": "word " * words}]
        body = {"model": "auto", "messages": asked, "max_tokens": 20}
        reply = await web.post("/v1/chat/completions", body)
        assert reply.status == 200, reply.json
        return reply.headers["x-baton-model"]

    assert await serves(2000) != chosen
    assert await serves(5) == chosen


async def test_settings_say_what_budgets_are_until_an_admin_does(tmp_path: Path) -> None:
    """A start with another amount changes a budget that nobody has touched, and leaves alone what an admin
    has made of another."""
    settings = {"budgets": True}
    async with serving({"MAX_USER_BUDGET": "90", "MAX_DAILY_BUDGET": "90"}, tmp_path, settings) as baton:
        assert limits(baton) == {"users": "90", "everybody": "90", "projects": "10"}
        async with aiohttp.ClientSession() as session:
            changed = {"scope": "all", "period": "day", "limitUsd": "70"}
            path, any_ = "/api/admin/budgets/everybody", baton.admin | {"If-Match": "*"}
            assert (await Web(baton, session).ask("PUT", path, any_, json=changed)).status == 200
    async with serving({"MAX_USER_BUDGET": "33", "MAX_DAILY_BUDGET": "33"}, tmp_path, settings) as baton:
        assert limits(baton) == {"users": "33", "everybody": "70", "projects": "10"}


def limits(baton: BatonServer) -> dict[str, str]:
    """Of each budget."""
    return {each.name: each.limit_usd for each in baton.app.edited.budgets.export()}


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
