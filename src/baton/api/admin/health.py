"""`/api/admin/ai/health`: how each provider and each of its models is, and how it was."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from pydantic import ConfigDict

from baton.api.bodies import Shown, moment, moment_or_none
from baton.api.callers import AdminCaller
from baton.api.condition import Condition, State
from baton.gateway.health.buckets import Percentiles
from baton.gateway.health.health import ProviderVitals
from baton.gateway.health.keeper import History, Keeper
from baton.gateway.health.series import Recovery, Status, Vitals
from baton.ledger.health.rows import LastError, Subject, Sums

PATH = "/api/admin/ai/health"
_NOTHING = Sums()


class PercentilesShown(Shown):
    """Of so many answers, within 5 % of the truth."""

    count: int
    p50_ms: int
    p95_ms: int
    p99_ms: int


class UptimeShown(Shown):
    """0-1, the mean of the minutes in which anything was asked; null where nothing was.

    `day` and `month` are of all processes, `hour` of this one.
    """

    hour: float | None
    day: float | None
    month: float | None


class LastErrorShown(Shown):
    """The last thing that went wrong, whether or not it was the provider's fault."""

    kind: str
    message: str
    http_status: int | None
    at: datetime


class RecoveryShown(Shown):
    """One outage that this process saw end: its first failure, and how long until the next success."""

    began: datetime
    took_ms: int


class RecoveriesShown(Shown):
    """Outages (three failures or more in a row) that ended within a month, in all processes.

    `last`: those of this process, oldest first.
    """

    count: int
    average_ms: int | None
    longest_ms: int | None
    last: list[RecoveryShown]


class VitalsShown(Shown):
    """How one provider or model is.

    `errorRate` (0-1) and `averageMs`, what callers waited, are of the window; `limited` counts its 429s.
    Calls and failures per minute are of the last one, `latency` and `firstToken` of the last 12 to 24 hours.
    `outageSince`: an outage goes on.
    """

    status: Status
    error_rate: float | None
    average_ms: int | None
    limited: int
    calls_per_minute: int
    failures_per_minute: int
    uptime: UptimeShown
    latency: PercentilesShown | None
    first_token: PercentilesShown | None
    last_success: datetime | None
    last_error: LastErrorShown | None
    outage_since: datetime | None
    recoveries: RecoveriesShown


class ModelHealthShown(VitalsShown):
    """One model that was asked of late."""

    name: str


class ProviderHealthShown(VitalsShown):
    """One provider. One of whose models is well is not `down`."""

    name: str
    configured: bool
    models: list[ModelHealthShown]


