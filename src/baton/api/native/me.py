"""`/api/me`: who asks, what they may, and their own keys."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from baton.access.identity.entities import ApiKey, KeyChange
from baton.access.identity.identities import Identities
from baton.access.identity.lists import KeysWanted
from baton.access.identity.own_keys import OwnKeyWish, own_key, require_rotating
from baton.access.identity.ownership import require_own_key
from baton.api.admin.key_shapes import (
    BudgetShown,
    KeyList,
    KeyMade,
    KeyShown,
    LimitsBody,
    Models,
    Name,
    RotationAsked,
    Scopes,
    budget_shown,
    key_made,
    key_shown,
    limits_shown,
    words,
)
from baton.api.bodies import Asked, Shown, milliseconds, moment
from baton.api.callers import AccountActor, AccountCaller, ReadingCaller
from baton.api.paging import Cursor, Limit, behind, page
from baton.core.caller import Caller

PATH = "/api/me"
KEYS = PATH + "/keys"
_KEY = KEYS + "/{key_id}"
_TAG = "Me"


class MeShown(Shown):
    """Who asks. `tier`, `roles`, `scopes`, `models`, `limits` and `budget` are those of this request's key;
    `models` null: whatever the tier may, `limits` null: the tier's, `budget` null: none of its own.
    `projects`: ids of those that may be asked for.
    """

    id: str
    name: str
    email: str | None
    locale: str | None
    created_at: datetime
    key_id: str
    tier: str
    roles: list[str]
    scopes: list[str]
    models: list[str] | None
    limits: LimitsBody | None
    budget: BudgetShown | None
    projects: list[str]


class OwnKeyAsked(Asked):
    """A key for oneself, never wider than what asks for it. `scopes` absent: those of what asks."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"name": "my laptop", "scopes": ["chat", "read"]}},
    )

    name: Name
    scopes: Scopes | None = None
    models: Models | None = None
    expires_at: datetime | None = None


class KeyRenamed(Asked):
    """What a key of one's own shall be called."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, json_schema_extra={"example": {"name": "old"}}
    )

    name: Name


class MeRoutes:
    """Everybody for themselves."""

    def __init__(self, identities: Identities, budgeted: Callable[[str], bool], most_keys: int) -> None:
        """`budgeted`: whether an admin's budget names a key; `most_keys`: those that are still good, of one
        user who makes them."""
        self._identities = identities
        self._budgeted = budgeted
        self._most_keys = most_keys

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.me, methods=["GET"], response_model=MeShown, tags=[_TAG])
        to.add_api_route(KEYS, self.list, methods=["GET"], response_model=KeyList, tags=[_TAG])
        for path, route, method, model, status in (
            (KEYS, self.create, "POST", KeyMade, 201),
            (_KEY, self.rename, "PATCH", KeyShown, 200),
            (_KEY, self.revoke, "DELETE", KeyShown, 200),
            (_KEY + "/rotate", self.rotate, "POST", KeyMade, 200),
        ):
            to.add_api_route(
                path, route, methods=[method], response_model=model, status_code=status, tags=[_TAG]
            )

    async def me(self, caller: ReadingCaller) -> MeShown:
        """Tell who asks, and what they may with the key they ask with."""
        user = await self._identities.user(caller.user_id)
        return MeShown(
            id=user.id,
            name=user.name,
            email=user.email,
            locale=user.locale,
            created_at=moment(user.created_at_ms),
            key_id=caller.key_id,
            tier=caller.tier,
            roles=sorted(caller.roles),
            scopes=sorted(caller.scopes),
            models=None if caller.models is None else sorted(caller.models),
            limits=limits_shown(caller.limits),
            budget=budget_shown(caller.budget),
            projects=sorted(caller.projects),
        )

    async def list(
        self,
        caller: ReadingCaller,
        limit: Limit = 100,
        cursor: Cursor = None,
        active: Annotated[
            bool | None, Query(description="Neither revoked nor expired, or one of both.")
        ] = None,
    ) -> KeyList:
        """List one's own keys, revoked and expired ones included."""
        wanted = KeysWanted(user_id=caller.user_id, active=active, after=behind(cursor), limit=limit + 1)
        found = await self._identities.find_keys(wanted)
        shown, following = page(found, lambda key: key.id, limit, None)
        return KeyList(keys=[key_shown(key) for key in shown], next_cursor=following)

    async def create(self, caller: AccountCaller, actor: AccountActor, body: OwnKeyAsked) -> KeyMade:
        """Make a key for oneself; this answer is the only place where it ever stands."""
        wish = OwnKeyWish(
            name=body.name,
            scopes=words(body.scopes),
            models=words(body.models),
            expires_at_ms=None if body.expires_at is None else milliseconds(body.expires_at),
        )
        owner = await self._identities.user(caller.user_id)
        keys = await self._identities.keys(caller.user_id)
        narrow = own_key(wish, caller, owner, keys, budgeted=self._budgeted(caller.key_id))
        made = await self._identities.create_key(narrow, actor, self._most_keys)
        return key_made(made.key, made.secret)

    async def rename(
        self, caller: AccountCaller, actor: AccountActor, key_id: str, body: KeyRenamed
    ) -> KeyShown:
        """Call a key of one's own something else."""
        await self._own(caller, key_id)
        return key_shown(await self._identities.change_key(key_id, KeyChange(name=body.name), actor))

    async def revoke(self, caller: AccountCaller, actor: AccountActor, key_id: str) -> KeyShown:
        """Refuse a key of one's own from now on, for good."""
        await self._own(caller, key_id)
        return key_shown(await self._identities.revoke_key(key_id, actor))

    async def rotate(
        self, caller: AccountCaller, actor: AccountActor, key_id: str, body: RotationAsked | None = None
    ) -> KeyMade:
        """Give a key of one's own a new secret; the one it has stays good for `overlapSeconds`.

        A key does so for itself only; somebody signed in for any of theirs.
        """
        key = await self._own(caller, key_id)
        require_rotating(caller, key, await self._identities.keys(caller.user_id))
        made = await self._identities.rotate_key(key_id, actor, 0 if body is None else body.overlap_seconds)
        return key_made(made.key, made.secret)

    async def _own(self, caller: Caller, key_id: str) -> ApiKey:
        key = await self._identities.key(key_id)
        require_own_key(caller, key)
        return key
