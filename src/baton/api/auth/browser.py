"""Handing a browser its session, and taking it away."""

from fastapi import Depends, Request, Response

from baton.access.signin.entities import Opened, Present
from baton.access.signin.reception import Reception
from baton.access.signin.sessions import owner
from baton.api.auth.cookies import Cookies
from baton.api.auth.outside import Outside
from baton.api.auth.shapes import SessionShown, session_shown
from baton.core.errors import Unauthenticated


async def _unstored(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


UNSTORED = Depends(_unstored)
"""What lets somebody in, or says how, is kept by nobody on the way."""


class Browsers:
    """Keeps what browsers carry in step with their sessions."""

    def __init__(self, reception: Reception, outside: Outside) -> None:
        self._reception = reception
        self._outside = outside

    async def keep(self, request: Request, response: Response, opened: Opened) -> SessionShown:
        """Give the browser its session, as it is now.

        Raises:
            Unauthenticated: its user was disabled at the same moment; code `session_ended`.
        """
        async with self._reception.ground.database.read() as connection:
            user = await owner(connection, opened.session.user_id)
        if user is None:
            raise Unauthenticated("This session has ended. Sign in again.", code="session_ended")
        cookies = self._cookies(request, response)
        cookies.keep_session(opened.token)
        cookies.keep_device(opened.device)
        return session_shown(request, Present(opened.session, user))

    def drop(self, request: Request, response: Response) -> None:
        """The session has ended."""
        self._cookies(request, response).drop_session()

    def _cookies(self, request: Request, response: Response) -> Cookies:
        return Cookies(response, secure=self._outside.https(request))
