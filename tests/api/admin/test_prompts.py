"""`/api/admin/ai/prompts` and `/personas`, and the requests that are served with them."""

import json
from typing import Any

import pytest

from tests.api.conftest import Reply, Web

PATH = "/api/admin/ai/prompts"
PERSONAS = "/api/admin/ai/personas"
ONE = PATH + "/short"
CHAT = "/v1/chat/completions"
ANY = {"If-Match": "*"}
HI = {"role": "user", "content": "Hi"}


async def made(web: Web, *systems: str, **fields: Any) -> None:
    """A prompt `short`, a version for each text, the first in production."""
    assert (await web.ask("PUT", ONE, json={"description": "In short."})).status == 200
    for system in systems:
        reply = await web.post(ONE + "/versions", {"system": system, **fields})
        assert reply.status == 201, reply.json
    await labelled(web, "production", 1)


async def labelled(web: Web, label: str, version: int) -> Reply:
    return await web.ask("PUT", f"{ONE}/labels/{label}", web.baton.admin | ANY, json={"version": version})


async def asked(web: Web, *, status: int = 200, **headers: str) -> Reply:
    """A chat with headers of Baton's own."""
    body = {"model": "simulated/echo", "messages": [HI]}
    named = {f"x-baton-{name.replace('_', '-')}": value for name, value in headers.items()}
    reply = await web.post(CHAT, body, web.baton.admin | named)
    assert reply.status == status, reply.body
    return reply


def sent(web: Web) -> dict[str, Any]:
    """What the provider was sent last."""
    return json.loads(web.baton.app.simulation.calls.last[-1].body)


async def test_versions_are_made_and_never_changed(web: Web) -> None:
    """Numbered from 1; a label means one of them, and going back is moving it back."""
    await made(web, "Be brief.", "Be very brief.")
    assert (await labelled(web, "staging", 2)).json["labels"] == {"production": 1, "staging": 2}
    shown = (await web.get(ONE)).json
    assert [(each["version"], each["labels"]) for each in shown["versions"]] == [
        (2, ["staging"]),
        (1, ["production"]),
    ]
    await asked(web, prompt="short")
    assert sent(web)["messages"] == [{"role": "system", "content": "Be brief."}, HI]
    await asked(web, prompt="short@staging")
    assert sent(web)["messages"][0]["content"] == "Be very brief."
    await labelled(web, "production", 2)
    await asked(web, prompt="short")
    assert sent(web)["messages"][0]["content"] == "Be very brief."
    undone = await web.ask("POST", ONE + "/undo", web.baton.admin | ANY)
    assert undone.json["labels"]["production"] == 1
    assert (await web.get(ONE + "/versions/production")).json["system"] == "Be brief."
    entries = (await web.get("/api/admin/audit?kind=prompt_versions&key=short@1")).json["entries"]
    assert [each["action"] for each in entries] == ["create"]


async def test_a_request_is_recorded_with_its_version(web: Web) -> None:
    """Found by it, added up by it, and told with the version."""
    await made(web, "Be brief.")
    first = await asked(web, prompt="short", persona="mira")
    await asked(web, prompt="short@1")
    await asked(web)
    row = (await web.get(f"/api/interactions/{first.headers['x-request-id']}")).json
    assert (row["prompt"], row["persona"]) == ("short@1", "mira")
    await web.post(f"/api/interactions/{row['id']}/feedback", {"score": 4})
    found = (await web.get("/api/interactions?prompt=short@1")).json["interactions"]
    assert len(found) == 2
    shares = (await web.get("/api/v1/usage/breakdown?groupBy=prompt")).json["breakdown"]
    assert {each["key"]: each["count"] for each in shares} == {"short@1": 2, "none": 1}
    served = (await web.get(ONE)).json["versions"][0]["served"]
    assert (served["requests"], served["failed"], served["score"], served["judged"]) == (2, 0, 4.0, 1)
    assert served["tokens"] > 0


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        (CHAT, {"messages": [HI]}, lambda body: body["messages"][0]["content"]),
        ("/v1/messages", {"messages": [HI], "max_tokens": 50}, lambda body: body["messages"][0]["content"]),
        ("/v1/responses", {"input": "Hi"}, lambda body: body["messages"][0]["content"]),
        ("/api/ai/v2/chat", {"messages": [HI]}, lambda body: body["messages"][0]["content"]),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_dialect_is_served_with_it(
    web: Web, path: str, body: dict[str, Any], where: Any, stream: bool
) -> None:
    """Whole and streamed, with a variable's value from the body or a header."""
    await made(web, "Speak {{language}}.", variables=[{"name": "language", "default": "English"}])
    said = {"model": "simulated/echo", "stream": stream, **body}
    headers = {"x-baton-prompt": "short", "x-baton-variables": '{"language": "Greek"}'}
    assert (await web.post(path, said, web.baton.admin | headers)).status == 200
    assert "Speak Greek." in web.baton.app.simulation.calls.last[-1].body
    row = (await web.get("/api/interactions?limit=1")).json["interactions"][0]
    assert row["prompt"] == "short@1"
    if path == CHAT:
        own = {"prompt": "short@1", "variables": {"language": "Dutch"}}
        assert (await web.post(path, said | {"baton": own})).status == 200
        assert where(sent(web)) == "Speak Dutch."


