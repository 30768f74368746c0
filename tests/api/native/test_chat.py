"""`POST /api/ai/v2/chat`, whole."""

import asyncio
import json
from typing import Any

import pytest

from baton.upstream.providers.simulated.calls import Outcome
from baton.upstream.providers.simulated.rules import Rule
from tests.api.conftest import Web

PATH = "/api/ai/v2/chat"
CALL = {"id": "1", "name": "n", "arguments": ""}
FIELDS = {
    "id", "content", "toolCalls", "reasoning", "refusal", "finishReason", "provider", "modelName",
    "modelVersion", "usage", "costUsd", "firstTokenMs", "responseTimeMs", "upstreamMs", "wasCached",
    "fallbackUsed", "originalProvider", "decision", "attempts", "dropped", "isComplete",
}  # fmt: skip


def body(text: str = "hi", **more: Any) -> dict[str, Any]:
    return {"model": "simulated/echo", "messages": [{"role": "user", "content": text}], **more}


def asked(web: Web) -> dict[str, Any]:
    """What the provider was asked last."""
    return json.loads(web.baton.app.simulation.calls.last[-1].body)


async def test_the_answer_tells_the_whole_story(web: Web) -> None:
    """Content, usage, cost, timings, decision and attempts stand in one body; the ledger says the same."""
    reply = await web.post(PATH, body("Good morning"))
    answer = reply.json
    assert set(answer) == FIELDS
    assert answer["content"].startswith("Good morning")
    assert (answer["provider"], answer["modelName"], answer["finishReason"]) == ("simulated", "echo", "stop")
    assert (answer["costUsd"], answer["wasCached"], answer["fallbackUsed"]) == ("0", False, False)
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["promptTokens"] + usage["completionTokens"] > 0
    assert answer["decision"]["model"] == "simulated/echo"
    assert [attempt["status"] for attempt in answer["attempts"]] == ["ok"]
    row = (await web.get(f"/api/interactions/{answer['id']}")).json
    assert row["usage"]["totalTokens"] == usage["totalTokens"]
    assert row["responseTimeMs"] == answer["responseTimeMs"]
    assert (row["dialect"], row["route"]) == ("native", PATH)
    assert reply.headers["x-baton-interaction"] == answer["id"]


async def test_the_model_may_be_left_to_baton(web: Web) -> None:
    """Without a model the router chooses, and says why."""
    reply = await web.post(PATH, {"messages": [{"role": "user", "content": "hi"}]})
    assert reply.json["decision"]["named"] is False
    assert reply.json["decision"]["candidates"] > 1


