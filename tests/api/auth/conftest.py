"""People at browsers."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from pyotp.totp import TOTP

from baton.access.identity.entities import UserWish
from tests.api.conftest import Reply
from tests.conftest import MAKER, BatonServer

NAME = "ada@example.com"
PASSWORD = "correct horse battery"


def next_code(app: TOTP) -> str:
    """The code of the half minute to come: taken already, as clocks may be that much off."""
    return app.at(time.time() + 30)


class Browser:
    """Keeps cookies, and sends what its page was told to send."""

    def __init__(self, baton: BatonServer, session: aiohttp.ClientSession) -> None:
        self.baton = baton
        self.session = session
        self.csrf: str | None = None

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """`headers`: with `_` for `-`; what is empty is not sent."""
        sent = {
            "x-csrf-token": self.csrf or "",
            **{name.replace("_", "-"): it for name, it in headers.items()},
        }
        sent = {name: value for name, value in sent.items() if value}
        url = self.baton.url + path
        async with self.session.request(method, url, json=body, headers=sent) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return await self.ask("POST", path, body, **headers)

    async def take(self, reply: Reply) -> Reply:
        """Remember what a page remembers of its session."""
        told = reply.json if reply.status == 200 else {}
        self.csrf = told.get("session", told).get("csrfToken", self.csrf)
        return reply

    async def sign_in(self, name: str = NAME, password: str = PASSWORD) -> Reply:
        return await self.take(await self.post("/api/auth/sign-in", {"name": name, "password": password}))

    async def enrol(self) -> tuple[TOTP, list[str]]:
        """Give oneself a second factor; its app, whose code of now is used, and the recovery codes."""
        begun = await self.post("/api/auth/totp", {"password": PASSWORD})
        app = TOTP(begun.json["secret"])
        done = await self.take(await self.post("/api/auth/totp/confirmation", {"code": app.now()}))
        assert done.status == 200, done.body
        return app, done.json["recoveryCodes"]

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}


OpenBrowser = Callable[[], Awaitable[Browser]]


@pytest.fixture
async def open_browser(baton_server: BatonServer) -> AsyncGenerator[OpenBrowser]:
    """A new browser each time, of nobody yet."""
    async with AsyncExitStack() as stack:

        async def start() -> Browser:
            jar = aiohttp.CookieJar(unsafe=True)  # it would take no cookies of an address otherwise
            session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
            return Browser(baton_server, session)

        yield start


async def person(baton: BatonServer, name: str = NAME, *roles: str) -> str:
    """Somebody with a password; their id."""
    wish = UserWish(name=name, roles=frozenset({"user", *roles}))
    user = await baton.app.store.identities.create_user(wish, MAKER)
    await baton.app.reception.invitations.set_password(user.id, PASSWORD, MAKER)
    return user.id


@pytest.fixture
async def browser(baton_server: BatonServer, open_browser: OpenBrowser) -> Browser:
    """Of Ada, who is signed in."""
    await person(baton_server)
    opened = await open_browser()
    assert (await opened.sign_in()).status == 200
    return opened
