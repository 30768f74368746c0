"""`baton rehearse`: what callers of a running Baton would see of a provider's outage."""

import asyncio
import re
from typing import Annotated

import typer
from msgspec import Struct

from baton.cli.line import Reach, ask, line_to, parsed
from baton.cli.stop import FAILED, MISUSED, Stop
from baton.cli.terminal import AsJson, Column, counted, print_json, print_table

_PATH = "/api/admin/ai/rehearsals"
_SPAN = re.compile(r"(\d{1,6})(s|m|h)?")
_UNITS_S = {None: 1, "s": 1, "m": 60, "h": 3600}


class SpreadView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of some times."""

    p50_ms: int
    p95_ms: int
    max_ms: int


class ShareView(Struct, frozen=True):
    """How many requests a model served."""

    model: str
    requests: int


class FailedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Requests that failed alike."""

    requests: int
    kind: str
    http_status: int
    message: str


class SideView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the requests fared."""

    served: int
    served_by: tuple[ShareView, ...]
    attempts: int
    latency: SpreadView | None
    cost_usd: str
    unpriced: int


class LineView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One model, asked whole or streamed."""

    model: str
    stream: bool
    requests: int
    usual: SideView
    outage: SideView
    moved: int
    down_attempts: int
    rescued: int
    added: SpreadView | None
    added_first: SpreadView | None
    failures: tuple[FailedView, ...]


class ReportView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The rehearsal, as the API tells it."""

    down: tuple[str, ...]
    fault: str
    for_s: float
    requests: int
    served: int
    failed: int
    verdict: str
    advice: tuple[str, ...]
    lines: tuple[LineView, ...]


def rehearse(
    down: Annotated[list[str], typer.Option(help="Provider that fails; may be given several times.")],
    fault: Annotated[
        str,
        typer.Option(help="A status, or silence, reset, slow, cut, stall, malformed, error, html, …"),
    ] = "503",
    lasts: Annotated[str, typer.Option("--for", help="How long it fails, e.g. 60s, 5m.")] = "60s",
    model: Annotated[
        list[str] | None,
        typer.Option(help="Model to ask; may be given several times. [default: auto and the most used]"),
    ] = None,
    requests: Annotated[int, typer.Option(help="Requests of each, spread over the time.")] = 10,
    stream: Annotated[
        bool | None, typer.Option("--stream/--whole", help="Ask for streams only, or for whole answers.")
    ] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """What callers of a running Baton would see of a provider's outage.

    Its configuration is the live one, its providers are simulated: nothing is asked for real, paid, or
    recorded. Ends with 1 if a request failed.
    """
    body = {
        "down": down,
        "fault": fault,
        "forS": _seconds(lasts),
        "models": model or [],
        "requests": requests,
        "stream": stream,
    }
    answer = asyncio.run(ask(line_to(reach), _PATH, method="POST", body=body))
    report = parsed(answer, ReportView)
    if as_json:
        print_json(report)
    else:
        _print(report)
    if report.failed:
        raise typer.Exit(FAILED)


def _print(report: ReportView) -> None:
    columns = (
        Column("asked"),
        Column("as", whole=True),
        Column("served", right=True),
        Column("usually by"),
        Column("then by"),
        Column("attempts", right=True),
        Column("rescued", right=True),
        Column("later p50", right=True),
        Column("p95", right=True),
        Column("max", right=True),
        Column("cost USD", right=True),
        Column("usually", right=True),
    )
    print_table(columns, [_cells(line) for line in report.lines])
    for line in report.lines:
        for failed in line.failures:
            way = "streamed" if line.stream else "whole"
            broken = "ended with an error" if failed.http_status < 400 else str(failed.http_status)
            print(f"{line.model}, {way}: {counted(failed.requests, 'request')} {broken}: {failed.message}")
    print(report.verdict)
    for advice in report.advice:
        print(advice)


def _cells(line: LineView) -> tuple[str, ...]:
    added = line.added
    times = ("-",) * 3 if added is None else (added.p50_ms, added.p95_ms, added.max_ms)
    return (
        line.model,
        "stream" if line.stream else "whole",
        f"{line.outage.served}/{line.requests}",
        _shares(line.usual),
        _shares(line.outage),
        str(line.outage.attempts),
        str(line.rescued) if line.stream else "-",
        *(each if isinstance(each, str) else f"{each / 1000:+.2f} s" for each in times),
        _cost(line.outage),
        _cost(line.usual),
    )


def _shares(side: SideView) -> str:
    if len(side.served_by) == 1:
        return side.served_by[0].model
    return ", ".join(f"{share.model} {share.requests}" for share in side.served_by) or "nobody"


def _cost(side: SideView) -> str:
    """With a mark where some of it is not known."""
    return f"{side.cost_usd}{'+?' if side.unpriced else ''}"


def _seconds(text: str) -> int:
    span = _SPAN.fullmatch(text.strip())
    if span is None:
        raise Stop(f"--for: {text!r} is no span; write e.g. 60s or 5m.", MISUSED)
    return int(span[1]) * _UNITS_S[span[2]]


COMMANDS = {"rehearse": rehearse}
