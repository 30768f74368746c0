"""`baton alerts`: on the database, whether or not a server runs."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer
from msgspec import Struct

from baton.app import open_store
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.terminal import AsJson, Column, iso, note, print_json, print_table
from baton.settings import Settings
from baton.watch.alerts.alert import Alert, AlertKind, State, Wanted
from baton.watch.alerts.store import AlertStore


class Shown(StrEnum):
    """Which alerts are shown."""

    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


_STATES = {Shown.OPEN: State.OPEN, Shown.RESOLVED: State.RESOLVED, Shown.ALL: None}


class AlertView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert as it is shown. Times in ISO 8601, UTC."""

    id: str
    kind: str
    subject: str
    opened_at: str | None
    last_seen_at: str | None
    times_seen: int
    detail: str
    resolved_at: str | None
    resolution: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which alerts are meant."""

    state: Annotated[Shown, typer.Option(help="Those that are open, that are over, or both.")] = Shown.OPEN
    kind: Annotated[AlertKind | None, typer.Option(help="Only of this kind.")] = None
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most, the newest first.")] = 50


def alerts(
    choice: Choice,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """What somebody has to act on: keys that are refused or spent, and breakers that are open."""
    views = asyncio.run(_views(existing(config, data_dir), choice))
    if as_json:
        print_json(views)
        return
    if not views:
        note("There are no such alerts." if choice.state is not Shown.OPEN else "Nothing is open.")
    columns = (
        Column("kind", whole=True),
        Column("subject", whole=True),
        Column("opened", whole=True),
        Column("last seen", whole=True),
        Column("times", right=True),
        Column("over", whole=True),
        Column("what was said"),
    )
    print_table(columns, [_cells(view) for view in views])


async def _views(settings: Settings, choice: Choice) -> list[AlertView]:
    async with open_store(settings) as store:
        wanted = Wanted(state=_STATES[choice.state], kind=choice.kind)
        page = await AlertStore(store.database, store.new_id).page(wanted, limit=choice.limit)
    return [_view(each) for each in page.alerts]


def _view(alert: Alert) -> AlertView:
    return AlertView(
        id=alert.id,
        kind=alert.kind,
        subject=alert.subject,
        opened_at=iso(alert.opened_ms),
        last_seen_at=iso(alert.seen_ms),
        times_seen=alert.times,
        detail=alert.detail,
        resolved_at=iso(alert.resolved_ms),
        resolution=alert.resolution,
    )


def _cells(view: AlertView) -> tuple[str, ...]:
    return (
        view.kind,
        view.subject,
        view.opened_at or "",
        view.last_seen_at or "",
        str(view.times_seen),
        f"{view.resolution} {view.resolved_at}" if view.resolved_at else "no",
        view.detail,
    )


COMMANDS = {"alerts": alerts}
