"""Signing in and out."""

import pytest

from tests.api.auth.conftest import NAME, PASSWORD, Browser, OpenBrowser, next_code, person
from tests.api.conftest import Web
from tests.conftest import StartBaton, bearer


async def test_a_browser_that_is_signed_in_may_what_its_users_key_may(browser: Browser) -> None:
    """Its own things are open, an admin's are not; without the cookie nothing is."""
    me = await browser.get("/api/auth/session")
    assert (me.status, me.json["name"], me.json["state"]) == (200, NAME, "complete")
    assert (await browser.get("/api/interactions")).status == 200
    assert (await browser.get("/v1/models")).status == 200
    assert (await browser.get("/api/admin/users")).status == 403
    browser.session.cookie_jar.clear()
    assert (await browser.get("/api/interactions")).status == 401


async def test_an_admin_at_a_browser_may_administer(web: Web, open_browser: OpenBrowser) -> None:
    """And is in the audit by their id."""
    root = await person(web.baton, "root@example.com", "admin")
    browser = await open_browser()
    await browser.sign_in("root@example.com")
    made = await browser.post("/api/admin/users", {"name": "Eve"})
    assert made.status == 201
    entry = (await browser.get("/api/admin/audit?kind=user")).json["entries"][0]
    assert (entry["key"], entry["actorId"]) == (made.json["id"], root)


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: Browser) -> None:
    """HttpOnly, SameSite=Strict, for the whole host; the token in it is nowhere else."""
    reply = await browser.sign_in()
    cookies = reply.headers.getall("set-cookie")  # type: ignore[attr-defined]
    session = next(each for each in cookies if each.startswith("baton_session="))
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= {each.strip() for each in session.split(";")}
    assert "Domain" not in session
    assert browser.cookies["baton_session"] not in reply.body.decode()
    assert reply.headers["cache-control"] == "no-store"


async def test_a_browser_has_one_session(browser: Browser, open_browser: OpenBrowser) -> None:
    """Who signs in again leaves no session behind in the same browser."""
    before = browser.cookies["baton_session"]
    await browser.sign_in()
    assert len((await browser.get("/api/auth/sessions")).json["sessions"]) == 1
    copy = await open_browser()
    assert (await copy.get("/api/auth/session", cookie=f"baton_session={before}")).status == 401


async def test_over_tls_the_cookie_is_for_tls_alone(
    start_baton: StartBaton, open_browser: OpenBrowser
) -> None:
    """Where browsers come over TLS it is `Secure` and bound to the host by its prefix; the bare one counts
    no longer."""
    baton = await start_baton(public_url="https://baton.example")
    await person(baton)
    browser = await open_browser()
    browser.baton = baton
    reply = await browser.sign_in()
    [session, device] = reply.headers.getall("set-cookie")  # type: ignore[attr-defined]
    assert session.startswith("__Host-baton_session=")
    assert device.startswith("__Host-baton_device=")
    for each in (session, device):
        assert "Secure" in each
        assert "HttpOnly" in each
    token = session.partition("=")[2].partition(";")[0]
    good = {"Cookie": f"__Host-baton_session={token}"}
    bare = {"Cookie": f"baton_session={token}"}
    assert (await browser.get("/api/auth/session", **good)).status == 200
    assert (await browser.get("/api/auth/session", **bare)).status == 401


async def test_what_changes_something_needs_the_token_of_the_page(browser: Browser) -> None:
    """Without it, with another session's, or with an old one: 403; reading needs none."""
    good = browser.csrf
    before = await browser.sign_in()
    assert browser.csrf != good
    for wrong in ("", "nonsense", str(good)):
        browser.csrf = wrong
        refused = await browser.ask("DELETE", "/api/auth/sessions")
        assert (refused.status, refused.json["code"]) == (403, "csrf")
        assert (await browser.get("/api/auth/sessions")).status == 200
    browser.csrf = before.json["csrfToken"]
    assert (await browser.ask("DELETE", "/api/auth/sessions")).status == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_a_page_of_another_site_can_do_nothing(browser: Browser, headers: dict[str, str]) -> None:
    """Not even with the token; nor can it sign a browser in under a name of its own."""
    assert (await browser.ask("DELETE", "/api/auth/sessions", **headers)).json["code"] == "foreign_page"
    knock = {"name": NAME, "password": PASSWORD}
    assert (await browser.post("/api/auth/sign-in", knock, **headers)).json["code"] == "foreign_page"


async def test_its_own_page_can(browser: Browser) -> None:
    """Whichever way the browser says where it comes from."""
    own = browser.baton.url
    for headers in ({"sec_fetch_site": "same-origin"}, {"origin": own}, {"sec_fetch_site": "none"}):
        knock = {"name": NAME, "password": PASSWORD}
        assert (await browser.post("/api/auth/sign-in", knock, **headers)).status == 200


async def test_a_form_of_another_site_is_no_sign_in(browser: Browser) -> None:
    """What a browser sends without asking first is not JSON, and refused."""
    url = browser.baton.url + "/api/auth/sign-in"
    async with browser.session.post(url, data={"name": NAME, "password": PASSWORD}) as answer:
        assert answer.status == 415


async def test_keys_need_no_token(web: Web) -> None:
    """Nobody can make a browser send a key; a key beside a cookie is what counts."""
    assert (await web.post("/api/admin/users", {"name": "Eve"})).status == 201
    assert (
        await web.get("/api/interactions", {**bearer("bk-wrong"), "Cookie": "baton_session=x"})
    ).status == 401


