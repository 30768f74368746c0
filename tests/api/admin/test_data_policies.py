"""`/api/admin/ai/data-policies`, and the requests that rely on it."""

import pytest

from tests.api.conftest import Web

PATH = "/api/admin/ai/data-policies"
OPENAI = PATH + "/openai"
CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
NOTHING = {
    "local": False,
    "trainsOnData": None,
    "retentionDays": None,
    "agreementSigned": False,
    "region": None,
}


async def test_a_policy_is_stated_changed_taken_back_and_brought_back(web: Web) -> None:
    """Guarded by its revision, audited, and shown as it is in force."""
    shown = await web.get(OPENAI)
    assert (
        shown.json == {"provider": "openai", "configured": False, "stated": False, "revision": None} | NOTHING
    )
    said = {"trainsOnData": False, "retentionDays": 30, "agreementSigned": True, "region": "eu"}
    put = await web.ask("PUT", OPENAI, json=said)
    assert (put.status, put.json["stated"], put.json["region"], put.headers["etag"]) == (
        200,
        True,
        "eu",
        '"1"',
    )
    assert (await web.ask("PUT", OPENAI, json=said)).status == 428
    match = web.baton.admin | {"If-Match": '"1"'}
    changed = await web.ask("PUT", OPENAI, match, json={"local": True})
    assert (changed.json["local"], changed.json["trainsOnData"], changed.json["revision"]) == (True, None, 2)
    gone = await web.ask("DELETE", OPENAI, web.baton.admin | {"If-Match": '"2"'})
    assert (gone.status, (await web.get(OPENAI)).json["stated"]) == (204, False)
    undo = web.baton.admin | {"If-Match": gone.headers["etag"]}
    assert (await web.ask("POST", OPENAI + "/undo", undo)).json["local"] is True
    entries = (await web.get("/api/admin/audit?kind=data_policies&key=openai")).json["entries"]
    assert len(entries) == 4


async def test_every_provider_is_listed(web: Web) -> None:
    """Of what is part of Baton it is known, of the others nothing is, wherever they run."""
    listed = {each["provider"]: each for each in (await web.get(PATH)).json["policies"]}
    assert (listed["simulated"]["local"], listed["simulated"]["stated"]) == (True, False)
    assert {name for name, each in listed.items() if each["local"]} == {"simulated"}
    assert {name for name, each in listed.items() if each["stated"]} == set()
    assert {"openai", "anthropic"} <= set(listed)
    assert list(listed) == sorted(listed)


async def test_what_cannot_be_stated_is_refused_by_its_field(web: Web) -> None:
    """Nor is there a policy of nobody."""
    for field, value in (
        ("region", "Europe!"),
        ("retentionDays", -1),
        ("trains", True),
        ("trainsOnData", "no"),
    ):
        refused = await web.ask("PUT", OPENAI, json={field: value})
        assert (refused.status, refused.json["errors"][0]["field"]) == (400, field)
    assert (await web.ask("PUT", PATH + "/nobody", json={})).status == 404
    assert (await web.get(PATH + "/nobody")).status == 404


async def test_a_request_is_served_by_who_states_what_it_requires(web: Web) -> None:
    """By header, in the `baton` object and natively; a change counts from the next request on."""
    local = web.baton.admin | {"x-baton-data-needs": "local, no-training"}
    assert (await web.post("/v1/chat/completions", CHAT, local)).status == 200
    far = web.baton.admin | {"x-baton-data-needs": "region:eu"}
    refused = await web.post("/v1/chat/completions", CHAT, far)
    assert (refused.status, refused.json["error"]["code"]) == (422, "no_model_available")
    assert "stays in eu" in refused.json["error"]["message"]
    body = CHAT | {"baton": {"dataNeeds": ["region:eu"]}}
    assert (await web.post("/v1/chat/completions", body)).status == 422
    assert (await web.post("/api/ai/v2/chat", CHAT | {"dataNeeds": ["region:eu"]})).status == 422
    assert (
        await web.post("/api/ai/v2/route-suggest", {"prompt": "x", "dataNeeds": ["region:eu"]})
    ).status == 422
    await web.ask("PUT", PATH + "/simulated", json={"region": "eu-central-1"})
    served = await web.post("/v1/chat/completions", CHAT, far)
    assert served.status == 200
    receipt = await web.get(f"/api/interactions/{served.headers['x-request-id']}/receipt")
    assert "Its provider meets region:eu" in receipt.json["choice"]["reasoning"]
    assert (await web.post("/v1/chat/completions", CHAT, local)).status == 422


