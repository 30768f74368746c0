"""`/api/admin/ai/alerts`: what an admin has to know of, and what was."""

from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import ConfigDict, Field

from baton.api.bodies import Asked, Shown, moment, moment_or_none
from baton.api.callers import AdminCaller
from baton.api.paging import Cursor, Limit
from baton.watch.alerts import alert
from baton.watch.alerts.alert import Alert, AlertKind, State
from baton.watch.alerts.alerts import Alerts

PATH = "/api/admin/ai/alerts"


class AlertShown(Shown):
    """One trouble; `resolvedAt` null: it is open. `detail` is what was said of it last, of a key by its
    provider."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0197c6a0-5f0e-7000-8000-000000000000",
                "kind": "credential_exhausted",
                "subject": "acme …4f2a",
                "openedAt": "2026-01-31T12:00:00Z",
                "lastSeenAt": "2026-01-31T12:20:01Z",
                "timesSeen": 3,
                "detail": "Your credit balance is too low.",
                "resolvedAt": None,
                "resolution": None,
            }
        }
    )

    id: str
    kind: str
    subject: Annotated[str, Field(description="`provider …last4` of a key, `provider/model` of a breaker.")]
    opened_at: datetime
    last_seen_at: datetime
    times_seen: int
    detail: str
    resolved_at: datetime | None
    resolution: Annotated[
        str | None, Field(description="`recovered`, or `lapsed`: nobody saw it for a day; null: open.")
    ]


class AlertList(Shown):
    """A page, those opened last first."""

    alerts: list[AlertShown]
    next_cursor: str | None


class Wanted(Asked):
    """Which alerts are asked for; a word that means nothing here is refused."""

    state: Annotated[State | None, Field(description="`open` or `resolved`; absent: both.")] = None
    kind: AlertKind | None = None
    limit: Limit = 50
    cursor: Cursor = None


class AlertRoutes:
    """The route; admins only."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=AlertList, tags=["Admin: alerts"])

    async def list(self, _: AdminCaller, wanted: Annotated[Wanted, Query()]) -> AlertList:
        """List alerts, those opened last first."""
        which = alert.Wanted(state=wanted.state, kind=wanted.kind)
        found = await self._alerts.page(which, limit=wanted.limit, cursor=wanted.cursor)
        return AlertList(alerts=[_shown(each) for each in found.alerts], next_cursor=found.next)


def _shown(each: Alert) -> AlertShown:
    return AlertShown(
        id=each.id,
        kind=each.kind,
        subject=each.subject,
        opened_at=moment(each.opened_ms),
        last_seen_at=moment(each.seen_ms),
        times_seen=each.times,
        detail=each.detail,
        resolved_at=moment_or_none(each.resolved_ms),
        resolution=each.resolution,
    )