async def test_what_is_said_reaches_the_provider(web: Web) -> None:
    """System prompt, images, tools, calls and results, limits and formats arrive with their meaning."""
    said = [
        {"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image", "url": "https://example.com/a.png", "detail": "low"},
            {"type": "image", "data": "aGk=", "mediaType": "image/png"},
        ]},
        {"role": "assistant", "toolCalls": [{"id": "c1", "name": "look", "arguments": '{"at": 1}'}]},
        {"role": "tool", "toolCallId": "c1", "content": "a cat"},
    ]  # fmt: skip
    schema = {"type": "object", "properties": {"at": {"type": "integer"}}}
    reply = await web.post(
        PATH,
        body()
        | {
            "messages": said,
            "systemPrompt": "Be brief.",
            "maxTokens": 50,
            "temperature": 0.5,
            "topP": 0.9,
            "tools": [{"name": "look", "description": "Looks.", "parameters": schema}],
            "responseFormat": {"type": "json_schema", "name": "seen", "schema": schema, "strict": True},
        },
    )
    assert reply.status == 200, reply.body
    sent = asked(web)
    system, user, assistant, tool = sent["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "image_url"]
    assert user["content"][1]["image_url"] == {"url": "https://example.com/a.png", "detail": "low"}
    assert user["content"][2]["image_url"]["url"] == "data:image/png;base64,aGk="
    assert assistant["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"at": 1}'}
    assert (tool["tool_call_id"], tool["content"]) == ("c1", "a cat")
    assert sent["tools"][0]["function"]["parameters"] == schema
    assert sent["response_format"]["json_schema"] == {"name": "seen", "schema": schema, "strict": True}
    assert (sent["max_tokens"], sent["temperature"], sent["top_p"]) == (50, 0.5, 0.9)


async def test_a_tool_call_comes_back(web: Web) -> None:
    """What the model wants called stands in `toolCalls`, its arguments as it wrote them."""
    tools = [{"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}}]
    answer = (await web.post(PATH, body(model="simulated/tools", tools=tools))).json
    assert answer["finishReason"] == "tool_calls"
    (call,) = answer["toolCalls"]
    assert call["name"] == "look"
    assert isinstance(json.loads(call["arguments"])["at"], int)


async def test_what_is_not_acted_on_is_told(web: Web) -> None:
    """Unknown fields are named in the body and in the header, never lost."""
    reply = await web.post(PATH, body(projectId="p", colour="red", taste="salty", agent="research"))
    dropped = ["colour", "taste"]
    assert reply.json["dropped"] == dropped
    assert reply.headers["x-baton-dropped"] == ", ".join(dropped)
    known = body(enableCache=False, cacheTtl=60)
    assert (await web.post(PATH, known)).json["dropped"] == []


async def test_an_admin_acts_for_somebody(web: Web) -> None:
    """It is that user's interaction, project, tier and money, with the admin's key; for anybody else it is a
    403 but for oneself, whole and as a stream; nobody acts for who is not there."""
    user, other = await web.baton.user("pro"), await web.baton.user()
    id = (await web.get("/api/me", user)).json["id"]
    project = (await web.post("/api/projects", {"name": "p"}, user)).json["id"]
    answer = (await web.post(PATH, body(userId=id, projectId=project))).json
    assert answer["dropped"] == []
    row = (await web.get(f"/api/interactions/{answer['id']}", user)).json
    admin = (await web.get("/api/me")).json
    assert (row["userId"], row["tier"], row["project"]) == (id, "pro", project)
    assert row["keyId"] == admin["keyId"]
    for stream in (False, True):
        refused = await web.post(PATH, body(userId=id, stream=stream), other)
        assert (refused.status, refused.json["code"]) == (403, "admin_required")
    assert (await web.post(PATH, body(userId=id), user)).status == 200
    assert (await web.post(PATH, body(userId="nobody"))).status == 404
    budget = {"scope": "user", "subject": id, "period": "month", "limitUsd": "0"}
    assert (await web.ask("PUT", "/api/admin/budgets/theirs", json=budget)).status == 200
    path = "/api/admin/ai/models/simulated/echo"
    prices = {"pricePer": "1M", "prices": {"input": "1", "output": "1"}}
    assert (await web.ask("PATCH", path, web.baton.admin | {"If-Match": "*"}, json=prices)).status == 200
    assert (await web.post(PATH, body(userId=id))).status == 429
    assert (await web.post(PATH, body())).status == 200


async def test_what_is_said_to_baton_reaches_the_ledger(web: Web) -> None:
    """Use case, agent and context are recorded; a header beats the body."""
    fields = {"useCase": "chat", "agent": "research", "contextMetadata": {"page": "home", "step": 2}}
    headers = web.baton.admin | {"x-baton-agent": "critique", "x-baton-tags": "team=blue"}
    answer = (await web.post(PATH, body(**fields), headers)).json
    print(answer)
    row = (await web.get(f"/api/interactions/{answer['id']}")).json
    assert (row["useCase"], row["agent"]) == ("chat", "critique")
    assert (row["contextMetadata"], row["tags"]) == (fields["contextMetadata"], {"team": "blue"})


async def test_hints_narrow_the_choice(web: Web) -> None:
    """An excluded provider does not serve; a capability nobody has is 422 with the reasons."""
    chat = {"messages": [{"role": "user", "content": "hi"}]}
    reply = await web.post(PATH, chat | {"requireCapabilities": ["telepathy"]})
    assert (reply.status, reply.json["code"]) == (422, "no_model_available")
    assert "telepathy" in reply.json["reasons"]["simulated/echo"]
    excluded = await web.post(PATH, chat | {"excludeProviders": ["simulated"]})
    assert excluded.json["reasons"]["simulated/echo"] == "its provider is excluded"


async def test_a_failing_provider_is_told_with_the_attempts(web: Web) -> None:
    """A problem document with each attempt, and whether asking again helps."""
    headers = web.baton.admin | {"x-baton-max-retries": "1"}
    reply = await web.post(PATH, body(model="simulated/echo;fault=500"), headers)
    assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
    attempts = reply.json["attempts"]
    assert [attempt["model"] for attempt in attempts] == ["simulated/echo;fault=500"] * 2
    assert {attempt["reason"] for attempt in attempts} == {"provider_error"}


async def test_a_rate_limit_says_when_to_come_back(web: Web) -> None:
    """429 with `retry-after`, in whole seconds."""
    headers = web.baton.admin | {"x-baton-max-retries": "0"}
    model = "simulated/echo;fault=429;retry_after=7;retry_form=seconds"
    reply = await web.post(PATH, body(model=model), headers)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": "x", "toolCalls": [CALL]}]}, "messages[0]"),
        ({"messages": [{"role": "assistant", "toolCalls": [CALL, CALL]}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "x", "colour": 1}]}, "messages[0].colour"),
        ({"responseFormat": {"type": "json_schema"}}, "responseFormat"),
        ({"temperature": 3}, "temperature"),
        ({"tools": [{}]}, "tools[0].name"),
        ({"model": ""}, "model"),
    ],
)  # fmt: skip
@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_field_is_named(shared: Web, wrong: dict[str, Any], field: str) -> None:
    """400 with the path of the field; no provider is asked."""
    reply = await shared.post(PATH, body() | wrong)
    assert reply.status == 400
    assert any(each["field"].startswith(field) for each in reply.json["errors"]), reply.json["errors"]
    assert shared.baton.app.simulation.calls.count() == 0


async def test_a_client_that_leaves_ends_the_call(web: Web) -> None:
    """The provider's call is cancelled when the client goes, and the ledger has it."""
    calls = web.baton.app.simulation.calls
    waiting = asyncio.create_task(web.post(PATH, body(model="simulated/echo;latency=60000")))
    while calls.count() == 0:  # noqa: ASYNC110 (what it waits for has no event)
        await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(5):
        await calls.settled()
    assert calls.last[-1].outcome is Outcome.GONE
    (row,) = (await web.get("/api/interactions?status=cancelled")).json["interactions"]
    assert row["httpStatus"] is None


async def test_an_answer_is_told_as_text(web: Web) -> None:
    """Whatever the model says, quotes and line ends included, comes back unharmed."""
    said = 'She said "no"\n\n\u2028 – 日本 \\ {"a": 1}'
    web.baton.app.simulation.rules.set("lorem", Rule(behaves="lorem", says=said))
    assert (await web.post(PATH, body(model="simulated/lorem"))).json["content"] == said