async def test_what_is_said_in_two_places_holds_together(web: Web) -> None:
    """A header takes nothing away of what the body requires, nor a request of what its project does, nor one
    line of a header of another."""
    await web.ask("PUT", PATH + "/simulated", json={"local": True})
    chat = "/v1/chat/completions"
    no_training = web.baton.admin | {"x-baton-data-needs": "no-training"}
    assert (await web.post(chat, CHAT | {"baton": {"dataNeeds": ["local"]}})).status == 200
    assert (await web.post(chat, CHAT | {"baton": {"dataNeeds": ["no-training"]}})).status == 422
    local = web.baton.admin | {"x-baton-data-needs": "local"}
    assert (await web.post(chat, CHAT | {"baton": {"dataNeeds": ["no-training"]}}, local)).status == 422
    assert (await web.post(chat, CHAT | {"baton": {"dataNeeds": ["local"]}}, no_training)).status == 422
    project = (await web.ask("POST", "/api/projects", json={"name": "P", "dataNeeds": ["no-training"]})).json[
        "id"
    ]
    assert (await web.post(chat, CHAT, local | {"x-baton-project": project})).status == 422
    twice = [*web.baton.admin.items(), ("x-baton-data-needs", "no-training"), ("x-baton-data-needs", "local")]
    for headers in (twice, [*reversed(twice)]):
        async with web.session.post(web.baton.url + chat, json=CHAT, headers=headers) as answer:
            assert answer.status == 422


@pytest.mark.parametrize("blank", ["", " ", ",", " , "])
async def test_an_empty_header_is_refused(web: Web, blank: str) -> None:
    """It could be a variable that was not set."""
    empty = web.baton.admin | {"x-baton-data-needs": blank}
    assert (await web.post("/v1/chat/completions", CHAT, empty)).status == 400
    body = CHAT | {"baton": {"dataNeeds": ["local"]}}
    assert (await web.post("/v1/chat/completions", body, empty)).status == 400


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("x-baton-data-policy", {}),
        ("x-baton-dataneeds", {}),
        ("x-baton-data-policies", {}),
        (None, {"baton": {"data_needs": ["local"]}}),
        (None, {"baton": {"dataPolicy": ["local"]}}),
    ],
)
async def test_another_spelling_is_refused(web: Web, header: str | None, body: dict[str, object]) -> None:
    """Options that are not known are dropped; not one that would have kept something at home."""
    headers = web.baton.admin if header is None else web.baton.admin | {header: "local"}
    refused = await web.post("/v1/chat/completions", CHAT | body, headers)
    assert (refused.status, "data-needs" in refused.json["error"]["message"]) == (400, True)
    native = await web.post("/api/ai/v2/chat", CHAT | {"data_needs": ["local"]})
    assert native.status == 400


async def test_a_project_is_meant_however_it_is_written(web: Web) -> None:
    """By its name as a label, with blanks around its id: held to what it requires; in other forms it is not
    there."""
    made = await web.ask("POST", "/api/projects", json={"name": "Patients", "dataNeeds": ["region:eu"]})
    project, chat = made.json["id"], "/v1/chat/completions"
    for word, status in (
        (project, 422),
        (f" {project} ", 422),
        ("Patients", 422),
        ("patients", 422),
        (project.replace("-", ""), 404),
        (f"{{{project}}}", 404),
        (f"urn:uuid:{project}", 404),
        ("", 400),
        ("something else", 200),
    ):
        reply = await web.post(chat, CHAT | {"baton": {"project": word}})
        assert reply.status == status, (word, reply.body)


async def test_a_word_that_means_nothing_is_refused(web: Web) -> None:
    """And not passed over: whoever wrote it relies on it."""
    slip = web.baton.admin | {"x-baton-data-needs": "no_training"}
    refused = await web.post("/v1/chat/completions", CHAT, slip)
    assert (refused.status, "no-training" in refused.json["error"]["message"]) == (400, True)
    native = await web.post("/api/ai/v2/route-suggest", {"prompt": "x", "dataNeeds": ["eu"]})
    assert native.status == 400


async def test_a_project_requires_it_of_all_that_is_asked_for_it(web: Web) -> None:
    """Whatever its requests say; they may only require more."""
    made = await web.ask("POST", "/api/projects", json={"name": "Lisbon", "dataNeeds": ["Local"]})
    assert (made.status, made.json["dataNeeds"]) == (201, ["local"])
    project = {"x-baton-project": made.json["id"]}
    chat = "/v1/chat/completions"
    assert (await web.post(chat, CHAT, web.baton.admin | project)).status == 200
    path = f"/api/projects/{made.json['id']}"
    match = web.baton.admin | {"If-Match": "*"}
    stricter = await web.ask("PATCH", path, match, json={"dataNeeds": ["local", "region:eu"]})
    assert stricter.json["dataNeeds"] == ["local", "region:eu"]
    assert (await web.post(chat, CHAT, web.baton.admin | project)).status == 422
    assert (
        await web.post("/api/ai/v2/route-suggest", {"prompt": "x", "projectId": made.json["id"]})
    ).status == 422
    assert (await web.post(chat, CHAT)).status == 200
    renamed = await web.ask("PATCH", path, match, json={"name": "Porto"})
    assert renamed.json["dataNeeds"] == ["local", "region:eu"]
    assert (await web.ask("PATCH", path, match, json={"dataNeeds": []})).json["dataNeeds"] == []
    assert (await web.post(chat, CHAT, web.baton.admin | project)).status == 200
    wrong = await web.ask("PATCH", path, match, json={"dataNeeds": ["anywhere"]})
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, "dataNeeds")
