"""`/api/me`: oneself, and one's own keys."""

import asyncio
from typing import Any

import pytest

from baton.access.identity.entities import KeyWish, UserWish
from tests.api.conftest import Web
from tests.conftest import MAKER, StartBaton, bearer

KEYS = "/api/me/keys"
ADMIN_KEYS = "/api/admin/keys"


async def own(web: Web, headers: dict[str, str], **body: Any) -> Any:
    return await web.ask("POST", KEYS, headers, json={"name": "mine", **body})


async def narrowed(web: Web, **body: Any) -> tuple[str, dict[str, str]]:
    """Another key of the first admin: its id and its headers."""
    made = (await web.post(ADMIN_KEYS, {"name": "narrow", "tier": None, **body})).json
    return made["id"], bearer(made["key"])


async def test_everybody_is_told_who_they_are(web: Web) -> None:
    """Their user and what this key may."""
    user = await web.baton.user("pro")
    me = (await web.get("/api/me", user)).json
    assert (me["name"], me["tier"], me["roles"]) == ("somebody", "pro", ["user"])
    assert "admin" not in me["scopes"]
    assert (me["models"], me["budget"], me["projects"]) == (None, None, [])
    plain = bearer((await own(web, user)).json["key"])
    assert (await web.get("/api/me", plain)).json["limits"] is None
    assert (await web.get("/api/me")).json["limits"]["unlimited"] is True


async def test_own_keys_are_made_renamed_rotated_and_revoked(web: Web) -> None:
    """All of it without an admin, and the list has them."""
    user = await web.baton.user("pro")
    made = await own(web, user)
    assert made.status == 201
    key = bearer(made.json["key"])
    assert (await web.get("/api/me", key)).json["tier"] == "pro"
    path = f"{KEYS}/{made.json['id']}"
    assert (await web.ask("PATCH", path, user, json={"name": "new"})).json["name"] == "new"
    rotated = await web.ask("POST", path + "/rotate", key, json={"overlapSeconds": 60})
    assert rotated.status == 200
    assert (await web.get("/api/me", bearer(rotated.json["key"]))).status == 200
    assert (await web.ask("DELETE", path, user)).json["revokedAt"] is not None
    assert (await web.get("/api/me", key)).status == 401
    names = [each["name"] for each in (await web.get(KEYS, user)).json["keys"]]
    assert names == ["test", "new"]
    assert [each["name"] for each in (await web.get(KEYS + "?active=true", user)).json["keys"]] == ["test"]


async def test_another_users_key_is_not_there(web: Web) -> None:
    """Neither named, rotated nor revoked, by nobody here, not by an admin either: theirs are elsewhere."""
    one, other = await web.baton.user(), await web.baton.user()
    theirs = (await own(web, other)).json["id"]
    for headers in (one, web.baton.admin):
        for method, path, body in (
            ("PATCH", f"{KEYS}/{theirs}", {"name": "x"}),
            ("POST", f"{KEYS}/{theirs}/rotate", {}),
            ("DELETE", f"{KEYS}/{theirs}", None),
        ):
            assert (await web.ask(method, path, headers, json=body)).status == 404
        assert theirs not in [each["id"] for each in (await web.get(KEYS, headers)).json["keys"]]


@pytest.mark.parametrize(
    "narrow",
    [
        {"limits": {"requestsPerMinute": 5}},
        {"budget": {"usd": "1", "period": "month"}},
        {"models": ["simulated/echo"]},
        {"expiresAt": "2099-01-01T00:00:00Z"},
    ],
)
async def test_a_narrow_key_makes_no_wider_one(web: Web, narrow: dict[str, Any]) -> None:
    """What has limits, a budget, models or an end of its own makes no key that has none."""
    _, headers = await narrowed(web, **narrow)
    refused = await own(web, headers)
    assert (refused.status, refused.json["code"]) == (403, "key_is_narrowed")


async def test_a_key_that_a_budget_names_makes_none_that_it_does_not(web: Web) -> None:
    """A budget that an admin makes for one key is no less of a bound than what a key carries."""
    key_id, headers = await narrowed(web, scopes=["chat", "account"])
    assert (await own(web, headers)).status == 201
    budget = {"scope": "key", "subject": key_id, "period": "lifetime", "limitUsd": "1.00"}
    assert (await web.ask("PUT", "/api/admin/budgets/robot", json=budget)).status == 200
    refused = await own(web, headers)
    assert (refused.status, refused.json["code"]) == (403, "key_is_narrowed")


