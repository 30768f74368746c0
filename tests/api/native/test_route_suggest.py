"""`/api/ai/v2/route-suggest`, `/api/interactions/{id}/receipt`, and trying out rules."""

from typing import Any

import pytest

from baton.core.caller import Caller
from tests.api.conftest import Web

SUGGEST = "/api/ai/v2/route-suggest"
TRY = "/api/admin/ai/routing-rules/test"
RULES = "/api/admin/ai/routing-rules"
WEIGHTS = "/api/admin/ai/routing-weights"


async def suggested(web: Web, **said: Any) -> Any:
    answer = await web.post(SUGGEST, {"prompt": "Why is the sky blue?", **said})
    assert answer.status == 200, answer.json
    return answer.json


async def test_a_prompt_is_told_who_would_serve_it_and_why(web: Web) -> None:
    """The decision with scores, fallbacks, estimate, and why nobody else; no interaction comes of it."""
    told = await suggested(web)
    assert told["model"] == f"{told['provider']}/{told['model'].partition('/')[2]}"
    assert told["source"] == "score"
    assert told["ranked"][0]["model"] == told["model"]
    assert told["candidates"] >= len(told["ranked"]) >= 1
    assert sum(told["weights"].values()) == pytest.approx(1)
    assert any(each["reason"].startswith("provider openai is not configured") for each in told["leftOut"])
    assert (await web.get("/api/interactions")).json["interactions"] == []


async def test_what_is_suggested_is_what_a_chat_does(web: Web) -> None:
    """With the same hints."""
    await web.ask("PUT", RULES + "/ode", json={"preferred": ["lorem"], "fallbacks": ["echo"]})
    for said in ({}, {"useCase": "ode"}, {"model": "echo"}, {"excludeProviders": ["openai"]}):
        told = await suggested(web, **said)
        messages = [{"role": "user", "content": "Why is the sky blue?"}]
        answer = (await web.post("/api/ai/v2/chat", {"messages": messages, **said})).json
        assert f"{answer['provider']}/{answer['modelName']}" == told["model"]
        assert answer["decision"]["reasoning"] == told["reasoning"]
        assert answer["decision"]["source"] == told["source"]


async def test_a_body_that_says_nothing_or_two_things_is_refused(web: Web) -> None:
    """And so is a field that nobody knows."""
    both = {"prompt": "hi", "messages": [{"role": "user", "content": "hi"}]}
    for body in ({}, both, {"prompt": ""}, {"prompt": "hi", "luck": 1}, {"prompt": "hi", "maxCost": "0"}):
        assert (await web.post(SUGGEST, body)).status == 400, body


async def test_where_nobody_can_serve_it_the_reasons_are_told(web: Web) -> None:
    """As a chat would be refused."""
    refused = await web.post(SUGGEST, {"prompt": "hi", "requireCapabilities": ["telepathy"]})
    assert refused.status == 422


async def test_a_rule_can_be_tried_before_it_is_made(web: Web) -> None:
    """For callers of any tier; nothing is changed by it."""
    rule = {"preferred": ["simulated/lorem"]}
    body = {"prompt": "Hi", "useCase": "ode", "rule": rule}
    preferring = (await web.post(TRY, body)).json
    before = await suggested(web, useCase="ode")
    assert before["source"] == "score"
    assert (await web.get(RULES + "/ode")).status == 404
    assert preferring["leftOut"] == before["leftOut"]
    assert (await web.post(TRY, {"prompt": "Hi", "rule": rule})).status == 400
    assert (await web.post(TRY, {**body, "tier": "nobility"})).status == 400
    assert (await web.post(TRY, {**body, "rule": {"preferred": ["simulated/ecko"]}})).status == 400


async def test_a_receipt_explains_an_interaction(web: Web) -> None:
    """Choice, attempts, money, budgets and times agree with the row."""
    budget = {"scope": "all", "period": "day", "limitUsd": "5"}
    assert (await web.ask("PUT", "/api/admin/budgets/tiny", json=budget)).status == 200
    messages = [{"role": "user", "content": "Why is the sky blue?"}]
    answer = (await web.post("/api/ai/v2/chat", {"messages": messages, "useCase": "haiku"})).json
    await web.baton.app.ledger.flush()
    row = (await web.get(f"/api/interactions/{answer['id']}")).json
    receipt = (await web.get(f"/api/interactions/{answer['id']}/receipt")).json
    assert receipt["servedBy"] == f"{row['provider']}/{row['modelName']}"
    assert (receipt["useCase"], receipt["requestedModel"]) == ("haiku", "auto")
    choice = receipt["choice"]
    assert choice["reasoning"] == row["decision"] == answer["decision"]["reasoning"]
    assert [each["model"] for each in choice["ranked"]] == [
        each["model"] for each in answer["decision"]["ranked"]
    ]
    assert (choice["taskType"], choice["level"]) == ("question_answering", "simple")
    assert (row["taskType"], row["complexity"]) == (choice["taskType"], choice["complexity"])
    assert choice["evidence"]
    assert sum(choice["weights"].values()) == pytest.approx(1)
    assert choice["weights"]["quality"] == pytest.approx(0.2 + 0.4 * choice["complexity"], abs=0.001)
    assert "openai" in choice["notConfigured"]
    assert all(each["models"] for each in choice["leftOut"])
    assert receipt["attempts"] == row["attempts"]
    assert receipt["money"]["costUsd"] == row["costUsd"]
    [counted] = receipt["budgets"]
    assert (counted["budget"], counted["scope"], counted["limitUsd"]) == ("tiny", "all", "5")
    assert (counted["settledUsd"], counted["periodEnds"][-1]) == ("0", "Z")
    assert receipt["times"]["responseTimeMs"] == row["responseTimeMs"]


