"""`/api/admin/ai/prompts` and `/personas`, and the requests that are served with them."""

import asyncio
import json
from typing import Any

import pytest

from baton.upstream.providers.simulated.rules import Rule
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


async def plain(web: Web, *capabilities: str) -> str:
    """A simulated model that can do no more than this."""
    row = {"provider": "simulated", "name": "plain", "tierAccess": ["master"]}
    made = await web.post("/api/admin/ai/models", row | {"capabilities": ["text", *capabilities]})
    assert made.status == 201, made.json
    web.baton.app.simulation.rules.set_unknown(Rule(behaves="echo"))
    return "simulated/plain"


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
    await made(web, "Be brief.", model=await plain(web), temperature=0.3, maxTokens=7)
    headers = web.baton.admin | {"x-baton-prompt": "short"}
    reply = await web.post(CHAT, {"model": "auto", "messages": [HI]}, headers)
    assert reply.json["model"] == "plain"
    assert "x-baton-adjusted" not in reply.headers
    assert (sent(web)["temperature"], sent(web)["max_tokens"]) == (0.3, 7)
    receipt = (await web.get(f"/api/interactions/{reply.headers['x-request-id']}/receipt")).json
    assert (receipt["choice"]["source"], "prompt short@1" in receipt["choice"]["reasoning"]) == (
        "prompt",
        True,
    )
    own = {"model": "simulated/plain", "messages": [HI], "temperature": 1, "max_tokens": 9}
    await web.post(CHAT, own, headers)
    assert (sent(web)["temperature"], sent(web)["max_tokens"]) == (1, 9)
    counted = {"model": "claude-sonnet-4-5", "messages": [HI]}
    shorter = await web.post("/v1/messages/count_tokens", counted | {"model": "simulated/echo"})
    longer = await web.post("/v1/messages/count_tokens", counted | {"model": "simulated/echo"}, headers)
    assert longer.json["input_tokens"] > shorter.json["input_tokens"]


async def test_a_native_body_says_it_in_its_own_fields(web: Web) -> None:
    """Instructions join the body's own, the user's part comes before the conversation, and what the body says
    of sampling holds."""
    await made(
        web,
        "Speak {{language}}.",
        user="Dear {{who}},",
        variables=[{"name": "language"}, {"name": "who", "default": "model"}],
        temperature=0.3,
    )
    body = {
        "model": await plain(web),
        "systemPrompt": "Own.",
        "messages": [HI],
        "prompt": "short",
        "variables": {"language": "Greek"},
        "persona": "off",
    }
    assert (await web.post("/api/ai/v2/chat", body)).status == 200
    system, first, second = sent(web)["messages"]
    assert "".join(part["text"] for part in system["content"]) == "Speak Greek.\n\nOwn."
    assert [each["content"] for each in (first, second)] == ["Dear model,", "Hi"]
    assert sent(web)["temperature"] == 0.3
    await web.post("/api/ai/v2/chat", body | {"temperature": 1.0})
    assert sent(web)["temperature"] == 1.0
    await web.post("/api/ai/v2/chat", body | {"topP": 0.5})
    assert "temperature" not in sent(web)


async def test_what_is_put_in_is_not_repeated_to_the_caller(web: Web) -> None:
    """Responses repeat the caller's own instructions, and no others."""
    await made(web, "A house secret.")
    body = {"model": "simulated/echo", "input": "Hi", "instructions": "Own."}
    for stream in (False, True):
        reply = await web.post(
            "/v1/responses", body | {"stream": stream}, web.baton.admin | {"x-baton-prompt": "short"}
        )
        assert (reply.status, b"house secret" in reply.body) == (200, False)
        assert "A house secret." in web.baton.app.simulation.calls.last[-1].body