async def test_a_key_hands_on_no_scope_that_it_lacks(web: Web) -> None:
    """By default its own, never more; without `account` it makes none at all."""
    _, headers = await narrowed(web, scopes=["chat", "account", "read"])
    made = await own(web, headers)
    assert made.json["scopes"] == ["account", "chat", "read"]
    assert (await own(web, headers, scopes=["chat"])).json["scopes"] == ["chat"]
    refused = await own(web, headers, scopes=["admin"])
    assert (refused.status, refused.json["code"]) == (403, "scope_required")
    _, chat = await narrowed(web, scopes=["chat"])
    assert (await own(web, chat)).status == 403


async def test_a_key_of_a_lower_tier_makes_no_key_of_its_users(web: Web) -> None:
    """The tier of what asks is the tier of what is made."""
    _, headers = await narrowed(web, tier="free")
    made = (await own(web, headers)).json
    assert made["tier"] == "free"
    assert (await own(web, web.baton.admin)).json["tier"] is None


async def test_a_key_rotates_itself_only(web: Web) -> None:
    """The new secret of a wider key would be a theft."""
    key_id, headers = await narrowed(web, scopes=["account"])
    first = (await web.get("/api/me")).json["keyId"]
    refused = await web.ask("POST", f"{KEYS}/{first}/rotate", headers, json={})
    assert (refused.status, refused.json["code"]) == (403, "rotates_itself")
    assert (await web.ask("POST", f"{KEYS}/{key_id}/rotate", headers, json={})).status == 200


async def test_an_earlier_secret_serves_on_and_takes_nothing_over(web: Web) -> None:
    """In its overlap it chats and reads; the key, and all else that is changed, is the new one's alone."""
    key_id, old = await narrowed(web)
    admins = f"{ADMIN_KEYS}/{key_id}"
    new = bearer((await web.post(admins + "/rotate", {"overlapSeconds": 3600})).json["key"])
    mine = f"{KEYS}/{key_id}"
    for method, path, body in (
        ("POST", mine + "/rotate", {}),
        ("POST", KEYS, {"name": "another"}),
        ("PATCH", mine, {"name": "x"}),
        ("DELETE", mine, None),
        ("POST", admins + "/rotate", {}),
        ("POST", ADMIN_KEYS, {"name": "another"}),
        ("GET", "/api/admin/users", None),
    ):
        refused = await web.ask(method, path, old, json=body)
        assert (refused.status, refused.json["code"]) == (403, "secret_replaced"), path
    told = (await web.get("/api/me", old)).json
    assert (told["keyId"], {"account", "admin"} & {*told["scopes"]}) == (key_id, set())
    assert {"account", "admin"} < {*(await web.get("/api/me", new)).json["scopes"]}
    chat = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}
    assert (await web.ask("POST", "/v1/chat/completions", old, json=chat)).status == 200
    assert (await web.ask("POST", mine + "/rotate", new, json={"overlapSeconds": 60})).status == 200


async def test_changes_of_ones_own_are_requests(web: Web) -> None:
    """They count in the tier's limit, so that nobody has every process read its keys without end; a key is
    taken away whatever is used up."""
    identities = web.baton.app.store.identities
    owner = await identities.create_user(UserWish(name="somebody"), MAKER)
    user = bearer((await identities.create_key(KeyWish(name="test", user_id=owner.id), MAKER)).secret)
    made = await own(web, user)
    replies = [await own(web, user) for _ in range(12)]
    assert {reply.status for reply in replies[-3:]} == {429}
    assert sum(reply.status == 201 for reply in replies) < 10
    assert "retry-after" in replies[-1].headers
    assert (await web.get("/api/me", user)).status == 200
    assert (await web.ask("DELETE", f"{KEYS}/{made.json['id']}", user)).status == 200


async def test_a_user_has_so_many_keys_of_their_own_and_no_more(start_baton: StartBaton, web: Web) -> None:
    """Also of many asked for at once; a revoked one makes room, and an admin is not bound by it."""
    baton = await start_baton(max_own_keys=3)
    web = Web(baton, web.session)
    user = await baton.user("pro")
    made = await asyncio.gather(*(own(web, user) for _ in range(8)))
    assert sorted(reply.status for reply in made) == [201, 201] + [409] * 6
    assert {reply.json["code"] for reply in made if reply.status == 409} == {"too_many_keys"}
    [mine, *_] = [reply.json["id"] for reply in made if reply.status == 201]
    await web.ask("DELETE", f"{KEYS}/{mine}", user)
    assert (await own(web, user)).status == 201
    me = (await web.get("/api/me", user)).json["id"]
    assert (await web.post(ADMIN_KEYS, {"name": "one more", "userId": me})).status == 201
