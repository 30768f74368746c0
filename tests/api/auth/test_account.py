"""What people change of their own way in."""

from tests.api.auth.conftest import NAME, PASSWORD, Browser, OpenBrowser, next_code
from tests.api.conftest import Web


async def test_a_password_is_changed_by_who_knows_it(browser: Browser, open_browser: OpenBrowser) -> None:
    """The browser goes on, every other one is signed out, and the old password opens no longer."""
    other = await open_browser()
    await other.sign_in()
    wrong = {"old": "wrong horse battery", "new": "another long password"}
    refused = await browser.ask("PUT", "/api/auth/password", wrong)
    assert (refused.status, refused.json["code"]) == (403, "wrong_password")
    short = await browser.ask("PUT", "/api/auth/password", {"old": PASSWORD, "new": "short"})
    assert (short.status, short.json["errors"][0]["field"]) == (400, "password")
    good = {"old": PASSWORD, "new": "another long password"}
    assert (await browser.take(await browser.ask("PUT", "/api/auth/password", good))).status == 200
    assert (await browser.get("/api/auth/session")).status == 200
    assert (await other.get("/api/auth/session")).status == 401
    assert (await other.sign_in()).status == 401
    assert (await other.sign_in(password="another long password")).status == 200


async def test_a_second_factor_comes_and_goes(browser: Browser) -> None:
    """Enrolled by password and code, shown with its recovery codes, removed by password and code."""
    assert (await browser.get("/api/auth/totp")).json == {"enrolledAt": None, "recoveryCodes": 0}
    begun = await browser.post("/api/auth/totp", {"password": PASSWORD})
    assert begun.json["uri"].startswith("otpauth://totp/Baton:ada%40example.com?secret=")
    _, codes = await browser.enrol()
    state = (await browser.get("/api/auth/totp")).json
    assert state["enrolledAt"] is not None
    assert state["recoveryCodes"] == len(codes) == 10
    assert (await browser.post("/api/auth/totp", {"password": PASSWORD})).status == 409
    removal = {"password": PASSWORD, "code": codes[0]}
    assert (await browser.take(await browser.post("/api/auth/totp/removal", removal))).status == 200
    assert (await browser.get("/api/auth/totp")).json == {"enrolledAt": None, "recoveryCodes": 0}


async def test_new_recovery_codes_need_a_fresh_factor(browser: Browser, open_browser: OpenBrowser) -> None:
    """Who has none, or has not shown it lately, is told; who has gets ten others."""
    refused = await browser.post("/api/auth/recovery-codes")
    assert (refused.status, refused.json["code"]) == (403, "fresh_factor_required")
    missing = await browser.post("/api/auth/second-factor", {"code": "123456"})
    assert (missing.status, missing.json["code"]) == (403, "second_factor_missing")
    app, codes = await browser.enrol()
    fresh = (await browser.post("/api/auth/recovery-codes")).json["recoveryCodes"]
    assert len(set(fresh) | set(codes)) == 20
    other = await open_browser()
    await other.sign_in()
    assert (await other.post("/api/auth/second-factor", {"code": codes[0]})).status == 403
    assert (await other.post("/api/auth/second-factor", {"code": next_code(app)})).status == 200


async def test_a_key_does_not_do_where_a_person_is_asked_for(web: Web) -> None:
    """A key cannot change its owner's password or second factor, nor act for their browser."""
    for method, path, body in (
        ("GET", "/api/auth/session", None),
        ("GET", "/api/auth/sessions", None),
        ("PUT", "/api/auth/password", {"old": PASSWORD, "new": PASSWORD}),
        ("POST", "/api/auth/totp", {"password": PASSWORD}),
        ("POST", "/api/auth/recovery-codes", None),
    ):
        reply = await web.ask(method, path, json=body)
        assert (reply.status, reply.json["code"]) == (403, "session_required"), path
        assert (await web.ask(method, path, {}, json=body)).json["code"] == "session_required"


async def test_an_invitation_lets_somebody_in_once(web: Web, open_browser: OpenBrowser) -> None:
    """An admin makes a link, the invited opens it, chooses a password, and is in; the link is used up."""
    user = (await web.post("/api/admin/users", {"name": "Ada"})).json["id"]
    made = await web.post(f"/api/admin/users/{user}/invitation", {"name": NAME})
    assert (made.status, made.json["name"]) == (201, NAME)
    path = made.json["link"].removeprefix(web.baton.url)
    browser = await open_browser()
    looked = await browser.get(path)
    assert (looked.json["name"], looked.json["shortestPassword"]) == (NAME, 12)
    assert looked.headers["cache-control"] == "no-store"
    assert (await browser.post(path, {"password": "short"})).status == 400
    accepted = await browser.take(await browser.post(path, {"password": PASSWORD}))
    assert (accepted.status, accepted.json["userId"]) == (200, user)
    assert (await browser.get("/api/auth/session")).status == 200
    assert (await browser.get(path)).status == 404
    assert (await browser.post(path, {"password": PASSWORD})).status == 404
    assert (await browser.sign_in()).status == 200


async def test_an_admin_helps_who_lost_everything(web: Web, browser: Browser) -> None:
    """A new link for a password that was forgotten; a second factor taken away, which signs the user out."""
    user = (await browser.get("/api/auth/session")).json["userId"]
    await browser.enrol()
    assert (await web.ask("DELETE", f"/api/admin/users/{user}/second-factor")).status == 204
    assert (await web.ask("DELETE", f"/api/admin/users/{user}/second-factor")).status == 404
    assert (await browser.get("/api/auth/session")).status == 401
    assert (await web.ask("DELETE", f"/api/admin/users/{user}/lockout")).status == 204
    assert (await web.ask("POST", f"/api/admin/users/{user}/invitation")).json["name"] == NAME
    assert (await web.ask("POST", "/api/admin/users/nobody/invitation")).status == 404