async def test_signing_out_ends_the_session(browser: Browser) -> None:
    """Here and on the server: a copy of the cookie is worth nothing."""
    token = browser.cookies["baton_session"]
    assert (await browser.post("/api/auth/sign-out")).status == 204
    assert browser.cookies.get("baton_session", "") == ""
    again = await browser.get("/api/auth/session", cookie=f"baton_session={token}")
    assert (again.status, again.json["code"]) == (401, "session_ended")


async def test_other_sessions_are_seen_and_ended(browser: Browser, open_browser: OpenBrowser) -> None:
    """One by one, and all at once; another user's id is a 404."""
    other = await open_browser()
    await other.sign_in()
    await person(browser.baton, "bob@example.com")
    bob = await open_browser()
    bobs = (await bob.sign_in("bob@example.com")).json["id"]
    listed = (await browser.get("/api/auth/sessions")).json["sessions"]
    assert [each["current"] for each in listed] == [True, False]
    assert {each["address"] for each in listed} == {"127.0.0.1"}
    assert "aiohttp" in listed[0]["agent"]
    assert (await browser.ask("DELETE", f"/api/auth/sessions/{bobs}")).status == 404
    assert (await browser.ask("DELETE", f"/api/auth/sessions/{listed[1]['id']}")).status == 204
    assert (await other.get("/api/auth/session")).status == 401
    assert (await browser.ask("DELETE", "/api/auth/sessions")).status == 204
    assert (await browser.get("/api/auth/session")).status == 401
    assert (await bob.get("/api/auth/session")).status == 200


async def test_nothing_is_open_before_the_second_factor(browser: Browser, open_browser: OpenBrowser) -> None:
    """A session that owes it opens nothing but the way to show it, and leaves where nobody need be known."""
    app, codes = await browser.enrol()
    other = await open_browser()
    owing = await other.sign_in()
    assert owing.json["state"] == "second_factor_owed"
    for path in ("/api/interactions", "/api/auth/sessions", "/api/auth/totp", "/v1/models"):
        refused = await other.get(path)
        assert (refused.status, refused.json.get("error", refused.json)["code"]) == (
            401,
            "second_factor_required",
        )
    assert "providers" not in (await other.get("/api/ai/v2/health")).json
    assert (await other.post("/api/auth/second-factor", {"code": codes[0]}, x_csrf_token="x")).status == 403
    before = other.cookies["baton_session"]
    shown = await other.take(await other.post("/api/auth/second-factor", {"code": next_code(app)}))
    assert (shown.status, shown.json["state"]) == (200, "complete")
    assert other.cookies["baton_session"] != before
    assert (await other.get("/api/interactions")).status == 200


async def test_wrong_passwords_are_told_when_to_come_again(
    browser: Browser, open_browser: OpenBrowser
) -> None:
    """429 with `retry-after`; the browser that is known signs in meanwhile; an admin sees and lifts it."""
    stranger = await open_browser()
    replies = [await stranger.sign_in(NAME, "wrong horse battery") for _ in range(6)]
    assert [each.status for each in replies] == [401] * 5 + [429]
    assert replies[-1].headers["retry-after"] == "1"
    assert replies[-1].json["code"] == "too_many_attempts"
    assert (await browser.sign_in()).status == 200
    admin = Web(browser.baton, stranger.session)
    [held] = (await admin.get("/api/admin/lockouts")).json["lockouts"]
    assert (held["scope"], held["network"], held["failures"]) == ("account", "127.0.0.1", 5)
    assert (await admin.ask("DELETE", f"/api/admin/lockouts/{held['id']}")).status == 204
    assert (await admin.ask("DELETE", f"/api/admin/lockouts/{held['id']}")).status == 404
    assert (await stranger.sign_in()).status == 200


async def test_who_was_disabled_signs_in_anew(web: Web, open_browser: OpenBrowser) -> None:
    """Disabling ends the sessions and the invitation: enabling brings neither back."""
    user_id = await person(web.baton, "eve@example.com")
    path, headers = f"/api/admin/users/{user_id}", web.baton.admin | {"If-Match": "*"}
    browser = await open_browser()
    assert (await browser.sign_in("eve@example.com")).status == 200
    invited = await web.post(f"{path}/invitation", None)
    token = invited.json["link"].rpartition("/")[2]
    for disabled in (True, False):
        assert (await web.ask("PATCH", path, headers, json={"disabled": disabled})).status == 200
    assert (await browser.get("/api/me")).status == 401
    assert (await web.get(f"/api/auth/invitations/{token}")).status == 404
    assert (await browser.sign_in("eve@example.com")).status == 200


async def test_each_person_signed_in_is_a_key_of_their_own(web: Web, open_browser: OpenBrowser) -> None:
    """Else one's penalties and budgets of each key would be everybody's."""
    seen: set[str] = set()
    for name in ("one@example.com", "two@example.com"):
        user_id = await person(web.baton, name)
        browser = await open_browser()
        await browser.sign_in(name)
        key_id = (await browser.get("/api/me")).json["keyId"]
        assert (key_id, len(key_id)) == (f"session-{user_id[-27:]}", 35)
        seen.add(key_id)
    assert len(seen) == 2
