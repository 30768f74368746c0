"""`/api/admin/audit`: who changed what, when, from where, and how it looked before and after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Query
from msgspec import Raw

from baton.access.identity.entities import ApiKey, User
from baton.api.admin import keys, users
from baton.api.bodies import Shown, moment
from baton.api.callers import AdminCaller
from baton.api.paging import Cursor, Limit
from baton.catalog import admin_body
from baton.catalog.model import Model
from baton.records.audit.entry import AuditEntry, AuditFilter
from baton.records.audit.trail import Trail

PATH = "/api/admin/audit"


class EntryShown(Shown):
    """One change; `before` null: it was not there, `after` null: it is gone.

    Both are written as the routes of their kind show them; secrets and people's names are masked.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which changes are asked for."""

    kind: Annotated[str | None, Query(description="E.g. `model`, `api_key`, `user`.")] = None
    key: Annotated[str | None, Query(description="The changed thing's key, e.g. `acme/small-1`.")] = None
    actor: Annotated[str | None, Query(description="A user's id.")] = None


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
        wanted: Annotated[Wanted, Depends()],
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> EntryList:
        """List changes, newest first."""
        told = AuditFilter(kind=wanted.kind, key=wanted.key, actor_id=wanted.actor)
        found = await self._trail.page(told, cursor, limit)
        return EntryList(entries=[_shown(entry) for entry in found.entries], next_cursor=found.next)


def _model(text: Raw) -> dict[str, object]:
    model = msgspec.json.decode(text, type=Model)
    return {"id": model.id, **admin_body.write(model)}


def _key(text: Raw) -> dict[str, object]:
    return keys.key_shown(msgspec.json.decode(text, type=ApiKey)).model_dump(mode="json", by_alias=True)


def _user(text: Raw) -> dict[str, object]:
    return users.user_shown(msgspec.json.decode(text, type=User)).model_dump(mode="json", by_alias=True)


_SHOWN: Mapping[str, Callable[[Raw], dict[str, object]]] = MappingProxyType(
    {"model": _model, "api_key": _key, "user": _user}
)
"""How the value of an entry is shown, by its kind: as that kind's own routes show it."""


def _value(kind: str, text: Raw | None) -> object:
    """A stored value as it is shown; one that an older version wrote in another form, as it is stored."""
    if text is None:
        return None
    try:
        return _SHOWN[kind](text)
    except (KeyError, msgspec.ValidationError):
        return msgspec.json.decode(text)


def _shown(entry: AuditEntry) -> EntryShown:
    return EntryShown(
        id=entry.id,
        at=moment(entry.at_ms),
        actor_id=entry.actor_id,
        source=entry.source,
        action=entry.action,
        kind=entry.kind,
        key=entry.key,
        before=_value(entry.kind, entry.before),
        after=_value(entry.kind, entry.after),
    )
