"""Somebody's whole way: invited, signed in, with a second factor, locked out by a stranger, let back in."""

from pyotp.totp import TOTP

from tests.api.auth.conftest import PASSWORD, Browser, OpenBrowser, next_code, open_browser
from tests.api.conftest import Reply, Web, session, web

__all__ = ["open_browser", "session", "web"]  # fixtures


async def shown(browser: Browser, code: str) -> Reply:
    return await browser.take(await browser.post("/api/auth/second-factor", {"code": code}))


async def test_from_the_invitation_to_the_lost_telephone(web: Web, open_browser: OpenBrowser) -> None:
    """An admin invites; the invited chooses a password, enrols an app, comes back, does not notice a stranger
    who guesses, loses the app, comes in with a recovery code, has new ones made; the audit tells it all."""
    user = (await web.post("/api/admin/users", {"name": "Ada", "roles": ["user", "admin"]})).json["id"]
    link = (await web.post(f"/api/admin/users/{user}/invitation", {"name": "ada"})).json["link"]

    laptop = await open_browser()
    path = link.removeprefix(web.baton.url)
    assert (await laptop.take(await laptop.post(path, {"password": PASSWORD}))).json["state"] == "complete"
    secret = (await laptop.post("/api/auth/totp", {"password": PASSWORD})).json["secret"]
    app = TOTP(secret)
    confirmed = await laptop.take(await laptop.post("/api/auth/totp/confirmation", {"code": app.now()}))
    codes = confirmed.json["recoveryCodes"]
    assert (await laptop.post("/api/auth/sign-out")).status == 204

    assert (await laptop.sign_in("ada")).json["state"] == "second_factor_owed"
    assert (await laptop.get("/api/admin/users")).status == 401
    code = next_code(app)
    assert (await shown(laptop, code)).json["state"] == "complete"
    assert (await laptop.get("/api/admin/users")).status == 200

    stranger = await open_browser()
    replies = [(await stranger.sign_in("ada", "wrong horse battery")).status for _ in range(7)]
    assert replies == [401] * 5 + [429] * 2
    assert (await laptop.post("/api/auth/sign-out")).status == 204
    assert (await laptop.sign_in("ada")).status == 200
    assert (await shown(laptop, code)).json["code"] == "invalid_code"  # it was used
    assert (await shown(laptop, codes[0])).json["state"] == "complete"

    renewed = await laptop.post("/api/auth/recovery-codes")
    assert renewed.status == 200
    assert not set(renewed.json["recoveryCodes"]) & set(codes)

    entries = (await web.get(f"/api/admin/audit?actor={user}&limit=50")).json["entries"]
    done = [entry["action"] for entry in reversed(entries)]
    assert done == [
        "accept_invitation",
        "begin_second_factor",
        "enrol_second_factor",
        "sign_out",
        "password",
        "sign_in",
        "sign_out",
        "password",
        "sign_in",
        "renew_recovery_codes",
    ]
