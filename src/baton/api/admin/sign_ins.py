"""`/api/admin`: inviting people to choose a password, and who is slowed down at the door."""

from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Request
from pydantic import ConfigDict, Field

from baton.access.signin.reception import Reception
from baton.access.signin.throttle import Held
from baton.api.auth.browser import UNSTORED
from baton.api.auth.links import invitation_link
from baton.api.auth.outside import Outside
from baton.api.bodies import Asked, Shown, moment
from baton.api.callers import AdminActor, AdminCaller
from baton.core.errors import NotFound
from baton.records.audit.entry import Change

USERS = "/api/admin/users"
LOCKOUTS = "/api/admin/lockouts"
_TAG = "Admin: users and keys"


class InvitationAsked(Asked):
    """By which name they sign in; absent: the one they have, else their e-mail address, else their name."""

    name: Annotated[str, Field(min_length=1, max_length=128)] | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "ada@example.com"}]})


class InvitationMade(Shown):
    """A link, shown once, by which a user chooses a password; an earlier one is worth nothing any more."""

    name: str
    link: str
    expires_at: datetime


class LockoutShown(Shown):
    """Attempts to sign in that have to wait; `userId` null: nobody's name, or a whole network."""

    id: str
    scope: str
    user_id: str | None
    network: str | None
    failures: int
    last_at: datetime
    until: datetime


class LockoutList(Shown):
    """All that have to wait, the longest first."""

    lockouts: list[LockoutShown]


class SignInRoutes:
    """The routes; admins only."""

    def __init__(self, reception: Reception, outside: Outside) -> None:
        self._reception = reception
        self._outside = outside

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        user = USERS + "/{user_id}"
        to.add_api_route(
            user + "/invitation",
            self.invite,
            methods=["POST"],
            response_model=InvitationMade,
            status_code=201,
            tags=[_TAG],
            dependencies=[UNSTORED],
        )
        to.add_api_route(
            user + "/second-factor", self.reset_factor, methods=["DELETE"], status_code=204, tags=[_TAG]
        )
        to.add_api_route(user + "/lockout", self.unlock, methods=["DELETE"], status_code=204, tags=[_TAG])
        to.add_api_route(LOCKOUTS, self.list, methods=["GET"], response_model=LockoutList, tags=[_TAG])
        to.add_api_route(
            LOCKOUTS + "/{lockout_id}", self.lift, methods=["DELETE"], status_code=204, tags=[_TAG]
        )

    async def invite(
        self, request: Request, actor: AdminActor, user_id: str, body: InvitationAsked | None = None
    ) -> InvitationMade:
        """Invite a user to choose a password, also in place of one that was forgotten.

        The link is good once, for three days.
        """
        name = None if body is None else body.name
        made = await self._reception.invitations.invite(user_id, actor, name)
        return InvitationMade(
            name=made.invitation.name,
            link=invitation_link(self._outside.url(request), made.token),
            expires_at=moment(made.invitation.expires_at_ms),
        )

    async def reset_factor(self, actor: AdminActor, user_id: str) -> None:
        """Take a user's second factor away, who has lost it; they are signed out everywhere."""
        await self._reception.invitations.reset_factor(user_id, actor)

    async def unlock(self, actor: AdminActor, user_id: str) -> None:
        """Forgive a user's failed attempts so far, from wherever they came."""
        await self._reception.invitations.unlock(user_id, actor)

    async def list(self, _: AdminCaller) -> LockoutList:
        """List which attempts to sign in have to wait at the moment."""
        return LockoutList(lockouts=[_shown(each) for each in await self._reception.throttle.held()])

    async def lift(self, actor: AdminActor, lockout_id: str) -> None:
        """Forgive the failed attempts behind one of them."""
        if not await self._reception.throttle.lift(lockout_id):
            raise NotFound("There is no such lockout.")
        ground = self._reception.ground
        change = Change(action="lift", kind="lockout", key=lockout_id, before=None, after=None)
        async with ground.database.write() as connection:
            await ground.write_down(connection, actor, change)


def _shown(held: Held) -> LockoutShown:
    return LockoutShown(
        id=held.id,
        scope=held.scope,
        user_id=held.user_id,
        network=held.network,
        failures=held.failures,
        last_at=moment(int(held.last_at_s * 1000)),
        until=moment(int(held.until_s * 1000)),
    )