class HealthReport(Shown):
    """All configured providers, and others that were asked of late.

    `status` is that of `GET /api/ai/v2/health`. `historyKnown` false: the database is away, and with it the
    uptime of day and month and the count of recoveries.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "status": "degraded",
                "windowS": 600,
                "historyKnown": True,
                "providers": [
                    {
                        "name": "openai",
                        "configured": True,
                        "status": "down",
                        "errorRate": 0.75,
                        "averageMs": 812,
                        "limited": 0,
                        "callsPerMinute": 4,
                        "failuresPerMinute": 4,
                        "uptime": {"hour": 0.912, "day": 0.996, "month": 0.9991},
                        "latency": {"count": 1200, "p50Ms": 780, "p95Ms": 2400, "p99Ms": 4100},
                        "firstToken": {"count": 900, "p50Ms": 310, "p95Ms": 700, "p99Ms": 1500},
                        "lastSuccess": "2026-01-31T12:00:00Z",
                        "lastError": {
                            "kind": "provider_error",
                            "message": "The server is overloaded.",
                            "httpStatus": 503,
                            "at": "2026-01-31T12:04:00Z",
                        },
                        "outageSince": "2026-01-31T12:00:01Z",
                        "recoveries": {"count": 2, "averageMs": 41000, "longestMs": 62000, "last": []},
                        "models": [],
                    }
                ],
            }
        }
    )

    status: State
    window_s: float
    history_known: bool
    providers: list[ProviderHealthShown]


class HealthReports:
    """The route; admins only."""

    def __init__(self, condition: Condition, keeper: Keeper, window_s: float) -> None:
        self._condition = condition
        self._keeper = keeper
        self._window_s = window_s

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        to.add_api_route(
            PATH, self.report, methods=["GET"], response_model=HealthReport, tags=["Admin: reliability"]
        )

    async def report(self, _: AdminCaller) -> HealthReport:
        """Tell how every provider and model is: error rates, latencies, uptime, outages and recoveries.

        What is of the window, the hour and the last minute is of the process that answers.
        """
        history = await self._keeper.history()
        known = {each.name: each for each in self._condition.vitals()}
        configured = {each.name: each.configured for each in self._condition.providers()}
        names = sorted({*known, *(name for name, is_so in configured.items() if is_so)})
        past = _Past(history)
        return HealthReport(
            status=await self._condition.state(),
            window_s=self._window_s,
            history_known=history is not None,
            providers=[_provider(name, configured.get(name, False), known.get(name), past) for name in names],
        )


class _Past:
    """Day and month of everybody; nothing where the database is away."""

    def __init__(self, history: History | None) -> None:
        self._known = history is not None
        self._day: Mapping[Subject, Sums] = {} if history is None else history.day
        self._month: Mapping[Subject, Sums] = {} if history is None else history.month

    def uptime(self, subject: Subject, hour: float | None) -> UptimeShown:
        """Over all three; the first minute of a history is not over yet, so it is as the hour is."""
        latest = hour if self._known else None
        day, month = self._day.get(subject, _NOTHING).uptime, self._month.get(subject, _NOTHING).uptime
        return UptimeShown(
            hour=_share(hour),
            day=_share(latest if day is None else day),
            month=_share(latest if month is None else month),
        )

    def recoveries(self, subject: Subject, last: tuple[Recovery, ...]) -> RecoveriesShown:
        """A month's, and the last ones."""
        month = self._month.get(subject, _NOTHING)
        count = month.recoveries
        return RecoveriesShown(
            count=count,
            average_ms=round(month.recovery_ms / count) if count else None,
            longest_ms=month.longest_ms if count else None,
            last=[RecoveryShown(began=moment(each.began_ms), took_ms=each.took_ms) for each in last],
        )


def _provider(name: str, configured: bool, found: ProviderVitals | None, past: _Past) -> ProviderHealthShown:
    found = found or ProviderVitals(name=name, whole=Vitals(), models={})
    vitals = _vitals(Subject(name), found.whole, past)
    vitals["status"] = found.status
    return ProviderHealthShown(
        **vitals,
        name=name,
        configured=configured,
        models=[
            ModelHealthShown(**_vitals(Subject(name, model), each, past), name=model)
            for model, each in found.models.items()
        ],
    )


def _vitals(subject: Subject, vitals: Vitals, past: _Past) -> dict[str, Any]:
    return {
        "status": vitals.status,
        "error_rate": _share(vitals.error_rate),
        "average_ms": vitals.average_ms,
        "limited": vitals.limited,
        "calls_per_minute": vitals.calls_per_minute,
        "failures_per_minute": vitals.failures_per_minute,
        "uptime": past.uptime(subject, vitals.uptime),
        "latency": _percentiles(vitals.latency),
        "first_token": _percentiles(vitals.first_token),
        "last_success": moment_or_none(vitals.latest.success_ms),
        "last_error": _error(vitals.latest.error),
        "outage_since": moment_or_none(vitals.outage_since_ms),
        "recoveries": past.recoveries(subject, vitals.recoveries),
    }


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _percentiles(found: Percentiles | None) -> PercentilesShown | None:
    if found is None:
        return None
    return PercentilesShown(count=found.count, p50_ms=found.p50, p95_ms=found.p95, p99_ms=found.p99)


def _error(error: LastError | None) -> LastErrorShown | None:
    if error is None:
        return None
    return LastErrorShown(
        kind=error.kind, message=error.message, http_status=error.http_status, at=moment(error.at_ms)
    )
