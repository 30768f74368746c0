"""The rows of health: added to by every process, read at a start and by whoever looks."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import RowMapping, Select, delete, func, or_, select, text

from baton.ledger.health.rows import Findings, Histogram, LastError, Latest, Subject, Sums
from baton.ledger.health.tables import HOURS, LATEST, TIMES
from baton.storage.database import Database

_ADDED = ("calls", "failures", "limited", "minutes", "well", "recoveries", "recovery_ms")
_LATENCY, _FIRST_TOKEN = "latency", "first_token"

_KEY = "provider, model, hour"
_ADD_HOUR = text(
    f"INSERT INTO health_hours ({_KEY}, {', '.join(_ADDED)}, longest_ms)"  # noqa: S608  names of ours
    f" VALUES (:provider, :model, :hour, {', '.join(f':{name}' for name in _ADDED)}, :longest_ms)"
    f" ON CONFLICT ({_KEY}) DO UPDATE SET"
    f" {', '.join(f'{name} = health_hours.{name} + excluded.{name}' for name in _ADDED)},"
    " longest_ms = CASE WHEN excluded.longest_ms > health_hours.longest_ms"
    " THEN excluded.longest_ms ELSE health_hours.longest_ms END"
)
_ADD_TIME = text(
    f"INSERT INTO health_times ({_KEY}, measure, bucket, answers)"  # noqa: S608  names of ours
    " VALUES (:provider, :model, :hour, :measure, :bucket, :answers)"
    f" ON CONFLICT ({_KEY}, measure, bucket) DO UPDATE SET answers = health_times.answers + excluded.answers"
)
_ERROR = ("error_kind", "error_message", "error_status", "error_ms")
_KEEP_LATEST = text(
    "INSERT INTO health_latest"  # noqa: S608  names of ours
    " (provider, model, success_ms, error_ms, error_kind, error_message, error_status)"
    " VALUES (:provider, :model, :success_ms, :error_ms, :error_kind, :error_message, :error_status)"
    " ON CONFLICT (provider, model) DO UPDATE SET"
    " success_ms = CASE WHEN excluded.success_ms > health_latest.success_ms"
    " THEN excluded.success_ms ELSE health_latest.success_ms END, "
    + ", ".join(
        f"{name} = CASE WHEN excluded.error_ms > health_latest.error_ms"
        f" THEN excluded.{name} ELSE health_latest.{name} END"
        for name in _ERROR
    )
)


class HealthStore:
    """Adds and looks up. All raises `Unavailable` as the database does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, findings: Findings) -> None:
        """Add what a process has counted, in one transaction; what others add meanwhile is kept."""
        async with self._database.write() as connection:
            for statement, rows in (
                (_ADD_HOUR, list(_hour_rows(findings))),
                (_ADD_TIME, list(_time_rows(findings))),
                (_KEEP_LATEST, list(_latest_rows(findings))),
            ):
                if rows:
                    await connection.execute(statement, rows)

    async def sums(self, first: int, last: int) -> dict[Subject, Sums]:
        """What all processes have counted in the hours `first` to `last`, both inclusive; no histograms."""
        table = HOURS.c
        totals = [func.sum(table[name]).label(name) for name in _ADDED]
        query = (
            select(table.provider, table.model, *totals, func.max(table.longest_ms).label("longest_ms"))
            .where(table.hour.between(first, last))
            .group_by(table.provider, table.model)
        )
        return {
            Subject(row["provider"], row["model"]): Sums(
                calls=int(row["calls"]),
                failures=int(row["failures"]),
                limited=int(row["limited"]),
                minutes=int(row["minutes"]),
                well=int(row["well"]),
                recoveries=int(row["recoveries"]),
                recovery_ms=int(row["recovery_ms"]),
                longest_ms=int(row["longest_ms"]),
            )
            for row in await self._rows(query)
        }

    async def times(self, first: int, last: int) -> dict[Subject, tuple[Histogram, Histogram]]:
        """Latencies and times to the first token of the hours from `first` to `last`."""
        table = TIMES.c
        query = (
            select(
                table.provider,
                table.model,
                table.measure,
                table.bucket,
                func.sum(table.answers).label("answers"),
            )
            .where(table.hour.between(first, last))
            .group_by(table.provider, table.model, table.measure, table.bucket)
        )
        found: dict[Subject, tuple[Histogram, Histogram]] = {}
        for row in await self._rows(query):
            pair = found.setdefault(Subject(row["provider"], row["model"]), ({}, {}))
            pair[row["measure"] == _FIRST_TOKEN][row["bucket"]] = int(row["answers"])
        return found

    async def latest(self) -> dict[Subject, Latest]:
        """The last success and the last error of everybody."""
        return {
            Subject(row["provider"], row["model"]): Latest(
                success_ms=row["success_ms"] or None,
                error=LastError(
                    at_ms=row["error_ms"],
                    kind=row["error_kind"],
                    message=row["error_message"],
                    http_status=row["error_status"],
                )
                if row["error_ms"]
                else None,
            )
            for row in await self._rows(select(LATEST))
        }

    async def prune(self, *, before: int, times_before: int, after: int) -> None:
        """Forget hours before `before`, histograms before `times_before`, and what lies behind `after`, where
        a clock was wrong. Who has had no hour since is forgotten too."""
        oldest_ms = before * 3_600_000
        async with self._database.write() as connection:
            await connection.execute(delete(HOURS).where(or_(HOURS.c.hour < before, HOURS.c.hour > after)))
            await connection.execute(
                delete(TIMES).where(or_(TIMES.c.hour < times_before, TIMES.c.hour > after))
            )
            await connection.execute(
                delete(LATEST).where(LATEST.c.success_ms < oldest_ms, LATEST.c.error_ms < oldest_ms)
            )

    async def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[RowMapping]:
        async with self._database.read() as connection:
            return (await connection.execute(query)).mappings().all()


def _hour_rows(findings: Findings) -> Iterator[dict[str, object]]:
    for (subject, hour), sums in findings.hours.items():
        counted = {name: getattr(sums, name) for name in (*_ADDED, "longest_ms")}
        yield {**_named(subject), "hour": hour, **counted}


def _time_rows(findings: Findings) -> Iterator[dict[str, object]]:
    for (subject, hour), sums in findings.hours.items():
        for measure, histogram in ((_LATENCY, sums.latency), (_FIRST_TOKEN, sums.first_token)):
            for bucket, count in histogram.items():
                yield {
                    **_named(subject),
                    "hour": hour,
                    "measure": measure,
                    "bucket": bucket,
                    "answers": count,
                }


def _latest_rows(findings: Findings) -> Iterator[dict[str, object]]:
    for subject, latest in findings.latest.items():
        error = latest.error
        yield {
            **_named(subject),
            "success_ms": latest.success_ms or 0,
            "error_ms": error.at_ms if error else 0,
            "error_kind": error.kind if error else "",
            "error_message": error.message if error else "",
            "error_status": error.http_status if error else None,
        }


def _named(subject: Subject) -> dict[str, object]:
    return {"provider": subject.provider, "model": subject.model}
