"""`/api/admin/users`: who may use this Baton."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Response
from msgspec import UNSET
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.access.identity.entities import User, UserChange, UserWish
from baton.access.identity.identities import Identities
from baton.access.identity.lists import UsersWanted
from baton.api.admin.key_shapes import Name, storable
from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.bodies import Asked, Shown, moment, moment_or_none
from baton.api.callers import AdminActor, AdminCaller
from baton.api.etags import etag
from baton.api.paging import Cursor, Limit, Word, behind, page
from baton.catalog.tiers import Tiers

PATH = "/api/admin/users"
_ONE = PATH + "/{user_id}"
_TAG = "Admin: users and keys"

Role = Literal["user", "strategist", "reviewer", "analyst", "admin"]
Roles = Annotated[tuple[Role, ...], Field(min_length=1, max_length=5)]
_Text = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(storable)]


class UserAsked(Asked):
    """A user that shall be made. `subject`: whom a single sign-on knows them as."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "example": {
                "name": "Ada Lovelace",
                "tier": "pro",
                "roles": ["user", "analyst"],
                "email": "ada@example.org",
                "locale": "en-GB",
            }
        },
    )

    name: Name
    tier: str = "free"
    roles: Roles = ("user",)
    email: _Text | None = None
    locale: _Text | None = None
    subject: _Text | None = None


class UserChanged(Asked):
    """What shall be different of a user; what is left out stays."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"tier": "expert", "disabled": False}},
    )

    name: Name = ""
    tier: str = ""
    roles: Roles = ("user",)
    email: _Text | None = None
    locale: _Text | None = None
    subject: _Text | None = None
    disabled: bool = False

    def change(self, tiers: Tiers) -> UserChange:
        """What was said of it.

        Raises:
            Invalid: there is no such tier.
        """
        said = self.model_fields_set

        def value(name: str) -> Any:
            return getattr(self, name) if name in said else UNSET

        return UserChange(
            name=value("name"),
            tier=tiers.resolve(self.tier) if "tier" in said else UNSET,
            roles=frozenset(self.roles) if "roles" in said else UNSET,
            email=value("email"),
            locale=value("locale"),
            subject=value("subject"),
            disabled=value("disabled"),
        )


class UserShown(Shown):
    """A person or an application. `revision` is what a change wants as `If-Match`."""

    id: str
    name: str
    email: str | None
    locale: str | None
    subject: str | None
    tier: str
    roles: list[str]
    created_at: datetime
    disabled_at: datetime | None
    revision: int


class UserList(Shown):
    """A page, oldest first."""

    users: list[UserShown]
    next_cursor: str | None


class UserRoutes:
    """The routes; admins only."""

    def __init__(
        self, identities: Identities, tiers: Tiers, in_ledger: Callable[[str], Awaitable[bool]]
    ) -> None:
        """`in_ledger`: whether it names a user."""
        self._identities = identities
        self._tiers = tiers
        self._in_ledger = in_ledger

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=UserList, tags=[_TAG])
        for path, route, method, status in (
            (PATH, self.create, "POST", 201),
            (_ONE, self.one, "GET", 200),
            (_ONE, self.change, "PATCH", 200),
        ):
            to.add_api_route(
                path, route, methods=[method], response_model=UserShown, status_code=status, tags=[_TAG]
            )
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(
        self,
        _: AdminCaller,
        limit: Limit = 100,
        cursor: Cursor = None,
        search: Word = None,
        role: Annotated[Role | None, Query(description="Who has it.")] = None,
        tier: Annotated[str | None, Query(description="Whose it is.")] = None,
        disabled: Annotated[bool | None, Query(description="Only those who are, or are not.")] = None,
    ) -> UserList:
        """List users; `search` looks into name, e-mail address and id's beginning."""
        wanted = UsersWanted(
            word=search,
            role=role,
            tier=None if tier is None else self._tiers.resolve(tier),
            disabled=disabled,
            after=behind(cursor),
            limit=limit + 1,
        )
        shown, following = page(await self._identities.find_users(wanted), lambda user: user.id, limit, None)
        return UserList(users=[user_shown(user) for user in shown], next_cursor=following)

    async def create(self, actor: AdminActor, body: UserAsked) -> UserShown:
        """Make a user; a key of their own is made at `/api/admin/keys`."""
        wish = UserWish(
            name=body.name,
            tier=self._tiers.resolve(body.tier),
            roles=frozenset(body.roles),
            email=body.email,
            locale=body.locale,
            subject=body.subject,
        )
        return user_shown(await self._identities.create_user(wish, actor))

    async def one(self, _: AdminCaller, user_id: str, response: Response) -> UserShown:
        """One user; the `ETag` is what a change wants as `If-Match`."""
        user = await self._identities.user(user_id)
        response.headers["etag"] = etag(user.revision)
        return user_shown(user)

    async def change(
        self, actor: AdminActor, user_id: str, body: UserChanged, response: Response, if_match: IfMatch = None
    ) -> UserShown:
        """Change a user, or disable them; their keys have it from this answer on.

        The first admin stays one, and enabled (409 `first_admin`).
        """
        current = (await self._identities.user(user_id)).revision
        with guarded():
            user = await self._identities.change_user(
                user_id, body.change(self._tiers), actor, wanted_revision(if_match, current)
            )
        response.headers["etag"] = etag(user.revision)
        return user_shown(user)

    async def delete(self, actor: AdminActor, user_id: str, if_match: IfMatch = None) -> None:
        """Delete a disabled user who never asked anything (else 409), with their keys and memberships."""
        current = (await self._identities.user(user_id)).revision
        with guarded():
            await self._identities.delete_user(
                user_id, actor, self._in_ledger, wanted_revision(if_match, current)
            )


def user_shown(user: User) -> UserShown:
    """A user as it is shown."""
    return UserShown(
        id=user.id,
        name=user.name,
        email=user.email,
        locale=user.locale,
        subject=user.subject,
        tier=user.tier,
        roles=sorted(user.roles),
        created_at=moment(user.created_at_ms),
        disabled_at=moment_or_none(user.disabled_at_ms),
        revision=user.revision,
    )
