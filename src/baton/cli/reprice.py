"""`baton reprice`: past requests at the prices that are known now for their time."""

import asyncio
from typing import Annotated

import typer
from msgspec import Struct

from baton.app import Storehouse
from baton.catalog.almanac import packaged_almanac
from baton.cli.catalog import catalog
from baton.cli.installation import ConfigFile, DataDir, existing
from baton.cli.moments import ago_ms
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, counted, iso, note, print_json, print_table
from baton.core.money import usd_text
from baton.gateway.repricing import PastPrices
from baton.ledger.repricings import Repriced, Repricings, Span, Which
from baton.ledger.rows import PRICED
from baton.records.audit.entry import Actor
from baton.settings import Settings
from baton.upstream.directory import declared

_OPERATOR = Actor(id="operator", source="cli")


class Line(Struct, frozen=True, kw_only=True, rename="camel"):
    """One model's sums, in USD."""

    model: str
    requests: int
    recorded_usd: str
    """As it was priced at the time."""
    repriced_usd: str
    """At the prices that are known now for that time."""
    difference_usd: str
    recorded_incomplete: int
    """Requests whose cost was not known, or not all of it."""
    incomplete: int
    """Those of which that is so even now."""
    changes: int
    """Requests whose new figure is not on record yet."""


class Repricing(Struct, frozen=True, kw_only=True, rename="camel"):
    """Sums of a span, before and after."""

    since: str | None
    until: str | None
    applied: bool
    total: Line
    models: tuple[Line, ...]


class _Sums:
    """Adds up one model."""

    def __init__(self) -> None:
        self.requests = self.recorded = self.repriced = 0
        self.recorded_incomplete = self.incomplete = self.changes = 0

    def add(self, each: Repriced) -> None:
        """One more request."""
        self.requests += 1
        self.recorded += each.recorded_nanos
        self.repriced += each.found.cost_nanos
        self.recorded_incomplete += each.recorded_pricing != PRICED
        self.incomplete += each.found.pricing != PRICED
        self.changes += each.differs

    def line(self, model: str) -> Line:
        """The sums so far."""
        return Line(
            model=model,
            requests=self.requests,
            recorded_usd=usd_text(self.recorded),
            repriced_usd=usd_text(self.repriced),
            difference_usd=usd_text(self.repriced - self.recorded),
            recorded_incomplete=self.recorded_incomplete,
            incomplete=self.incomplete,
            changes=self.changes,
        )


class _Wish(Struct, frozen=True, kw_only=True):
    since: str
    until: str | None
    model: str | None
    only: Which
    apply: bool


def reprice(
    since: Annotated[str, typer.Option(help="From when on, e.g. 7d, 12h or 2026-01-31.")],
    until: Annotated[str | None, typer.Option(help="Until when, not included; now, if not given.")] = None,
    model: Annotated[str | None, typer.Option(help="Only what this model served.")] = None,
    only: Annotated[Which, typer.Option(help="Only requests of which so much is priced.")] = Which.ALL,
    apply: Annotated[
        bool, typer.Option("--apply", help="Store the new figures beside the recorded ones.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """What past requests cost at the prices that are known now for their time.

    Nothing is stored without --apply; what was recorded stays in any case. It may be stopped and run again.
    """
    wish = _Wish(since=since, until=until, model=model, only=only, apply=apply)
    found = asyncio.run(_reprice(existing(config, data_dir), wish))
    if as_json:
        print_json(found)
        return
    if not found.models:
        note(f"There were no requests{_of(model)} between {found.since} and {found.until}.")
        return
    titles = ("requests", "recorded USD", "repriced USD", "difference", "was incomplete", "incomplete")
    columns = (Column("model", whole=True), *(Column(title, right=True) for title in titles))
    print_table(columns, [_cells(line) for line in found.models])
    total = found.total
    print(
        f"{counted(total.requests, 'request')} since {found.since}: recorded {total.recorded_usd} USD,"
        f" repriced {total.repriced_usd} USD."
    )
    if apply:
        note(f"{counted(total.changes, 'new figure')} stored beside what was recorded.")
    elif total.changes:
        note(f"{counted(total.changes, 'new figure')}; --apply stores them beside what was recorded.")


def _of(model: str | None) -> str:
    return "" if model is None else f" of {model}"


async def _reprice(settings: Settings, wish: _Wish) -> Repricing:
    async with catalog(settings) as (store, records):
        span = _span(store, wish)
        past = PastPrices(records.snapshot, declared(), packaged_almanac())
        repricings = Repricings(store.database, past, store.scribe)
        total, by_model = _Sums(), dict[str, _Sums]()
        async for batch in repricings.batches(span, int(store.clock.wall() * 1000)):
            for each in batch:
                total.add(each)
                by_model.setdefault(each.model, _Sums()).add(each)
            if wish.apply:
                await repricings.store(batch, _OPERATOR)
        return Repricing(
            since=iso(span.since_ms),
            until=iso(span.until_ms),
            applied=wish.apply,
            total=total.line("all"),
            models=tuple(sums.line(name) for name, sums in sorted(by_model.items())),
        )


def _span(store: Storehouse, wish: _Wish) -> Span:
    now_s = store.clock.wall()
    since_ms = ago_ms(wish.since, "--since", now_s)
    until_ms = int(now_s * 1000) + 1 if wish.until is None else ago_ms(wish.until, "--until", now_s)
    if until_ms <= since_ms:
        raise Stop("--until: the end is not after the beginning.", MISUSED)
    return Span(since_ms=since_ms, until_ms=until_ms, model=wish.model, which=wish.only)


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.model,
        str(line.requests),
        line.recorded_usd,
        line.repriced_usd,
        line.difference_usd,
        str(line.recorded_incomplete),
        str(line.incomplete),
    )


COMMANDS = {"reprice": reprice}
