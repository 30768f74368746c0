"""`/api/admin/users`: who may use this Baton."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import FastAPI
from pydantic import Field

from baton.access.identity.entities import User, UserWish
from baton.access.identity.identities import Identities
from baton.api.bodies import Asked, Shown, moment
from baton.api.callers import AdminActor, AdminCaller
from baton.api.paging import Cursor, Limit, page
from baton.catalog.tiers import Tiers

PATH = "/api/admin/users"
_TAG = "Admin: users and keys"


class UserAsked(Asked):
    """A user that shall be made."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    tier: str = "free"
    roles: tuple[Literal["user", "strategist", "reviewer", "analyst", "admin"], ...] = ("user",)


class UserShown(Shown):
    """A person or an application."""

    id: str
    name: str
    tier: str
    roles: list[str]
    created_at: datetime


class UserList(Shown):
    """A page, oldest first."""

    users: list[UserShown]
    next_cursor: str | None


class UserRoutes:
    """The routes; admins only."""

    def __init__(self, identities: Identities, tiers: Tiers) -> None:
        self._identities = identities
        self._tiers = tiers

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=UserList, tags=[_TAG])
        to.add_api_route(
            PATH, self.create, methods=["POST"], response_model=UserShown, status_code=201, tags=[_TAG]
        )

    async def list(self, _: AdminCaller, limit: Limit = 100, cursor: Cursor = None) -> UserList:
        """List users."""
        users = sorted(await self._identities.users(), key=lambda user: user.id)
        shown, following = page(users, lambda user: user.id, limit, cursor)
        return UserList(users=[user_shown(user) for user in shown], next_cursor=following)

    async def create(self, actor: AdminActor, body: UserAsked) -> UserShown:
        """Make a user; a key of their own is made at `/api/admin/keys`."""
        wish = UserWish(name=body.name, tier=self._tiers.resolve(body.tier), roles=frozenset(body.roles))
        return user_shown(await self._identities.create_user(wish, actor))


def user_shown(user: User) -> UserShown:
    """A user as it is shown."""
    return UserShown(
        id=user.id,
        name=user.name,
        tier=user.tier,
        roles=sorted(user.roles),
        created_at=moment(user.created_at_ms),
    )
