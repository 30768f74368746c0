"""`/api/admin/audit`: who changed what, when, from where, and how it looked before and after."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query

from baton.api.bodies import Shown, moment
from baton.api.callers import AdminCaller
from baton.api.paging import Cursor, Limit
from baton.records.audit.entry import AuditEntry, AuditFilter
from baton.records.audit.trail import Trail

PATH = "/api/admin/audit"


class EntryShown(Shown):
    """One change; `before` null: it was not there, `after` null: it is gone. Secrets are masked."""

    id: int
    at: datetime
    actor_id: str
    source: str
    action: str
    kind: str
    key: str
    before: Any
    after: Any


class EntryList(Shown):
    """A page, newest first."""

    entries: list[EntryShown]
    next_cursor: str | None


class AuditRoutes:
    """The route; admins only."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=EntryList, tags=["Admin: audit"])

    async def list(
        self,
        _: AdminCaller,
        limit: Limit = 50,
        cursor: Cursor = None,
        kind: Annotated[str | None, Query(description="E.g. `model`, `api_key`, `user`.")] = None,
        key: Annotated[str | None, Query(description="The changed thing's key, e.g. `acme/small-1`.")] = None,
        actor: Annotated[str | None, Query(description="A user's id.")] = None,
    ) -> EntryList:
        """List changes, newest first."""
        found = await self._trail.page(AuditFilter(kind=kind, key=key, actor_id=actor), cursor, limit)
        return EntryList(entries=[_shown(entry) for entry in found.entries], next_cursor=found.next)


def _shown(entry: AuditEntry) -> EntryShown:
    return EntryShown(
        id=entry.id,
        at=moment(entry.at_ms),
        actor_id=entry.actor_id,
        source=entry.source,
        action=entry.action,
        kind=entry.kind,
        key=entry.key,
        before=None if entry.before is None else msgspec.json.decode(entry.before),
        after=None if entry.after is None else msgspec.json.decode(entry.after),
    )
