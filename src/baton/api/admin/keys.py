"""`/api/admin/keys`: API keys, made, listed and taken away."""

from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import Field

from baton.access.identity.entities import ApiKey, KeyWish
from baton.access.identity.identities import Identities
from baton.api.bodies import Asked, Shown, milliseconds, moment, moment_or_none
from baton.api.callers import AdminActor, AdminCaller
from baton.api.paging import Cursor, Limit, page
from baton.catalog.tiers import Tiers

PATH = "/api/admin/keys"
_TAG = "Admin: users and keys"


class KeyAsked(Asked):
    """A key that shall be made. `tier` null: its user's. `userId` absent: the caller's own."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    user_id: str | None = None
    tier: str | None = "free"
    expires_at: datetime | None = None


class KeyShown(Shown):
    """A key, without the key; `hint` is its beginning and its end."""

    id: str
    name: str
    hint: str
    user_id: str
    tier: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyMade(KeyShown):
    """A key just made; `key` is shown this once."""

    key: str


class KeyList(Shown):
    """A page, oldest first."""

    keys: list[KeyShown]
    next_cursor: str | None


class KeyRoutes:
    """The routes; admins only."""

    def __init__(self, identities: Identities, tiers: Tiers) -> None:
        self._identities = identities
        self._tiers = tiers

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=KeyList, tags=[_TAG])
        to.add_api_route(
            PATH, self.create, methods=["POST"], response_model=KeyMade, status_code=201, tags=[_TAG]
        )
        to.add_api_route(
            PATH + "/{key_id}", self.revoke, methods=["DELETE"], response_model=KeyShown, tags=[_TAG]
        )

    async def list(
        self,
        _: AdminCaller,
        limit: Limit = 100,
        cursor: Cursor = None,
        user: Annotated[str | None, Query(description="A user's id.")] = None,
    ) -> KeyList:
        """List keys, revoked and expired ones included."""
        keys = sorted(await self._identities.keys(user), key=lambda key: key.id)
        shown, following = page(keys, lambda key: key.id, limit, cursor)
        return KeyList(keys=[key_shown(key) for key in shown], next_cursor=following)

    async def create(self, actor: AdminActor, body: KeyAsked) -> KeyMade:
        """Make a key; this answer is the only place where it ever stands."""
        wish = KeyWish(
            name=body.name,
            user_id=body.user_id or actor.id,
            tier=None if body.tier is None else self._tiers.resolve(body.tier),
            expires_at_ms=None if body.expires_at is None else milliseconds(body.expires_at),
        )
        made = await self._identities.create_key(wish, actor)
        return KeyMade(**dict(key_shown(made.key)), key=made.secret)

    async def revoke(self, actor: AdminActor, key_id: str) -> KeyShown:
        """Refuse a key from now on, for good."""
        return key_shown(await self._identities.revoke_key(key_id, actor))


def key_shown(key: ApiKey) -> KeyShown:
    """A key as it is shown."""
    return KeyShown(
        id=key.id,
        name=key.name,
        hint=key.hint,
        user_id=key.user_id,
        tier=key.tier,
        created_at=moment(key.created_at_ms),
        expires_at=moment_or_none(key.expires_at_ms),
        revoked_at=moment_or_none(key.revoked_at_ms),
        last_used_at=moment_or_none(key.last_used_at_ms),
    )
