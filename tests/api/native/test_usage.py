"""`/api/ai/v2/usage`, `/api/v1/usage` and its breakdown."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.conftest import Web
from tests.conftest import bearer

OWN = "/api/ai/v2/usage"
PATH = "/api/v1/usage"
PARTS = PATH + "/breakdown"


async def ask(web: Web, who: dict[str, str], model: str = "simulated/echo", **options: str) -> None:
    named = {f"x-baton-{name}": value for name, value in options.items()}
    body = {"model": model, "messages": [{"role": "user", "content": "Hello there"}]}
    assert (await web.post("/v1/chat/completions", body, {**who, **named})).status == 200


async def parts(web: Web, who: dict[str, str] | None = None, **params: Any) -> dict[str, Any]:
    reply = await web.get(PARTS, who, params=params)
    assert reply.status == 200, reply.body
    return reply.json


async def test_who_has_asked_nothing_has_used_nothing(web: Web) -> None:
    """Zeros and empty lists, in words too; no 404."""
    user = await web.baton.user()
    own = (await web.get(OWN, user)).json
    assert own["daily"] == []
    for block in (own["today"], own["month"]):
        assert (block["requests"], block["cost"], block["cacheSavings"]) == (0, "0", "0")
    total = (await web.get(PATH, user)).json
    assert (total["totalCost"], total["breakdown"]) == ("0", [])
    assert total["formatted"].startswith("Nothing was used since ")
    empty = await parts(web, user)
    assert (empty["breakdown"], empty["groupBy"], empty["nextCursor"]) == ([], "model", None)


async def test_everybody_is_told_what_is_left_of_their_limits(web: Web) -> None:
    """Of the rate limits of their key, and each budget of their own; nothing where nothing limits them."""
    assert (await web.get(OWN)).json["limits"] == {"requests": None, "tokens": None, "budgets": []}
    budget = {"scope": "user", "period": "month", "limitUsd": "5.00"}
    assert (await web.ask("PUT", "/api/admin/budgets/users", json=budget)).status == 200
    wish = {"name": "mine", "limits": {"requestsPerMinute": 10}}
    user = bearer((await web.post("/api/admin/keys", wish)).json["key"])
    await ask(web, user)
    limits = (await web.get(OWN, user)).json["limits"]
    requests = limits["requests"]
    assert (requests["limit"], requests["remaining"]) == (10, 9)
    assert 0 < requests["resetS"] <= 61
    (left,) = limits["budgets"]
    assert (left["name"], left["limitUsd"], left["leftUsd"], left["soft"]) == ("users", "5.00", "5", False)
    assert left == (await web.get("/api/me/budgets", user)).json["budgets"][0]


async def test_each_sees_their_own_and_analysts_everybodys(web: Web) -> None:
    """Another's id is a 404 for a user; the parts add up to the total."""
    ada, bob = await web.baton.user(), await web.baton.user()
    analyst = await web.baton.user(roles=frozenset({"user", "analyst"}))
    await ask(web, ada, agent="research", tags="team=red")
    await ask(web, ada, "simulated/lorem")
    await ask(web, bob)
    mine = (await web.get(OWN, ada)).json
    assert (mine["today"]["requests"], mine["month"]["requests"], len(mine["daily"])) == (2, 2, 1)
    assert mine["today"]["totalTokens"] == mine["daily"][0]["tokens"] > 0
    theirs = {each["key"] for each in (await parts(web, ada, groupBy="user"))["breakdown"]}
    assert theirs == {mine["userId"]}
    everybody = await parts(web, analyst, groupBy="user")
    assert [each["count"] for each in everybody["breakdown"]] == [2, 1]
    assert sum(Decimal(each["cost"]) for each in everybody["breakdown"]) == Decimal(
        everybody["total"]["cost"]
    )
    one = await parts(web, analyst, groupBy="agent", user=mine["userId"])
    assert {each["key"]: each["keys"] for each in one["breakdown"]} == {
        "research": ["research"],
        "none": [None],
    }
    tagged = await parts(web, ada, groupBy="model,date", tag="team=red")
    assert [each["key"].split(" / ")[0] for each in tagged["breakdown"]] == ["simulated/echo"]
    assert (await web.get(OWN, analyst, params={"user": mine["userId"]})).json == mine | {"limits": None}
    for path in (OWN, PATH, PARTS):
        assert (await web.get(path, bob, params={"user": mine["userId"]})).status == 404
    total = (await web.get(PATH, ada)).json
    assert {each["modelId"] for each in total["breakdown"]} == {"simulated/echo", "simulated/lorem"}


async def test_a_long_list_comes_in_pages(web: Web) -> None:
    """Each part once; the total is that of all."""
    user = await web.baton.user()
    for model in ("simulated/echo", "simulated/lorem", "simulated/json"):
        await ask(web, user, model)
    first = await parts(web, user, limit=2)
    rest = await parts(web, user, limit=2, cursor=first["nextCursor"])
    assert (len(first["breakdown"]), len(rest["breakdown"]), rest["nextCursor"]) == (2, 1, None)
    assert len({each["key"] for each in first["breakdown"] + rest["breakdown"]}) == 3
    assert first["total"] == rest["total"]


@pytest.mark.parametrize("by", ["colour", "model,model", "model,date,user", "", "model,"])
@pytest.mark.asyncio(loop_scope="module")
async def test_what_cannot_be_told_apart_is_refused(shared: Web, by: str) -> None:
    """With what can."""
    reply = await shared.get(PARTS, params={"groupBy": by})
    assert (reply.status, reply.json["errors"][0]["field"]) == (400, "groupBy")
    assert "useCase" in reply.json["detail"]
