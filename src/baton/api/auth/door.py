"""`/api/auth`: signing in and out, and the second factor.

A sign-on through another service (OIDC) will be another way to `Sessions.begin`, below `/api/auth/oidc`.
"""

from fastapi import FastAPI, Request, Response

from baton.access.signin.reception import Reception
from baton.api.auth.browser import UNSTORED, Browsers
from baton.api.auth.guards import PendingSignIn
from baton.api.auth.outside import Outside
from baton.api.auth.present import session_cookie
from baton.api.auth.shapes import TAG, CodeShown, Knock, SessionShown, session_shown

PATH = "/api/auth"


class DoorRoutes:
    """The routes."""

    def __init__(self, reception: Reception, outside: Outside) -> None:
        self._reception = reception
        self._outside = outside
        self._browsers = Browsers(reception, outside)

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        for path, method, route in (
            ("/sign-in", "POST", self.sign_in),
            ("/second-factor", "POST", self.second_factor),
            ("/session", "GET", self.session),
        ):
            to.add_api_route(
                PATH + path,
                route,
                methods=[method],
                response_model=SessionShown,
                tags=[TAG],
                dependencies=[UNSTORED],
            )
        to.add_api_route(PATH + "/sign-out", self.sign_out, methods=["POST"], status_code=204, tags=[TAG])

    async def sign_in(self, request: Request, response: Response, body: Knock) -> SessionShown:
        """Sign in by name and password; a second factor may still be owed, as `state` says."""
        self._outside.require_own_page(request)
        opened = await self._reception.door.sign_in(body.name, body.password, self._outside.visitor(request))
        before = session_cookie(request)
        if before is not None:
            await self._reception.sessions.forget(before)
        return await self._browsers.keep(request, response, opened)

    async def second_factor(
        self, request: Request, response: Response, present: PendingSignIn, body: CodeShown
    ) -> SessionShown:
        """Show the second factor: to complete a sign-in, or again before something dangerous."""
        visitor = self._outside.visitor(request)
        opened = await self._reception.door.show_factor(present, body.code, visitor)
        return await self._browsers.keep(request, response, opened)

    async def sign_out(self, request: Request, response: Response, present: PendingSignIn) -> None:
        """Sign out of this browser."""
        await self._reception.door.sign_out(present, self._outside.visitor(request))
        self._browsers.drop(request, response)

    async def session(self, request: Request, present: PendingSignIn) -> SessionShown:
        """Who is signed in at this browser."""
        return session_shown(request, present)
