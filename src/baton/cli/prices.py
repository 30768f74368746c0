"""`baton prices`: what newer price data would change in the catalog, shown before it is done."""

import asyncio
import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

import typer
from msgspec import Struct

from baton.app import Storehouse
from baton.catalog.model import Model
from baton.catalog.refresh import Alteration, alterations, refreshed
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.cli.catalog import catalog
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, counted, note, print_json, print_table
from baton.records.audit.entry import Actor
from baton.records.difference import Diff, Difference, Effect
from baton.records.store import Records
from baton.settings import Settings

_OPERATOR = Actor(id="operator", source="cli")

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


class State(StrEnum):
    """What becomes of a model."""

    NEW = "new"
    CHANGED = "changed"
    KEPT = "kept"
    """It would change, but an admin edited it."""
    DELETED = "deleted"
    """It would come back, but an admin deleted it."""


class ModelChange(Struct, frozen=True, kw_only=True):
    """One model and what differs."""

    model: str
    state: State
    changes: tuple[Alteration, ...]


class Refresh(Struct, frozen=True, kw_only=True):
    """What price data would change, or has changed."""

    source: str
    applied: bool
    models: tuple[ModelChange, ...]


def diff(as_json: AsJson = False, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Show what is in force beside what the price data of this version would bring. Changes nothing."""
    _show(asyncio.run(_diff(existing(config, data_dir))), as_json)


def refresh(
    yes: Yes = False, as_json: AsJson = False, data_dir: DataDir = None, config: ConfigFile = None
) -> None:
    """Take over the price data of this version, after showing what it changes.

    A price that changed without saying when counts from today; what an admin edited stays.
    """
    settings = existing(config, data_dir)
    if as_json and not yes:
        raise Stop(
            "--json asks nothing; say --yes as well, or look with `baton prices diff --json`.", MISUSED
        )
    planned = asyncio.run(_diff(settings))
    if not as_json:
        _show(planned, as_json=False)
    if not _effective(planned):
        if as_json:
            print_json(planned)
        return
    if not yes and not _agreed():
        raise Stop("nothing was changed.")
    done = asyncio.run(_refresh(settings))
    if as_json:
        print_json(done)
    else:
        note(f"{counted(_effective(done), 'model')} changed; every revision is kept.")


async def _diff(settings: Settings) -> Refresh:
    async with catalog(settings) as (store, records):
        plan = await records.seed(_wanted(records, _today(store)), dry_run=True)
        return _view(plan, applied=False)


async def _refresh(settings: Settings) -> Refresh:
    async with catalog(settings) as (store, records):
        done = await records.seed(_wanted(records, _today(store)), _OPERATOR)
        return _view(done, applied=True)


def _today(store: Storehouse) -> date:
    """In UTC."""
    return datetime.fromtimestamp(store.clock.wall(), UTC).date()


def _wanted(records: Records[Model], today: date) -> list[Model]:
    """The rows as the price data would have them."""
    stored = records.snapshot
    return [
        model if (record := stored.get(model.id)) is None else refreshed(record.value, model, today)
        for model in packaged_models(DEFAULT_TIERS)
    ]


def _view(found: Diff[Model], *, applied: bool) -> Refresh:
    return Refresh(
        source="this version",
        applied=applied,
        models=tuple(
            ModelChange(model=each.key, state=_state(each), changes=_changes(each))
            for each in found.differences
            if each.effect is not Effect.UNCHANGED
        ),
    )


def _state(each: Difference[Model]) -> State:
    match each.effect:
        case Effect.CREATED:
            return State.NEW
        case Effect.KEPT:
            return State.DELETED if each.before is None else State.KEPT
        case _:
            return State.CHANGED


def _changes(each: Difference[Model]) -> tuple[Alteration, ...]:
    return () if each.before is None else alterations(each.before, each.after)


def _effective(found: Refresh) -> int:
    return sum(each.state in (State.NEW, State.CHANGED) for each in found.models)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise Stop("say --yes: nobody can be asked here.", MISUSED)
    return typer.confirm("Change the catalog like that?", err=True)


def _show(found: Refresh, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    columns = (
        Column("model", whole=True),
        Column("state", whole=True),
        Column("what", whole=True),
        Column("now", folded=True),
        Column("then", folded=True),
    )
    print_table(columns, [line for each in found.models for line in _lines(each)])
    kept = sum(each.state in (State.KEPT, State.DELETED) for each in found.models)
    left = f"; {counted(kept, 'model')} left as an admin wants them" if kept else ""
    note(f"{counted(_effective(found), 'model')} to change by the price data of {found.source}{left}.")


def _lines(each: ModelChange) -> list[tuple[str, str, str, str, str]]:
    name, state = each.model, each.state.value
    if not each.changes:
        return [(name, state, "", "", "")]
    return [(name, state, one.what, one.before, one.after) for one in each.changes]


COMMANDS = {"diff": diff, "refresh": refresh}
