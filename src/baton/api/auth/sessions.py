"""`/api/auth/sessions`: where one is signed in."""

from fastapi import FastAPI, Request, Response

from baton.access.signin.entities import Present
from baton.access.signin.reception import Reception
from baton.api.auth.browser import Browsers
from baton.api.auth.guards import SignedIn
from baton.api.auth.outside import Outside
from baton.api.auth.shapes import TAG, SessionList, session_listed
from baton.records.audit.entry import Actor

PATH = "/api/auth/sessions"


class SessionRoutes:
    """The routes."""

    def __init__(self, reception: Reception, outside: Outside) -> None:
        self._sessions = reception.sessions
        self._outside = outside
        self._browsers = Browsers(reception, outside)

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=SessionList, tags=[TAG])
        to.add_api_route(PATH, self.end_all, methods=["DELETE"], status_code=204, tags=[TAG])
        to.add_api_route(PATH + "/{session_id}", self.end, methods=["DELETE"], status_code=204, tags=[TAG])

    async def list(self, present: SignedIn) -> SessionList:
        """List one's own sessions."""
        found = await self._sessions.of(present.user.id)
        return SessionList(sessions=[session_listed(each, each.id == present.session.id) for each in found])

    async def end(self, request: Request, response: Response, present: SignedIn, session_id: str) -> None:
        """End one of one's own sessions."""
        await self._sessions.end(present.user.id, session_id, self._actor(request, present))
        if session_id == present.session.id:
            self._browsers.drop(request, response)

    async def end_all(self, request: Request, response: Response, present: SignedIn) -> None:
        """Sign out everywhere, here too."""
        await self._sessions.end_all(present.user.id, self._actor(request, present))
        self._browsers.drop(request, response)

    def _actor(self, request: Request, present: Present) -> Actor:
        return Actor(present.user.id, self._outside.address(request))