async def test_values_in_headers_are_utf8(web: Web) -> None:
    """As curl sends them; other bytes are refused."""
    await made(web, "Speak {{language}}.", variables=[{"name": "language"}])
    body = json.dumps({"model": "simulated/echo", "messages": [HI]})
    host, port = web.baton.url.removeprefix("http://").split(":")
    for value, status in (("Português".encode(), 200), ("Português".encode("latin-1"), 400)):
        reader, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {web.baton.key}\r\nx-baton-prompt: short\r\n"
            f"content-length: {len(body)}\r\n"
        )
        header = b'x-baton-variables: {"language": "' + value + b'"}\r\n'
        writer.write(head.encode() + header + b"\r\n" + body.encode())
        answer = await reader.read()
        writer.close()
        assert answer.split(b" ")[1] == str(status).encode(), answer[:300]
    assert "Speak Português." in sent(web)["messages"][0]["content"]


@pytest.mark.parametrize(("capabilities", "temperature"), [((), 0.3), (("reasoning",), None)])
async def test_models_that_think_are_given_no_temperature(
    web: Web, capabilities: tuple[str, ...], temperature: float | None
) -> None:
    """They refuse it, and nobody asked for one."""
    await made(web, "Be brief.", temperature=0.3)
    body = {"model": await plain(web, *capabilities), "messages": [HI]}
    reply = await web.post(CHAT, body, web.baton.admin | {"x-baton-prompt": "short"})
    assert (reply.status, sent(web).get("temperature")) == (200, temperature)


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


async def test_what_is_refused_was_a_request_all_the_same(web: Web) -> None:
    """It counts against the limit, or names could be tried without end."""
    made = await web.post("/api/admin/keys", {"name": "k", "limits": {"requestsPerMinute": 2}})
    user = {"Authorization": f"Bearer {made.json['key']}"}
    body = {"model": "simulated/echo", "messages": [HI]}
    statuses = [
        (await web.post(CHAT, body, user | {"x-baton-prompt": name})).status for name in ("a", "b", "c")
    ]
    assert statuses == [404, 404, 429]


async def test_an_answer_is_not_given_again_under_another_version(web: Web) -> None:
    """Natively and in other dialects: what was kept belongs to what was said."""
    await made(web, "Be brief.", "Be long.")
    await web.post(ONE + "/versions", {"system": "Be brief.", "maxTokens": 3})
    for path in (CHAT, "/api/ai/v2/chat"):
        body = {"model": "simulated/echo", "messages": [HI]}
        headers = web.baton.admin | {"x-baton-prompt": "short", "x-baton-cache": "exact"}
        await labelled(web, "production", 1)
        verdicts = [(await web.post(path, body, headers)).headers["x-baton-cache"] for _ in range(2)]
        await labelled(web, "production", 2)
        verdicts.append((await web.post(path, body, headers)).headers["x-baton-cache"])
        await labelled(web, "production", 3)  # the first one's words, for a shorter answer
        verdicts.append((await web.post(path, body, headers)).headers["x-baton-cache"])
        assert verdicts == ["miss", "hit", "miss", "miss"]
        same = {"x-baton-cache": "exact", "x-baton-cache-key": f"k{path}"}
        asked_for = ("mira", "off", "mira")
        keyed = [
            await web.post(path, body, web.baton.admin | same | {"x-baton-persona": each})
            for each in asked_for
        ]
        assert [each.headers["x-baton-cache"] for each in keyed] == ["miss", "miss", "hit"]
    poisoned = {"preface": {"system": "Be brief.", "prompt": "short@1"}, "enableCache": True}
    await labelled(web, "production", 1)
    await web.post("/api/ai/v2/chat", {"model": "simulated/echo", "messages": [HI]} | poisoned)
    honest = {"model": "simulated/echo", "messages": [{"role": "user", "content": "Hi"}], "enableCache": True}
    fresh = await web.post("/api/ai/v2/chat", honest | {"prompt": "short", "temperature": 0.5})
    assert fresh.headers["x-baton-cache"] == "miss"


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
    suggested = await web.post("/api/ai/v2/route-suggest", {"prompt": "x" * 400, "useCase": "mail"})
    plain = await web.post("/api/ai/v2/route-suggest", {"prompt": "x" * 400, "useCase": "other"})
    assert suggested.json["estimatedInputTokens"] > plain.json["estimatedInputTokens"]
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