async def test_what_a_version_carries_holds_where_the_request_says_nothing(web: Web) -> None:
    """The model for `auto`, the temperature, and how long the answer may be."""
    await made(web, "Be brief.", model="simulated/lorem", temperature=0.3, maxTokens=7)
    headers = web.baton.admin | {"x-baton-prompt": "short"}
    reply = await web.post(CHAT, {"model": "auto", "messages": [HI]}, headers)
    assert reply.json["model"] == "lorem"
    assert (sent(web)["temperature"], sent(web)["max_tokens"]) == (0.3, 7)
    receipt = (await web.get(f"/api/interactions/{reply.headers['x-request-id']}/receipt")).json
    assert (receipt["choice"]["source"], "prompt short@1" in receipt["choice"]["reasoning"]) == (
        "prompt",
        True,
    )
    own = {"model": "simulated/echo", "messages": [HI], "temperature": 1, "max_tokens": 9}
    await web.post(CHAT, own, headers)
    assert (sent(web)["temperature"], sent(web)["max_tokens"]) == (1, 9)
    counted = {"model": "claude-sonnet-4-5", "messages": [HI]}
    plain = await web.post("/v1/messages/count_tokens", counted | {"model": "simulated/echo"})
    longer = await web.post("/v1/messages/count_tokens", counted | {"model": "simulated/echo"}, headers)
    assert longer.json["input_tokens"] > plain.json["input_tokens"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"prompt": "nothing"}, 404, "prompt_not_found"),
        ({"prompt": "short@7"}, 404, "prompt_not_found"),
        ({"persona": "nobody"}, 404, "persona_not_found"),
        ({"prompt": "research"}, 400, "missing_variable"),
        ({"prompt": "short", "variables": '{"x": "y"}'}, 400, "unknown_variable"),
        ({"prompt": "short", "variables": "x"}, 400, None),
        ({"prompt": "short", "variables": '{"x": 1}'}, 400, None),
    ],
)
async def test_what_cannot_be_served_is_refused(
    web: Web, headers: dict[str, str], status: int, code: str | None
) -> None:
    """Before anything is sent, in the caller's dialect."""
    await made(web, "Be brief.")
    before = len(web.baton.app.simulation.calls.last)
    refused = await asked(web, status=status, **headers)
    assert code is None or refused.json["error"]["code"] == code
    assert len(web.baton.app.simulation.calls.last) == before


async def test_an_answer_is_not_given_again_under_another_version(web: Web) -> None:
    """Natively and in other dialects: what was kept belongs to what was said."""
    await made(web, "Be brief.", "Be long.")
    for path in (CHAT, "/api/ai/v2/chat"):
        body = {"model": "simulated/echo", "messages": [HI]}
        headers = web.baton.admin | {"x-baton-prompt": "short", "x-baton-cache": "exact"}
        await labelled(web, "production", 1)
        verdicts = [(await web.post(path, body, headers)).headers["x-baton-cache"] for _ in range(2)]
        await labelled(web, "production", 2)
        verdicts.append((await web.post(path, body, headers)).headers["x-baton-cache"])
        assert verdicts == ["miss", "hit", "miss"]


