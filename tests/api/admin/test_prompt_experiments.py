"""Experiments that compare versions of a prompt."""

import json
from typing import Any

from tests.api.conftest import Web

PROMPT = "/api/admin/ai/prompts/short"
EXPERIMENTS = "/api/admin/ai/experiments"
ONE = EXPERIMENTS + "/wording"
CHAT = "/v1/chat/completions"
ANY = {"If-Match": "*"}
HI = {"role": "user", "content": "Hi"}
ARMS: list[dict[str, Any]] = [
    {"name": "usual", "share": 50},
    {"name": "long", "share": 50, "prompt": "short@2"},
]


async def begun(web: Web, **fields: Any) -> None:
    """Two versions, the first in production, compared on everybody."""
    await web.ask("PUT", PROMPT, json={})
    for system in ("Be brief.", "Be long."):
        await web.post(PROMPT + "/versions", {"system": system, "model": "simulated/lorem"})
    await web.ask("PUT", PROMPT + "/labels/production", web.baton.admin | ANY, json={"version": 1})
    made = await web.ask("PUT", ONE, json={"arms": ARMS, "scope": {"prompts": ["short"]}} | fields)
    assert made.status == 200, made.json
    assert (await web.ask("POST", ONE + "/start", web.baton.admin | ANY)).status == 200


async def served(web: Web, headers: dict[str, str], prompt: str = "short", **fields: Any) -> dict[str, Any]:
    """The row of a request that is served with the prompt, and what the model was told."""
    body = {"model": "simulated/echo", "messages": [HI]} | fields
    reply = await web.post(CHAT, body, headers | {"x-baton-prompt": prompt})
    assert reply.status == 200, reply.body
    row = (await web.get(f"/api/interactions/{reply.headers['x-request-id']}")).json
    sent = json.loads(web.baton.app.simulation.calls.last[-1].body)
    return row | {"told": sent["messages"][0]["content"]}


async def test_each_user_has_the_version_of_their_arm(web: Web) -> None:
    """The same each time, whole and with `auto`, whoever names the model; it is what the row says."""
    await begun(web)
    told: dict[str, str] = {}
    for _ in range(12):
        headers = await web.baton.user()
        rows = [await served(web, headers), await served(web, headers, model="auto")]
        assert len({(row["arm"], row["prompt"], row["told"]) for row in rows}) == 1
        row = rows[0]
        assert (row["experiment"], row["prompt"]) == ("wording", f"short@{1 if row['arm'] == 'usual' else 2}")
        told[row["arm"]] = row["told"]
    assert told == {"usual": "Be brief.", "long": "Be long."}
    arms = (await web.get(ONE + "/results")).json["arms"]
    assert sum(each["requests"] for each in arms) == 24


async def test_who_names_a_version_takes_no_part(web: Web) -> None:
    """By number or by another label; nor do requests without the prompt."""
    await begun(web)
    await web.ask("PUT", PROMPT + "/labels/staging", web.baton.admin | ANY, json={"version": 2})
    for _ in range(4):
        headers = await web.baton.user()
        for prompt, version in (("short@1", 1), ("short@staging", 2), ("off", None)):
            row = await served(web, headers, prompt)
            assert (row["experiment"], row["prompt"]) == (None, version and f"short@{version}")


async def test_a_winner_comes_into_production(web: Web) -> None:
    """By moving the label, which can be undone; the experiment stops."""
    await begun(web)
    done = await web.ask("POST", ONE + "/promote", web.baton.admin | ANY, json={"arm": "long"})
    assert (done.status, done.json["prompts"][0]["name"], done.json["rules"]) == (200, "short", [])
    assert (await web.get(PROMPT)).json["labels"] == {"production": 2}
    row = await served(web, await web.baton.user())
    assert (row["experiment"], row["told"]) == (None, "Be long.")
    undone = await web.ask("POST", PROMPT + "/undo", web.baton.admin | ANY)
    assert undone.json["labels"] == {"production": 1}


async def test_what_cannot_be_compared_is_refused(web: Web) -> None:
    """A version that is not there, two prompts, a prompt beside models, a scope without arms and arms without
    a scope."""
    await begun(web)
    models = {"name": "other", "share": 10, "models": ["simulated/echo"]}
    for arms, prompts in (
        ([ARMS[0], ARMS[1] | {"prompt": "short@9"}], ["short"]),
        ([ARMS[0], ARMS[1] | {"prompt": "research@1"}], ["short"]),
        ([ARMS[0], {**models, "share": 50}], ["short"]),
        ([{**ARMS[0], "share": 40}, ARMS[1], models], ["short"]),
        (ARMS, []),
    ):
        refused = await web.ask(
            "PUT", ONE, web.baton.admin | ANY, json={"arms": arms, "scope": {"prompts": prompts}}
        )
        assert refused.status == 400, refused.json
