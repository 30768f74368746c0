"""`/api/admin/users`."""

from typing import Any

from tests.api.conftest import Web
from tests.conftest import bearer

USERS = "/api/admin/users"
KEYS = "/api/admin/keys"
CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}


async def made(web: Web, **more: Any) -> dict[str, Any]:
    reply = await web.post(USERS, {"name": "Ada", **more})
    assert reply.status == 201, reply.json
    return reply.json


async def change(web: Web, user: dict[str, Any], body: Any, match: str | None = "*") -> Any:
    headers = web.baton.admin | ({} if match is None else {"If-Match": match})
    return await web.ask("PATCH", f"{USERS}/{user['id']}", headers, json=body)


async def test_a_user_is_changed_under_its_tag(web: Web) -> None:
    """What is said changes, what is not stays, null takes away; no tag is 428, a stale one 412."""
    user = await made(web, email="Ada@example.org", locale="en-GB", subject="sso|1")
    assert (user["email"], user["locale"], user["subject"]) == ("ada@example.org", "en-GB", "sso|1")
    one = await web.get(f"{USERS}/{user['id']}")
    assert (one.headers["etag"], one.json) == ('"1"', user)
    changed = await change(web, user, {"tier": "Premium", "locale": None}, '"1"')
    assert changed.json == user | {"tier": "expert", "locale": None, "revision": 2}
    assert changed.headers["etag"] == '"2"'
    assert (await change(web, user, {"name": "B"}, '"1"')).status == 412
    assert (await change(web, user, {"name": "B"}, None)).status == 428


async def test_what_cannot_be_is_refused_by_field(web: Web) -> None:
    """Nulls where there is no nothing, wrong words, another's address."""
    await made(web, email="taken@example.org")
    user = await made(web)
    for body, field in (
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "\0"}, "name"),
        ({"tier": None}, "tier"),
        ({"tier": "royal"}, "tier"),
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles[0]"),
        ({"disabled": None}, "disabled"),
        ({"email": "nowhere"}, "email"),
        ({"locale": "?"}, "locale"),
        ({"shoeSize": 39}, "shoeSize"),
    ):
        reply = await change(web, user, body)
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, field), body
    taken = await change(web, user, {"email": "taken@example.org"})
    assert (taken.status, taken.json["code"]) == (409, "email_taken")


async def test_a_disabled_users_key_is_a_strangers(web: Web) -> None:
    """From the answer on, on every route, and good again once they are enabled."""
    user = await made(web)
    key = (await web.post(KEYS, {"name": "k", "userId": user["id"]})).json["key"]
    assert (await web.get("/api/me", bearer(key))).json["id"] == user["id"]
    off = await change(web, user, {"disabled": True})
    assert off.json["disabledAt"].endswith("Z")
    assert (await web.get("/api/me", bearer(key))).status == 401
    assert (await web.ask("POST", "/v1/chat/completions", bearer(key), json=CHAT)).status == 401
    await change(web, user, {"disabled": False})
    assert (await web.ask("POST", "/v1/chat/completions", bearer(key), json=CHAT)).status == 200


async def test_the_first_admin_cannot_be_locked_out(web: Web) -> None:
    """Nor by themselves: 409, and they go on."""
    me = {"id": (await web.get("/api/me")).json["id"]}
    for body in ({"disabled": True}, {"roles": ["user"]}):
        reply = await change(web, me, body)
        assert (reply.status, reply.json["code"]) == (409, "first_admin")
    gone = await web.ask("DELETE", f"{USERS}/{me['id']}", web.baton.admin | {"If-Match": "*"})
    assert (gone.status, gone.json["code"]) == (409, "first_admin")
    assert (await web.get(USERS)).status == 200


async def test_only_who_asked_nothing_is_deleted(web: Web) -> None:
    """Disabled first; whom the ledger names stays, and it says so."""
    quiet, busy = await made(web), await made(web)
    key = (await web.post(KEYS, {"name": "k", "userId": busy["id"]})).json["key"]
    assert (await web.ask("POST", "/v1/chat/completions", bearer(key), json=CHAT)).status == 200
    match = web.baton.admin | {"If-Match": "*"}
    refused = await web.ask("DELETE", f"{USERS}/{quiet['id']}", match)
    assert (refused.status, refused.json["code"]) == (409, "user_enabled")
    for user in (quiet, busy):
        await change(web, user, {"disabled": True})
    assert (await web.ask("DELETE", f"{USERS}/{quiet['id']}", match)).status == 204
    assert (await web.get(f"{USERS}/{quiet['id']}")).status == 404
    refused = await web.ask("DELETE", f"{USERS}/{busy['id']}", match)
    assert (refused.status, refused.json["code"]) == (409, "user_in_ledger")


async def test_users_are_looked_for_page_by_page(web: Web) -> None:
    """Search, filters and pages together; a cursor of nobody's is 400."""
    for number in range(5):
        await made(web, name=f"robot {number}", roles=["user", "reviewer"] if number % 2 else ["user"])
    found: list[str] = []
    cursor = ""
    while True:
        reply = (await web.get(f"{USERS}?search=ROBOT&limit=2{cursor}")).json
        found += [user["name"] for user in reply["users"]]
        if reply["nextCursor"] is None:
            break
        cursor = f"&cursor={reply['nextCursor']}"
    assert found == [f"robot {number}" for number in range(5)]
    reviewers = (await web.get(f"{USERS}?role=reviewer")).json["users"]
    assert [user["name"] for user in reviewers] == ["robot 1", "robot 3"]
    assert (await web.get(f"{USERS}?disabled=true")).json["users"] == []
    assert (await web.get(f"{USERS}?tier=royal")).status == 400
    assert (await web.get(f"{USERS}?cursor=x")).status == 400