async def test_versions_are_compared_rendered_and_tried(web: Web) -> None:
    """With samples where nothing is said; a try is a call of the admin's own."""
    variables = [{"name": "tone", "sample": "kindly"}]
    await made(web, "Speak {{tone}}.", "Speak {{tone}}.\nAlways.", variables=variables)
    diff = (await web.get(ONE + "/diff?before=1&after=2")).json
    assert ("+Always." in diff["system"], diff["user"], diff["fields"]) == (True, [], [])
    rendered = await web.post(ONE + "/versions/2/render", {"variables": {"tone": "slowly"}})
    assert rendered.json == {"prompt": "short@2", "system": "Speak slowly.\nAlways.", "user": ""}
    tried = (await web.post(ONE + "/versions/production/test", {"input": "ping"})).json
    assert (tried["ok"], "ping" in tried["content"]) == (True, True)
    assert "Speak kindly." in web.baton.app.simulation.calls.last[-1].body
    row = (await web.get(f"/api/interactions/{tried['interactionId']}")).json
    assert row["prompt"] == "short@1"


async def test_what_could_not_be_served_cannot_be_set(web: Web) -> None:
    """A label of no version, a use case whose requests would lack a value, or that another prompt has."""
    await made(web, "Speak {{tone}}.", variables=[{"name": "tone"}])
    put = web.baton.admin | ANY
    for body, field in (
        ({"labels": {"production": 5}}, "labels.production"),
        ({"labels": {"production": 1}, "useCases": ["mail"]}, "useCases"),
        ({"useCases": ["mail"]}, "labels"),
        ({"labels": {"3": 1}}, "labels.3.[key]"),
    ):
        refused = await web.ask("PUT", ONE, put, json=body)
        assert (refused.status, refused.json["errors"][0]["field"]) == (400, field)
    await web.post(ONE + "/versions", {"system": "Speak."})
    bound = {"labels": {"production": 2}, "useCases": ["mail"]}
    assert (await web.ask("PUT", ONE, put, json=bound)).status == 200
    await asked(web, use_case="mail")
    assert sent(web)["messages"][0]["content"] == "Speak."
    await asked(web, use_case="mail", prompt="off")
    assert sent(web)["messages"] == [HI]
    assert (await labelled(web, "production", 1)).status == 400
    other = await web.ask("PUT", PATH + "/critique", put, json=bound | {"labels": {"production": 1}})
    assert other.status == 400
    assert (await web.post(PATH + "/nothing/versions", {"system": "x"})).status == 404
    assert (await web.post(ONE + "/versions", {"system": "{{x}}"})).status == 400
    assert (await web.post(ONE + "/versions", {"system": "x", "model": "no/such"})).status == 400


async def test_a_persona_answers_where_it_is_bound(web: Web) -> None:
    """Before the caller's own instructions, whichever model speaks, unless the request wants none."""
    await asked(web, use_case="mira_evening")
    told = sent(web)["messages"][0]["content"]
    assert told.startswith("You are Mira")
    await asked(web, use_case="greeting", persona="off")
    assert sent(web)["messages"] == [HI]
    otto = {"title": "Otto", "voice": "You are Otto.", "does": ["Cite."], "useCases": ["mira_evening"]}
    assert (await web.ask("PUT", PERSONAS + "/otto", json=otto)).status == 200
    await asked(web, use_case="mira_evening")
    assert sent(web)["messages"][0]["content"] == "You are Otto.\n\nAlways:\n- Cite."
    assert (await web.ask("PUT", PERSONAS + "/otto", json=otto)).status == 428
    listed = (await web.get(PERSONAS)).json["personas"]
    assert [each["name"] for each in listed] == ["mira", "otto"]
    gone = await web.ask("DELETE", PERSONAS + "/otto", web.baton.admin | ANY)
    assert gone.status == 204
    await asked(web, use_case="mira_evening")
    assert sent(web)["messages"][0]["content"].startswith("You are Mira")
