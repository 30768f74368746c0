"""`baton health`: how the providers of a running Baton are, and their models."""

import asyncio
from collections.abc import Iterator

from msgspec import Struct

from baton.cli.line import Reach, ask, line_to, parsed
from baton.cli.terminal import AsJson, Column, print_json, print_table

_PATH = "/api/admin/ai/health"
_INDENT = "  "
_MOST_WORDS = 60
"""Of an error; all of it is in the JSON."""


class PercentilesView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of so many answers."""

    count: int
    p50_ms: int
    p95_ms: int
    p99_ms: int


class UptimeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """0-1; None where nothing is known."""

    hour: float | None
    day: float | None
    month: float | None


class ErrorView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The last error."""

    kind: str
    message: str
    http_status: int | None
    at: str


class RecoveryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An outage that is over."""

    began: str
    took_ms: int


class RecoveriesView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Outages that ended within a month."""

    count: int
    average_ms: int | None
    longest_ms: int | None
    last: tuple[RecoveryView, ...]


class VitalsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a provider or a model is, as the API tells it."""

    name: str
    status: str
    error_rate: float | None
    average_ms: int | None
    limited: int
    calls_per_minute: int
    failures_per_minute: int
    uptime: UptimeView
    latency: PercentilesView | None
    first_token: PercentilesView | None
    last_success: str | None
    last_error: ErrorView | None
    outage_since: str | None
    recoveries: RecoveriesView


class ProviderView(VitalsView, frozen=True, kw_only=True):
    """A provider with its models."""

    configured: bool
    models: tuple[VitalsView, ...]


class ReportView(Struct, frozen=True, kw_only=True, rename="camel"):
    """All of them."""

    status: str
    window_s: float
    history_known: bool
    providers: tuple[ProviderView, ...]


def health(as_json: AsJson = False, *, reach: Reach) -> None:
    """How the providers of a running Baton are, and their models.

    Errors and the mean are of the last minutes, latencies (95th percentile) of half a day to a day.
    """
    answer = asyncio.run(ask(line_to(reach), _PATH))
    report = parsed(answer, ReportView)
    if as_json:
        print_json(report)
        return
    columns = (
        Column("provider", whole=True),
        Column("status", whole=True),
        Column("errors", right=True),
        Column("mean", right=True),
        Column("p95", right=True),
        Column("first token", right=True),
        Column("calls/min", right=True),
        Column("up hour", right=True),
        Column("day", right=True),
        Column("month", right=True),
        Column("last error"),
    )
    print_table(columns, [_cells(*each) for each in _lines(report)])
    print(f"Baton is {report.status}.")
    if not report.history_known:
        print("Its database is away: the uptime of day and month is not known.")


def _lines(report: ReportView) -> Iterator[tuple[str, VitalsView]]:
    for provider in report.providers:
        yield provider.name, provider
        for model in provider.models:
            yield _INDENT + model.name, model


def _cells(name: str, vitals: VitalsView) -> tuple[str, ...]:
    return (
        name,
        vitals.status,
        _share(vitals.error_rate),
        _seconds(vitals.average_ms),
        _seconds(None if vitals.latency is None else vitals.latency.p95_ms),
        _seconds(None if vitals.first_token is None else vitals.first_token.p95_ms),
        str(vitals.calls_per_minute),
        _share(vitals.uptime.hour),
        _share(vitals.uptime.day),
        _share(vitals.uptime.month),
        _error(vitals.last_error),
    )


def _share(share: float | None) -> str:
    """Never rounded up to all, nor down to nothing."""
    if share is None:
        return "-"
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{min(0.9999, max(0.0001, share)):.2%}"


def _seconds(duration_ms: int | None) -> str:
    return "-" if duration_ms is None else f"{duration_ms / 1000:.2f} s"


def _error(error: ErrorView | None) -> str:
    if error is None:
        return ""
    words = error.message if len(error.message) <= _MOST_WORDS else f"{error.message[: _MOST_WORDS - 1]}…"
    status = "" if error.http_status is None else f" {error.http_status}"
    return f"{error.at.removesuffix('Z').partition('.')[0]}Z{status} {words}"


COMMANDS = {"health": health}
