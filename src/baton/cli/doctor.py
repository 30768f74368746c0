"""`baton doctor`."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from msgspec import Struct

from baton.cli.circle import circular
from baton.cli.finding import Finding, State
from baton.cli.installation import ConfigFile, DataDir, config_file, overlooked, read_settings
from baton.cli.premises import premises
from baton.cli.reach import PROVIDERS, reach
from baton.cli.stop import FAILED
from baton.cli.terminal import AsJson, Column, counted, print_json, print_table
from baton.settings import Settings


class Diagnosis(Struct, frozen=True):
    """Everything that was found; not `ok` where something is broken."""

    ok: bool
    findings: tuple[Finding, ...]


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Ask no provider.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """What is configured, what is missing and what to set, and what is broken (then exit code 1).

    Changes nothing. Providers are asked for their models, which costs nothing.
    """
    settings = read_settings(config, data_dir)

    async def examine() -> tuple[Finding, ...]:
        here, there = await asyncio.gather(
            premises(settings, config_file(config)), reach(settings, offline=offline)
        )
        return (*here, *there, *_circles(settings), *_variables())

    findings = asyncio.run(examine())
    broken = sum(finding.state is State.BROKEN for finding in findings)
    if as_json:
        print_json(Diagnosis(ok=not broken, findings=findings))
    else:
        columns = (
            Column("state", whole=True),
            Column("area", whole=True),
            Column("name", folded=True),
            Column("finding", folded=True),
            Column("fix", folded=True),
        )
        print_table(columns, [_cells(finding) for finding in _folded(findings)])
        print(f"{broken} broken." if broken else "Nothing is broken.")
    if broken:
        raise typer.Exit(FAILED)


def _circles(settings: Settings) -> Iterator[Finding]:
    for each in circular(settings):
        yield Finding(
            area="environment",
            name=f"{each.name.upper()}_BASE_URL",
            state=State.BROKEN,
            what=f"{each.base_url} is where Baton itself listens",
            fix=f"unset {each.name.upper()}_BASE_URL; set it for the SDK alone",
        )


def _variables() -> Iterator[Finding]:
    for each in overlooked():
        yield Finding(area="environment", name=each.name, state=State.WARNING, what=each.what)


def _folded(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The same with all providers that nobody wants in one line."""
    off = [each for each in findings if each.area == PROVIDERS and each.state is State.OFF]
    rest = [each for each in findings if each not in off]
    yield from rest
    if off:
        names = ", ".join(each.name for each in off)
        lonely = not any(each.area == PROVIDERS for each in rest)
        so = ", so the simulated one answers" if lonely else ""
        yield Finding(
            area=PROVIDERS,
            name=f"all {len(off)}" if lonely else counted(len(off), "other"),
            state=State.OFF,
            what=f"not configured or switched off{so}: {names}",
            fix="<NAME>_API_KEY, or for local servers <NAME>_BASE_URL",
        )


def _cells(finding: Finding) -> tuple[str, ...]:
    return (finding.state.value, finding.area, finding.name, finding.what, finding.fix or "")


COMMANDS = {"doctor": doctor}
