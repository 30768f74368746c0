"""`/api/admin/keys` and `/api/admin/users`."""

from datetime import UTC, datetime

from tests.api.conftest import Web
from tests.conftest import bearer

KEYS = "/api/admin/keys"
USERS = "/api/admin/users"


async def test_a_key_for_somebody(web: Web) -> None:
    """A new user with a new key may ask, and may not administer; the key is shown this once."""
    user = (await web.post(USERS, {"name": "Ada", "tier": "PREMIUM"})).json
    assert (user["tier"], user["roles"]) == ("expert", ["user"])
    made = await web.post(KEYS, {"name": "Ada's laptop", "userId": user["id"], "tier": "pro"})
    assert made.status == 201
    secret = made.json["key"]
    assert (made.json["tier"], made.json["revokedAt"]) == ("pro", None)
    assert (await web.get("/v1/models", bearer(secret))).status == 200
    assert (await web.get(KEYS, bearer(secret))).status == 403
    shown = await web.get(f"{KEYS}?user={user['id']}")
    assert [each["id"] for each in shown.json["keys"]] == [made.json["id"]]
    assert secret not in shown.body.decode()


async def test_a_key_without_a_tier_is_free(web: Web) -> None:
    """Decision 20: `free` unless given; null is its user's own; it belongs to whoever made it."""
    assert (await web.post(KEYS, {"name": "a"})).json["tier"] == "free"
    assert (await web.post(KEYS, {"name": "b", "tier": None})).json["tier"] is None
    me = (await web.get(USERS)).json["users"][0]["id"]
    assert (await web.post(KEYS, {"name": "c"})).json["userId"] == me


async def test_a_revoked_key_is_refused_at_once(web: Web) -> None:
    """From the answer on it opens nothing; revoking again changes nothing; the list still has it."""
    made = (await web.post(KEYS, {"name": "a"})).json
    assert (await web.get("/v1/models", bearer(made["key"]))).status == 200
    revoked = await web.ask("DELETE", f"{KEYS}/{made['id']}")
    assert revoked.json["revokedAt"].endswith("Z")
    assert (await web.get("/v1/models", bearer(made["key"]))).status == 401
    assert (await web.ask("DELETE", f"{KEYS}/{made['id']}")).json == revoked.json
    assert (await web.get(KEYS)).json["keys"][-1] == revoked.json


async def test_wrong_wishes(web: Web) -> None:
    """An unknown tier, user or role, a past expiry and a missing name are refused, each by its name."""
    past = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    assert (await web.post(KEYS, {"name": "a", "userId": "nobody"})).status == 404
    for body, field in (
        ({"name": "a", "tier": "royal"}, "tier"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "a", "expiresAt": "soon"}, "expiresAt"),
        ({"name": "a", "expiresAt": past}, "expiresAt"),
    ):
        reply = await web.post(KEYS, body)
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, field)
    wrong = await web.post(USERS, {"name": "a", "roles": ["king"]})
    assert wrong.json["errors"][0]["field"] == "roles[0]"


async def test_lists_are_paged(web: Web) -> None:
    """Pages of keys, users and audit cover everything once."""
    for number in range(4):
        await web.post(KEYS, {"name": str(number)})
        await web.post(USERS, {"name": str(number)})
    for path, what in ((KEYS, "keys"), (USERS, "users"), ("/api/admin/audit", "entries")):
        everything = [each["id"] for each in (await web.get(f"{path}?limit=500")).json[what]]
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = (await web.get(f"{path}?limit=2{cursor and '&cursor=' + cursor}")).json
            seen += [each["id"] for each in page[what]]
            cursor = page["nextCursor"]
        assert seen == everything
        assert (await web.get(f"{path}?cursor=nonsense")).status == 400


async def test_the_audit_shows_no_key(web: Web) -> None:
    """A made key and user are in the audit, without the key."""
    made = (await web.post(KEYS, {"name": "a"})).json
    await web.post(USERS, {"name": "Grace Hopper"})
    audit = await web.get("/api/admin/audit?limit=2")
    assert {each["kind"] for each in audit.json["entries"]} == {"api_key", "user"}
    assert made["key"] not in audit.body.decode()


