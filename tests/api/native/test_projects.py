"""`/api/projects` and `/api/admin/projects`."""

from typing import Any

import pytest

from tests.api.conftest import Web

PATH = "/api/projects"
ADMIN = "/api/admin/projects"
CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
UNKNOWN = "00000000-0000-7000-8000-000000000000"


async def somebody(web: Web) -> tuple[str, dict[str, str]]:
    headers = await web.baton.user()
    return (await web.get("/api/me", headers)).json["id"], headers


async def made(web: Web, headers: dict[str, str], name: str = "Lisbon") -> str:
    reply = await web.ask("POST", PATH, headers, json={"name": name})
    assert reply.status == 201
    return reply.json["id"]


async def test_whoever_makes_a_project_owns_it(web: Web) -> None:
    """It is theirs to see, rename and archive; nobody else's but an admin's."""
    ada, adas = await somebody(web)
    _, bobs = await somebody(web)
    path = f"{PATH}/{await made(web, adas)}"
    shown = await web.get(path, adas)
    assert shown.json["members"] == [{"userId": ada, "role": "owner"}]
    match = {"If-Match": shown.headers["etag"]}
    changed = await web.ask("PATCH", path, adas | match, json={"archived": True})
    assert (changed.json["name"], changed.json["revision"]) == ("Lisbon", 2)
    assert changed.json["archivedAt"] is not None
    assert (await web.ask("PATCH", path, adas | match, json={"name": "x"})).status == 412
    assert (await web.ask("PATCH", path, adas, json={"name": "x"})).status == 428
    assert (await web.get(path)).status == 200
    assert [each["id"] for each in (await web.get(PATH, adas)).json["projects"]] == [shown.json["id"]]
    assert (await web.get(PATH, bobs)).json["projects"] == []


@pytest.mark.parametrize(
    ("role", "sees", "changes"), [(None, 404, 404), ("viewer", 200, 403), ("member", 200, 403)]
)
async def test_each_role_may_what_it_may(web: Web, role: str | None, sees: int, changes: int) -> None:
    """Strangers find nothing there, viewers and members look, owners change."""
    _, adas = await somebody(web)
    bob, bobs = await somebody(web)
    path = f"{PATH}/{await made(web, adas)}"
    if role is not None:
        put = await web.ask("PUT", f"{path}/members/{bob}", adas, json={"role": role})
        assert {"userId": bob, "role": role} in put.json["members"]
    assert (await web.get(path, bobs)).status == sees
    match = {"If-Match": "*"}
    assert (await web.ask("PATCH", path, bobs | match, json={"name": "x"})).status == changes
    assert (await web.ask("PUT", f"{path}/members/{bob}", bobs, json={"role": "owner"})).status == changes
    left = await web.ask("DELETE", f"{path}/members/{bob}", bobs)
    assert left.status == (404 if role is None else 200)
    await web.ask("PUT", f"{path}/members/{bob}", adas, json={"role": "owner"})
    assert (await web.ask("PATCH", path, bobs | match, json={"name": "x"})).status == 200


async def test_an_admin_sees_to_everybodys(web: Web) -> None:
    """Lists, makes for somebody, changes, and cannot leave one without an owner."""
    ada, _ = await somebody(web)
    bob, _ = await somebody(web)
    project = (await web.post(ADMIN, {"name": "Denon", "ownerId": ada})).json
    path = f"{ADMIN}/{project['id']}"
    assert [each["id"] for each in (await web.get(f"{ADMIN}?member={ada}")).json["projects"]] == [
        project["id"]
    ]
    assert (await web.get(f"{ADMIN}?search=denon&archived=true")).json["projects"] == []
    refused = await web.ask("DELETE", f"{path}/members/{ada}")
    assert (refused.status, refused.json["code"]) == (409, "last_owner")
    await web.ask("PUT", f"{path}/members/{bob}", json={"role": "owner"})
    left = await web.ask("DELETE", f"{path}/members/{ada}")
    assert left.json["members"] == [{"userId": bob, "role": "owner"}]
    match = web.baton.admin | {"If-Match": "*"}
    assert (await web.ask("PATCH", path, match, json={"name": "D"})).json["name"] == "D"
    assert (await web.ask("PUT", f"{path}/members/{UNKNOWN}", json={})).status == 404
    assert (await web.post(ADMIN, {"name": "x", "ownerId": UNKNOWN})).status == 404


async def test_a_project_is_asked_for_by_who_works_in_it(web: Web) -> None:
    """On every route that asks a model; an unknown, foreign or archived one is a 404, a label is none."""
    _, adas = await somebody(web)
    bob, bobs = await somebody(web)
    project = await made(web, adas)

    async def asked(headers: dict[str, str], name: str) -> tuple[int, str | None]:
        reply = await web.ask("POST", "/v1/chat/completions", headers | {"x-baton-project": name}, json=CHAT)
        return reply.status, reply.json.get("error", {}).get("code")

    refused = (404, "project_not_found")
    assert await asked(adas, project) == (200, None)
    assert await asked(bobs, project) == refused
    assert await asked(web.baton.admin, project) == (200, None)
    assert await asked(bobs, UNKNOWN) == await asked(web.baton.admin, UNKNOWN) == refused
    assert await asked(adas, project.upper()) == refused
    assert await asked(bobs, "spring campaign") == (200, None)
    path = f"{PATH}/{project}"
    await web.ask("PUT", f"{path}/members/{bob}", adas, json={"role": "viewer"})
    assert await asked(bobs, project) == refused
    await web.ask("PUT", f"{path}/members/{bob}", adas, json={})
    assert await asked(bobs, project) == (200, None)
    await web.ask("PATCH", path, adas | {"If-Match": "*"}, json={"archived": True})
    assert await asked(adas, project) == await asked(web.baton.admin, project) == refused


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": "simulated/embedding", "input": "hi"}),
        ("/v1/messages", CHAT | {"max_tokens": 9}),
        ("/v1/messages/count_tokens", CHAT),
        ("/v1beta/models/simulated/echo:generateContent", {"contents": [{"parts": [{"text": "hi"}]}]}),
        ("/v1/chat/completions", CHAT | {"stream": True}),
        ("/api/ai/v2/chat", CHAT),
    ],
)
async def test_no_route_goes_past_it(web: Web, path: str, body: Any) -> None:
    """Whatever is asked, in whichever dialect; nothing was written down."""
    _, headers = await somebody(web)
    reply = await web.ask("POST", path, headers | {"x-baton-project": UNKNOWN}, json=body)
    assert reply.status == 404
    assert UNKNOWN in reply.body.decode()
    assert (await web.get("/api/interactions", headers)).json["interactions"] == []
