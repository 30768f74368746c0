"""`/api/admin/ai/backtests`: what a real Baton has answered, decided again."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.api.conftest import Web
from tests.conftest import BatonServer, StartBaton
from tests.watch.backtest.served import CHAT_IS_SMALL, LARGE, SMALL, answered, chat

PATH = "/api/admin/ai/backtests"
RULES = "/api/admin/ai/routing-rules"
WEIGHTS = "/api/admin/ai/routing-weights"
AGENTS = "/api/admin/ai/agent-routing"
JSON = {"content-type": "application/json"}
DOCUMENTED = Path(__file__).parents[3] / "docs" / "backtest.md"


@pytest.fixture
async def baton_server(start_baton: StartBaton) -> AsyncGenerator[BatonServer]:
    """One that has answered three chats by its large model."""
    async with answered(start_baton) as baton:
        yield baton


async def in_force(web: Web) -> dict[str, Any]:
    """All that a proposal may name, as it is."""
    shown = {"revision", "deleted", "heldByEnvironment"}
    found: dict[str, Any] = (await web.get(RULES + "/export")).json
    for name, path in (("weights", WEIGHTS), ("agents", AGENTS)):
        listed = (await web.get(path)).json[name]
        found[name] = [{field: each[field] for field in each.keys() - shown} for each in listed]
    return found


async def test_what_is_in_force_changes_nothing(web: Web) -> None:
    """Proposed once more, it makes every decision as it was made, and each difference is exactly nothing."""
    await chat(web.baton, agent="research")
    await chat(web.baton, profile="cost-optimized")
    await chat(web.baton, model=SMALL)
    reply = await web.post(PATH, await in_force(web))
    assert reply.status == 200, reply.body
    told = reply.json
    seen, control = told["coverage"], told["control"]
    assert (seen["interactions"], seen["examined"], seen["named"], seen["replayed"]) == (6, 6, 1, 5)
    assert (control["same"], control["otherwise"], told["moved"]) == (5, {}, 0)
    for each in (told["cost"], told["latency"], told["quality"]):
        assert (each["requests"], each["interval"], each["whyNone"]) == (5, None, "nothing changes")
    assert told["cost"]["differenceUsd"] == "0"
    assert told["cost"]["inForceUsd"] == told["cost"]["happenedUsd"]
    assert (told["latency"]["difference"], told["quality"]["difference"], told["largest"]) == (0, 0, [])


async def test_a_proposal_is_paid_by_the_rows_own_tokens(web: Web) -> None:
    """The small model costs a tenth for the same tokens, but for how the two count a prompt; nothing of it is
    written: not even the next backtest sees it."""
    before = (await web.get("/api/interactions")).json
    told = (await web.post(PATH, {"rules": [CHAT_IS_SMALL]})).json
    cost = told["cost"]
    assert (told["moved"], cost["requests"]) == (3, 3)
    assert float(cost["proposedUsd"]) == pytest.approx(float(cost["happenedUsd"]) / 10, rel=0.2)
    assert {(each["inForce"], each["proposed"]) for each in told["largest"]} == {(LARGE, SMALL)}
    assert (told["latency"]["proposed"], told["quality"]["difference"]) == (500, 0)
    assert (await web.get("/api/interactions")).json == before
    assert (await web.post(PATH, {})).json["moved"] == 0


async def test_answers_from_the_cache_are_left_alone(web: Web) -> None:
    """No other model would have changed them."""
    await chat(web.baton, 3, cache="exact")
    told = (await web.post(PATH, {"rules": [CHAT_IS_SMALL]})).json
    seen = told["coverage"]
    assert (seen["interactions"], seen["cached"], seen["replayed"], told["moved"]) == (6, 2, 4, 4)


async def test_an_outage_of_then_is_not_put_down_to_the_proposal(web: Web) -> None:
    """Where a breaker was open, or a model's budget spent, the model is kept out again."""
    breaker = "/api/admin/ai/breakers/" + LARGE
    held = await web.ask("PUT", breaker, json={"state": "open", "reason": "a test"})
    assert held.status == 200, held.body
    await chat(web.baton)
    assert (await web.ask("DELETE", breaker, web.baton.admin | {"If-Match": "*"})).status == 204
    budget = {"scope": "model", "subject": LARGE, "period": "day", "limitUsd": "0.000001"}
    put = await web.ask("PUT", "/api/admin/budgets/large", json=budget)
    assert put.status in (200, 201), put.body
    await chat(web.baton, 2)
    told = (await web.post(PATH, {})).json
    assert {each["model"]: each["happened"] for each in told["models"]}[LARGE] == 3
    assert (told["control"]["replayed"], told["control"]["same"], told["control"]["keptOut"]) == (6, 6, 3)


async def test_a_period_is_asked_for(web: Web) -> None:
    """One before anything was asked has nothing; one that ends before it begins is refused."""
    told = (await web.post(PATH, {"until": "2024-01-01T00:00:00Z"})).json
    assert (told["coverage"]["interactions"], told["since"]) == (0, "2023-12-02T00:00:00Z")
    assert told["verdict"] == "No decision of the router's is in this period."
    wrong = await web.post(PATH, {"since": "2024-01-02T00:00:00Z", "until": "2024-01-01T00:00:00Z"})
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, "until")


async def test_everything_that_is_wrong_is_named_at_once(web: Web) -> None:
    """Each with its place."""
    body = {
        "rules": [{"useCase": "chat", "preferred": [SMALL, "openai/nobody-has-this"]}],
        "weights": [
            {"name": "nobody", "points": [{"complexity": 0, "quality": 1, "cost": 0, "availability": 0}]}
        ],
        "agents": [{"agent": "a", "choice": "model"}],
        "prices": [{"model": SMALL, "prices": {"input": "-1", "output": "1"}}],
    }
    wrong = (await web.post(PATH, body)).json
    assert [each["field"] for each in wrong["errors"]] == [
        "rules[0].preferred[1]",
        "agents[0].model",
        "weights[0].name",
        "prices[0].prices.input",
    ]


async def test_one_at_a_time_until_its_client_leaves(web: Web) -> None:
    """A second one is a conflict; the first ends with its client, and then another one can be had."""
    backtests = web.baton.app.backtests
    going, past = asyncio.Event(), backtests.past

    class Slow:
        """A ledger that never comes to its end."""

        async def count(self, period: object) -> int:
            going.set()
            await asyncio.Event().wait()
            return 0

    backtests.past = Slow()  # pyright: ignore[reportAttributeAccessIssue]
    async with aiohttp.ClientSession(headers=web.baton.admin) as session:
        asking = asyncio.create_task(session.post(web.baton.url + PATH, json={}))
        await going.wait()
        assert (await web.post(PATH, {})).status == 409
        asking.cancel()
        await asyncio.wait([asking])
    backtests.past = past
    for _ in range(500):
        if not backtests.under_way:
            break
        await asyncio.sleep(0.01)
    assert (await web.post(PATH, {})).status == 200


async def test_the_example_of_the_documentation_is_taken(web: Web) -> None:
    """Every kind of thing that may be proposed."""
    [example] = re.findall(r"```json\n(.*?)```", DOCUMENTED.read_text(), re.DOTALL)
    reply = await web.ask("POST", PATH, data=example, headers=web.baton.admin | JSON)
    assert (reply.status, reply.json["coverage"]["replayed"]) == (200, 3)
