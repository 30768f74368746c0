"""`/api/admin/keys`: API keys, made, changed, rotated and taken away."""

from typing import Annotated

from fastapi import FastAPI, Query, Response

from baton.access.identity.entities import KeyWish
from baton.access.identity.identities import Identities
from baton.access.identity.lists import KeysWanted
from baton.api.admin.key_shapes import (
    KeyAsked,
    KeyChanged,
    KeyList,
    KeyMade,
    KeyShown,
    RotationAsked,
    key_made,
    key_shown,
    words,
)
from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.bodies import milliseconds
from baton.api.callers import AdminActor, AdminCaller
from baton.api.etags import etag
from baton.api.paging import Cursor, Limit, Word, behind, page
from baton.catalog.tiers import Tiers

PATH = "/api/admin/keys"
_ONE = PATH + "/{key_id}"
_TAG = "Admin: users and keys"


class KeyRoutes:
    """The routes; admins only."""

    def __init__(self, identities: Identities, tiers: Tiers) -> None:
        self._identities = identities
        self._tiers = tiers

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=KeyList, tags=[_TAG])
        for path, route, method, model, status in (
            (PATH, self.create, "POST", KeyMade, 201),
            (_ONE, self.one, "GET", KeyShown, 200),
            (_ONE, self.change, "PATCH", KeyShown, 200),
            (_ONE, self.revoke, "DELETE", KeyShown, 200),
            (_ONE + "/rotate", self.rotate, "POST", KeyMade, 200),
        ):
            to.add_api_route(
                path, route, methods=[method], response_model=model, status_code=status, tags=[_TAG]
            )

    async def list(
        self,
        _: AdminCaller,
        limit: Limit = 100,
        cursor: Cursor = None,
        user: Annotated[str | None, Query(description="A user's id.")] = None,
        search: Word = None,
        active: Annotated[
            bool | None, Query(description="Neither revoked nor expired, or one of both.")
        ] = None,
    ) -> KeyList:
        """List keys, revoked and expired ones included; `search` looks into name, hint and id's beginning."""
        wanted = KeysWanted(user_id=user, word=search, active=active, after=behind(cursor), limit=limit + 1)
        found = await self._identities.find_keys(wanted)
        shown, following = page(found, lambda key: key.id, limit, None)
        return KeyList(keys=[key_shown(key) for key in shown], next_cursor=following)

    async def create(self, actor: AdminActor, body: KeyAsked) -> KeyMade:
        """Make a key; this answer is the only place where it ever stands."""
        wish = KeyWish(
            name=body.name,
            user_id=body.user_id or actor.id,
            tier=None if body.tier is None else self._tiers.resolve(body.tier),
            expires_at_ms=None if body.expires_at is None else milliseconds(body.expires_at),
            scopes=words(body.scopes),
            models=words(body.models),
            limits=None if body.limits is None else body.limits.value(),
            budget=None if body.budget is None else body.budget.value(),
        )
        made = await self._identities.create_key(wish, actor)
        return key_made(made.key, made.secret)

    async def one(self, _: AdminCaller, key_id: str, response: Response) -> KeyShown:
        """One key; its `ETag` is what a change wants as `If-Match`."""
        key = await self._identities.key(key_id)
        response.headers["etag"] = etag(key.revision)
        return key_shown(key)

    async def change(
        self, actor: AdminActor, key_id: str, body: KeyChanged, response: Response, if_match: IfMatch = None
    ) -> KeyShown:
        """Change what a key may, from this answer on; its secret stays."""
        current = (await self._identities.key(key_id)).revision
        with guarded():
            key = await self._identities.change_key(
                key_id, body.change(self._tiers), actor, wanted_revision(if_match, current)
            )
        response.headers["etag"] = etag(key.revision)
        return key_shown(key)

    async def rotate(self, actor: AdminActor, key_id: str, body: RotationAsked | None = None) -> KeyMade:
        """Give a key a new secret; the one it has stays good for `overlapSeconds`, of the last two only."""
        overlap_s = 0 if body is None else body.overlap_seconds
        made = await self._identities.rotate_key(key_id, actor, overlap_s)
        return key_made(made.key, made.secret)

    async def revoke(self, actor: AdminActor, key_id: str) -> KeyShown:
        """Refuse a key from now on, for good."""
        return key_shown(await self._identities.revoke_key(key_id, actor))
