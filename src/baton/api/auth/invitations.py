"""`/api/auth/invitations`: choosing a password by a one-time link."""

from fastapi import FastAPI, Request, Response

from baton.access.signin.passwords import SHORTEST
from baton.access.signin.reception import Reception
from baton.api.auth.browser import UNSTORED, Browsers
from baton.api.auth.links import INVITATIONS
from baton.api.auth.outside import Outside
from baton.api.auth.shapes import TAG, InvitationShown, PasswordChosen, SessionShown
from baton.api.bodies import moment


class InvitationRoutes:
    """The routes; who has the link needs nothing else."""

    def __init__(self, reception: Reception, outside: Outside) -> None:
        self._invitations = reception.invitations
        self._outside = outside
        self._browsers = Browsers(reception, outside)

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        path = INVITATIONS + "/{token}"
        for method, route, model in (
            ("GET", self.look, InvitationShown),
            ("POST", self.accept, SessionShown),
        ):
            to.add_api_route(
                path, route, methods=[method], response_model=model, tags=[TAG], dependencies=[UNSTORED]
            )

    async def look(self, response: Response, token: str) -> InvitationShown:
        """Show whose invitation a link is; that does not use it up. `POST` a password to the same path."""
        response.headers["referrer-policy"] = "no-referrer"
        found = await self._invitations.look(token)
        return InvitationShown(
            name=found.name, expires_at=moment(found.expires_at_ms), shortest_password=SHORTEST
        )

    async def accept(
        self, request: Request, response: Response, token: str, body: PasswordChosen
    ) -> SessionShown:
        """Choose the password, once; one is signed in by it, but for a second factor enrolled before."""
        self._outside.require_own_page(request)
        visitor = self._outside.visitor(request)
        opened = await self._invitations.accept(token, body.password, visitor)
        return await self._browsers.keep(request, response, opened)