async def test_a_receipt_of_a_named_model_says_so(web: Web) -> None:
    """Nothing was weighed; the attempts say who was asked first."""
    messages = [{"role": "user", "content": "hi"}]
    answer = (await web.post("/api/ai/v2/chat", {"messages": messages, "model": "echo"})).json
    await web.baton.app.ledger.flush()
    choice = (await web.get(f"/api/interactions/{answer['id']}/receipt")).json["choice"]
    assert (choice["source"], choice["model"]) == ("named", "simulated/echo")
    assert (choice["ranked"], choice["weights"]) == ([], None)


async def test_others_see_no_receipt(web: Web) -> None:
    """As if there were none."""
    messages = [{"role": "user", "content": "hi"}]
    answer = (await web.post("/api/ai/v2/chat", {"messages": messages})).json
    await web.baton.app.ledger.flush()
    bob = await web.baton.user()
    assert (await web.get(f"/api/interactions/{answer['id']}/receipt", bob)).status == 404


async def test_weights_are_changed_and_count_at_once(web: Web) -> None:
    """By default, or for a profile; the default ones cannot be taken away."""
    guard = {**web.baton.admin, "If-Match": "*"}
    points = [{"complexity": 0.5, "quality": 0, "cost": 1, "availability": 0}]
    changed = await web.ask("PUT", WEIGHTS + "/default", guard, json={"points": points})
    assert (changed.status, changed.json["boosts"]) == (200, [])
    assert (await suggested(web))["weights"] == {"quality": 0, "cost": 1, "availability": 0}
    own = await web.ask(
        "PUT", WEIGHTS + "/performance", json={"points": [{**points[0], "quality": 1, "cost": 0}]}
    )
    assert own.status == 200, own.json
    assert (await suggested(web, profile="performance"))["weights"]["quality"] == 1
    undone = await web.ask("POST", WEIGHTS + "/default/undo", guard)
    assert undone.json["boosts"][0] == {"task": "coding", "model": "anthropic", "quality": 0.1}
    assert (await suggested(web))["weights"]["quality"] < 0.4
    assert (await web.ask("DELETE", WEIGHTS + "/default", guard)).status == 400
    assert (await web.ask("DELETE", WEIGHTS + "/performance", guard)).status == 204
    wrong = await web.ask("PUT", WEIGHTS + "/luck", json={"points": points})
    assert wrong.status == 400
    assert "default, cost-optimized, balanced, performance" in wrong.json["detail"]


async def test_near_a_budgets_end_cost_weighs_more(web: Web) -> None:
    """From 80 % of it; the receipt says how near it was."""
    budget = {"scope": "all", "period": "day", "limitUsd": "1"}
    assert (await web.ask("PUT", "/api/admin/budgets/tiny", json=budget)).status == 200
    relaxed = await suggested(web)
    app = web.baton.app
    book = app.admitting.books.book
    me = (await web.get("/api/me")).json
    caller = Caller(user_id=me["id"], key_id=me["keyId"], tier="master", roles=frozenset())
    [debit] = book.of(caller, None, None, int(app.store.clock.wall() * 1000)).each
    await app.admitting.accounts.raise_to([(debit.account, 900_000_000)])
    pressed = await suggested(web)
    assert pressed["weights"]["cost"] == pytest.approx(
        relaxed["weights"]["cost"] + 0.25 * relaxed["weights"]["quality"], abs=0.002
    )
    assert pressed["reasoning"].endswith("A budget nears its end, so cost weighs more.")
    messages = [{"role": "user", "content": "Why is the sky blue?"}]
    answer = (await web.post("/api/ai/v2/chat", {"messages": messages})).json
    await app.ledger.flush()
    receipt = (await web.get(f"/api/interactions/{answer['id']}/receipt")).json
    assert receipt["choice"]["budgetPressure"] == 0.5


async def test_feedback_on_answers_reaches_the_router(web: Web) -> None:
    """By the models that gave them; what nobody served counts for nobody."""
    body = {"model": "lorem", "messages": [{"role": "user", "content": "hi"}]}
    for score in (1, 2):
        answer = (await web.post("/api/ai/v2/chat", body)).json
        given = await web.post(f"/api/interactions/{answer['id']}/feedback", {"score": score})
        assert given.status == 200
    opinions = await web.baton.app.ledger.feedback.by_model(0)
    assert [(each.model, each.score, each.number) for each in opinions] == [("simulated/lorem", 1.5, 2)]
    assert await web.baton.app.ledger.feedback.by_model(1 << 60) == []
    told = (await web.post("/api/ai/v2/route-suggest", {"prompt": "hi"})).json
    before = {each["model"]: each["quality"] for each in told["ranked"]}
    await web.baton.app.judgements.look()
    told = (await web.post("/api/ai/v2/route-suggest", {"prompt": "hi"})).json
    after = {each["model"]: each["quality"] for each in told["ranked"]}
    quality = before["simulated/lorem"]
    assert after["simulated/lorem"] == pytest.approx((20 * quality + 2 * 0.125) / 22, abs=1e-5)
    assert {**after, "simulated/lorem": quality} == before


async def test_who_says_nothing_of_a_profile_is_balanced(web: Web) -> None:
    """With a use case or without: the weights of `balanced` are theirs where there are any."""
    point = {"complexity": 0.5, "quality": 0, "cost": 0, "availability": 1}
    assert (await web.ask("PUT", WEIGHTS + "/balanced", json={"points": [point]})).status == 200
    for said in ({}, {"useCase": "ode"}, {"profile": "balanced"}):
        assert (await suggested(web, **said))["weights"]["availability"] == 1
    assert (await suggested(web, profile="performance"))["weights"]["availability"] == 0.3