async def test_the_audit_shows_keys_and_users_as_their_routes_do(web: Web) -> None:
    """In camelCase, with times in RFC 3339."""
    user = (await web.post(USERS, {"name": "Grace Hopper"})).json
    made = (await web.post(KEYS, {"name": "a", "userId": user["id"]})).json
    revoked = (await web.ask("DELETE", f"{KEYS}/{made['id']}")).json
    revoking, making, beginning = (await web.get("/api/admin/audit?limit=3")).json["entries"]
    assert beginning["after"] == user
    assert making["after"] == {name: value for name, value in made.items() if name != "key"}
    assert (revoking["before"], revoking["after"]) == (making["after"], revoked)


async def test_a_key_of_its_own_kind(web: Web) -> None:
    """Scopes, models, limits and budget are shown as they were asked for, and changed under the tag."""
    body = {
        "name": "a",
        "scopes": ["chat", "read"],
        "models": ["simulated/*"],
        "limits": {"requestsPerMinute": 5, "unlimited": True},
        "budget": {"usd": "2.5", "period": "day"},
    }
    made = (await web.post(KEYS, body)).json
    limits = {"requestsPerMinute": 5, "tokensPerMinute": None, "requestsPerDay": None, "tokensPerDay": None}
    assert {name: made[name] for name in body} == body | {"limits": limits | {"unlimited": True}}
    one = await web.get(f"{KEYS}/{made['id']}")
    assert one.headers["etag"] == '"1"'
    asked = {"limits": None, "budget": {"usd": "0.000000001", "period": "lifetime"}}
    headers = web.baton.admin | {"If-Match": '"1"'}
    changed = await web.ask("PATCH", f"{KEYS}/{made['id']}", headers, json=asked)
    assert changed.json == one.json | asked | {"revision": 2}
    assert (await web.ask("PATCH", f"{KEYS}/{made['id']}", headers, json=asked)).status == 412
    assert (await web.ask("PATCH", f"{KEYS}/{made['id']}", json=asked)).status == 428


async def test_a_key_that_can_mean_nothing(web: Web) -> None:
    """Each wrong field by its name."""
    for body, field in (
        ({"scopes": []}, "scopes"),
        ({"scopes": ["all"]}, "scopes[0]"),
        ({"models": []}, "models"),
        ({"models": ["a b"]}, "models"),
        ({"limits": {"requestsPerMinute": 0}}, "limits.requestsPerMinute"),
        ({"limits": {"requestsPerHour": 1}}, "limits.requestsPerHour"),
        ({"budget": {"usd": "-1", "period": "day"}}, "budget.usd"),
        ({"budget": {"usd": "1", "period": "year"}}, "budget.period"),
        ({"budget": {"usd": "1"}}, "budget.period"),
    ):
        reply = await web.post(KEYS, {"name": "a", **body})
        assert (reply.status, reply.json["errors"][0]["field"]) == (400, field), body


async def test_a_rotated_key_goes_over_from_one_secret_to_the_other(web: Web) -> None:
    """With an overlap both are good, and it is said until when; without one the old one ends at once."""
    made = (await web.post(KEYS, {"name": "a"})).json
    path = f"{KEYS}/{made['id']}/rotate"
    second = (await web.post(path, {"overlapSeconds": 3600})).json
    assert second["previousUntil"] is not None
    assert second["id"] == made["id"]
    for key in (made["key"], second["key"]):
        assert (await web.get("/api/me", bearer(key))).json["keyId"] == made["id"]
    third = (await web.ask("POST", path)).json
    assert third["previousUntil"] is None
    statuses = [(await web.get("/api/me", bearer(each["key"]))).status for each in (made, second, third)]
    assert statuses == [401, 401, 200]
    assert (await web.post(path, {"overlapSeconds": 31 * 86_400})).status == 400
    assert (await web.post(f"{KEYS}/nothing/rotate", {})).status == 404


async def test_keys_are_looked_for(web: Web) -> None:
    """By word and by whether they are good."""
    made = (await web.post(KEYS, {"name": "Robot one"})).json
    old = (await web.post(KEYS, {"name": "robot two"})).json
    await web.ask("DELETE", f"{KEYS}/{old['id']}")
    found = (await web.get(f"{KEYS}?search=robot&active=true")).json["keys"]
    assert [key["id"] for key in found] == [made["id"]]
    found = (await web.get(f"{KEYS}?search=robot&active=false")).json["keys"]
    assert [key["id"] for key in found] == [old["id"]]
