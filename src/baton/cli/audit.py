"""`baton audit`: examined and given out on the data folder, whether or not a server runs."""

import asyncio
import sys
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from baton.api.admin.audit_lines import Form
from baton.app import Storehouse, open_store
from baton.cli.installation import ConfigFile, DataDir, Place, existing
from baton.cli.moments import ago_ms
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, counted, iso, note, print_json, print_table
from baton.core.errors import Invalid
from baton.records.audit.entry import Actor, AuditFilter
from baton.records.audit.exports import Exports
from baton.records.audit.keys import AuditKeys
from baton.records.audit.trail import Trail
from baton.records.audit.verdict import Anchor, Verdict, anchor_of
from baton.records.audit.verification import Verification
from baton.records.audit.witness import Witness
from baton.settings import Settings
from baton.watch.alerts.alert import News
from baton.watch.alerts.audit import findings
from baton.watch.alerts.store import AlertStore

_OPERATOR = Actor(id="operator", source="cli")
"""Who has the data folder may do everything in it; there is nobody to name."""


class BreakView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that does not hold, and where."""

    flaw: str
    row: int | None
    person: str | None


class VerdictView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an examination found. Times in ISO 8601, UTC."""

    holds: bool
    rows: int
    begun_at: str | None
    older_rows: int
    anchor: str | None
    breaks: tuple[BreakView, ...]
    more: int
    took_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which changes are wanted."""

    since: Annotated[str | None, typer.Option(help="From when on, e.g. 7d, 12h or 2026-01-31.")] = None
    until: Annotated[str | None, typer.Option(help="Until when, exclusive.")] = None
    kind: Annotated[str | None, typer.Option(help="Only of this kind, e.g. model, api_key, user.")] = None
    key: Annotated[str | None, typer.Option(help="Only of the thing with this key.")] = None
    actor: Annotated[str | None, typer.Option(help="Only by the user of this id.")] = None
    action: Annotated[str | None, typer.Option(help="Only this action, e.g. create, delete.")] = None
    source: Annotated[str | None, typer.Option(help="Only from this address, or cli, start.")] = None
    text: Annotated[str | None, typer.Option(help="Only where this stands in the key.")] = None

    def filter(self, now_s: float) -> AuditFilter:
        """As the audit is asked.

        Raises:
            Stop: a time is none; exit code 2.
        """
        return AuditFilter(
            kind=self.kind,
            key=self.key,
            actor_id=self.actor,
            action=self.action,
            source=self.source,
            from_ms=None if self.since is None else ago_ms(self.since, "--since", now_s),
            to_ms=None if self.until is None else ago_ms(self.until, "--until", now_s),
            text=self.text,
        )


def verify(
    anchor: Annotated[
        str | None,
        typer.Option(help="The anchor that an earlier examination printed, or a file with it."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Examine the whole audit: whether it is what was written, all of it and nothing else.

    Exit code 1 where something does not hold; an alert is raised, too. Keep the anchor that is printed
    somewhere else: with it, a later examination finds also an older state that was put back whole.
    """
    meant = None if anchor is None else _anchor(anchor)
    view = asyncio.run(_verify(existing(config, data_dir), meant))
    if as_json:
        print_json(view)
    elif view.holds:
        older = f", {view.older_rows} of them older than the chain" if view.older_rows else ""
        rows = counted(view.rows, "row holds", "rows hold")
        print(f"{rows}{older}; the chain began {view.begun_at}. Examined in {view.took_ms / 1000:.1f} s.")
        print(f"anchor: {view.anchor}")
    else:
        columns = (Column("what"), Column("row", right=True), Column("person", whole=True))
        cells = [(each.flaw, str(each.row or ""), each.person or "") for each in view.breaks]
        print_table(columns, cells)
    if not view.holds:
        raise Stop(f"the audit does not verify: {counted(len(view.breaks) + view.more, 'break')}.")


def export(
    form: Annotated[Form, typer.Option("--format", help="How entries are written down.")] = Form.JSONL,
    *,
    wish: Wish,
    place: Place,
) -> None:
    """Write the audit to stdout, oldest first; this itself stands in the audit.

    Names are the API's. In CSV, what a spreadsheet could take for a formula has an apostrophe before it.
    """
    written = asyncio.run(_export(existing(place.config, place.data_dir), form, wish))
    note(f"{counted(written, 'entry', 'entries')} exported.")


async def _verify(settings: Settings, anchor: Anchor | None) -> VerdictView:
    async with open_store(settings) as store:
        witness = Witness(settings.data_dir)
        verification = Verification(store.database, AuditKeys.derived(store.secret.derive), witness)
        begun_s = store.clock.monotonic()
        verdict = await verification.run(anchor, _progress if sys.stderr.isatty() else None)
        took_ms = round((store.clock.monotonic() - begun_s) * 1000)
        await _alert(store, verdict, anchor)
    return VerdictView(
        holds=verdict.holds,
        rows=verdict.rows,
        begun_at=iso(verdict.begun_ms),
        older_rows=verdict.older_rows,
        anchor=None if verdict.anchor is None else str(verdict.anchor),
        breaks=tuple(BreakView(flaw=each.flaw, row=each.row, person=each.person) for each in verdict.breaks),
        more=verdict.more,
        took_ms=took_ms,
    )


async def _alert(store: Storehouse, verdict: Verdict, anchor: Anchor | None) -> None:
    """What was found is told to those who have to act, or that it is over."""
    now_ms = int(store.clock.wall() * 1000)
    news = {
        key: News(
            first_ms=now_ms,
            last_ms=now_ms,
            times=0 if words is None else 1,
            detail=words or "",
            resolved_ms=now_ms if words is None else None,
        )
        for key, words in findings(verdict, anchor)
    }
    await AlertStore(store.database, store.new_id).take(news)


async def _export(settings: Settings, form: Form, wish: Wish) -> int:
    """The number of entries written."""
    async with open_store(settings) as store:
        wanted = wish.filter(store.clock.wall())
        trail = Trail(store.database, AuditKeys.derived(store.secret.derive))
        pages = await Exports(store.database, trail, store.scribe, store.clock).begin(wanted, _OPERATOR)
        written = 0
        sys.stdout.write(form.head)
        async with aclosing(pages):
            async for entries in pages:
                sys.stdout.write(form.lines(entries))
                written += len(entries)
        sys.stdout.flush()
        return written


def _anchor(said: str) -> Anchor:
    """The anchor itself, or that of a file.

    Raises:
        Stop: it is neither; exit code 2.
    """
    path = Path(said)
    try:
        return anchor_of(path.read_text() if path.is_file() else said)
    except (OSError, UnicodeDecodeError, Invalid) as error:
        raise Stop(f"--anchor: {said!r} is no anchor, and no file that holds one.", MISUSED) from error


def _progress(rows: int) -> None:
    if rows % 10_000 == 0:
        note(f"{rows} rows …")


COMMANDS = {"verify": verify, "export": export}
