"""`baton backtest`: what rules, weights or prices would have done to a period, by a running Baton."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from baton.cli.backtest_views import MeanView, ReportView
from baton.cli.line import Reach, ask, line_to, parsed
from baton.cli.moments import ago_ms
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, iso, print_json, print_table

_PATH = "/api/admin/ai/backtests"
_TOP = 20
"""Use cases in the table; the JSON has all."""

_OTHERWISE = {
    "gone": "the model of then is no candidate any more",
    "budget": "a budget had another model asked",
    "rules": "rules, agents' routing or flags are others",
    "weights": "weights are others",
    "scores": "prices, quality, latency, health or feedback are others",
}


def backtest(
    rules: Annotated[
        Path,
        typer.Argument(
            metavar="rules",
            help="JSON: rules as `baton rules export` writes them, agents, weights, prices; - for stdin.",
        ),
    ],
    since: Annotated[
        str, typer.Option("--from", "--since", help="From when on, e.g. 7d, 12h or 2026-01-31.")
    ] = "30d",
    until: Annotated[
        str | None, typer.Option("--to", "--until", help="Until when, not included; now, if not given.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(help="Of more interactions draw about so many. [default: 100000]")
    ] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """What rules, weights or prices that are only proposed would have done to a period of the ledger.

    Every decision of the router's is made again, as things are and as proposed: cost, latency and quality
    with their 95 % intervals. Nothing is asked, changed or recorded.
    """
    now_s = time.time()
    body = {**_proposed(rules), "since": iso(ago_ms(since, "--from", now_s))}
    if until is not None:
        body["until"] = iso(ago_ms(until, "--to", now_s))
    if sample is not None:
        body["sample"] = sample
    answer = asyncio.run(ask(line_to(reach), _PATH, method="POST", body=body))
    report = parsed(answer, ReportView)
    if as_json:
        print_json(report)
    else:
        _print(report)


def _proposed(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{file} cannot be read: {error}.", MISUSED) from error
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        where = (
            f"line {error.lineno}, column {error.colno}: {error.msg}"
            if isinstance(error, json.JSONDecodeError)
            else str(error)
        )
        raise Stop(f"{file} is no JSON: {where}.", MISUSED) from error
    if not isinstance(found, dict):
        raise Stop(f"{file} holds no object with rules, agents, weights or prices.", MISUSED)
    return cast("dict[str, Any]", found)


def _print(report: ReportView) -> None:
    for line in _covered(report):
        print(line)
    if report.control.replayed:
        for table in (_print_figures, _print_models, _print_use_cases, _print_largest):
            print()
            table(report)
        print()
    for sentence in report.assumed:
        print(sentence)
    print(report.verdict)


def _covered(report: ReportView) -> Iterator[str]:
    seen, control = report.coverage, report.control
    told = {
        "named their model": seen.named,
        "came from the cache": seen.cached,
        "were not answered": seen.unanswered,
        "were decided by another version": seen.illegible,
        "find no model now": seen.nobody_now,
        "find no model as proposed": seen.refused,
    }
    left = "".join(f", {count} {what}" for what, count in told.items() if count)
    drawn = "" if seen.examined == seen.interactions else f" ({seen.examined} of them drawn)"
    period = f"{report.since} to {report.until}"
    yield f"{period}: {seen.interactions} interactions{drawn}, {seen.replayed} replayed{left}."
    for why, count in control.otherwise.items():
        yield f"{count} decided otherwise now than then: {_OTHERWISE.get(why, why)}."
    if control.kept_out:
        yield f"{control.kept_out} without models that a breaker or a budget kept out, as then."


def _print_figures(report: ReportView) -> None:
    cost, latency, quality = report.cost, report.latency, report.quality
    between = "" if cost.interval is None else f"{cost.interval.low} … {cost.interval.high}"
    lines = [
        ("cost USD", cost.happened_usd, cost.in_force_usd, cost.proposed_usd, cost.difference_usd, between),
        _mean("mean latency ms", latency, 0),
        (
            "median latency ms",
            *map(_text, (latency.happened_p50_ms, latency.in_force_p50_ms, latency.proposed_p50_ms)),
            "",
            "",
        ),
        _mean("quality, points", quality, 2),
    ]
    titles = ("happened", "in force", "proposed", "difference", "95 % interval")
    print_table((Column("", whole=True), *(Column(title, right=True) for title in titles)), lines)


def _mean(what: str, each: MeanView, digits: int) -> tuple[str, ...]:
    if not each.requests:
        return (what, "-", "-", "-", "-", "")
    between = ""
    if each.interval is not None:
        between = f"{each.interval.low:+.{digits}f} … {each.interval.high:+.{digits}f}"
    sides = (f"{side:.{digits}f}" for side in (each.happened, each.in_force, each.proposed))
    return (what, *sides, f"{each.difference:+.{digits}f}", between)


def _print_models(report: ReportView) -> None:
    titles = ("happened", "in force", "proposed", "gains", "loses", "answers", "p50 ms", "mean ms")
    columns = (Column("model", whole=True), *(Column(title, right=True) for title in titles))
    print_table(
        columns,
        [
            (
                each.model,
                *map(
                    str, (each.happened, each.in_force, each.proposed, each.gains, each.loses, each.answers)
                ),
                _text(each.p50_ms),
                "-" if each.mean_ms is None else f"{each.mean_ms:.0f}",
            )
            for each in report.models
        ],
    )


def _print_use_cases(report: ReportView) -> None:
    titles = ("requests", "moved", "in force USD", "proposed USD", "latency ms", "quality")
    columns = (Column("use case", whole=True), *(Column(title, right=True) for title in titles))
    print_table(
        columns,
        [
            (
                each.use_case or "(none)",
                str(each.requests),
                str(each.moved),
                each.cost_in_force_usd,
                each.cost_proposed_usd,
                _signed(each.latency_ms, 0),
                _signed(each.quality, 2),
            )
            for each in report.use_cases[:_TOP]
        ],
    )


def _print_largest(report: ReportView) -> None:
    columns = (
        Column("changes most", whole=True),
        Column("in force"),
        Column("proposed"),
        Column("cost USD", right=True),
        Column("latency ms", right=True),
        Column("quality", right=True),
    )
    print_table(
        columns,
        [
            (
                each.id,
                each.in_force,
                each.proposed,
                each.cost_usd,
                _signed(each.latency_ms, 0),
                _signed(each.quality, 2),
            )
            for each in report.largest
        ],
    )


def _signed(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:+.{digits}f}"


def _text(value: int | None) -> str:
    return "-" if value is None else str(value)


COMMANDS = {"backtest": backtest}
