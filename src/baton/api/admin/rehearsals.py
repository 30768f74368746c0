"""`POST /api/admin/ai/rehearsals`: an outage tried on the live configuration and simulated providers."""

import asyncio
from typing import Annotated

from fastapi import FastAPI, Request
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminCaller
from baton.api.visit import VISIT, Visit
from baton.core.errors import Refused
from baton.core.money import usd_text
from baton.core.request import MAX_MODEL_CHARS
from baton.watch.rehearsal.rehearsals import Rehearsals, Wish
from baton.watch.rehearsal.report import Failed, Line, Report, Share, Side, Spread
from baton.watch.rehearsal.scenario import MOST_LASTS_S

PATH = "/api/admin/ai/rehearsals"
_Model = Annotated[str, Field(min_length=1, max_length=MAX_MODEL_CHARS)]
_Provider = Annotated[str, Field(min_length=1, max_length=64)]


class RehearsalAsked(Asked):
    """An outage, and the requests that it befalls.

    `down`: providers, by name or alias. `fault`: a status or a kind of the simulated provider's faults, with
    settings behind it if any (`429;retry_after=20`). `models` empty: `auto` and those that callers have named
    most in the last week. `requests` of each model and way, spread evenly over `forS` seconds. `stream` null:
    whole and streamed.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        json_schema_extra={"example": {"down": ["openai"], "fault": "503", "forS": 60, "models": ["auto"]}},
    )

    down: Annotated[tuple[_Provider, ...], Field(min_length=1, max_length=8)]
    fault: Annotated[str, Field(min_length=1, max_length=200)] = "503"
    for_s: Annotated[float, Field(gt=0, le=MOST_LASTS_S)] = 60
    models: Annotated[tuple[_Model, ...], Field(max_length=16)] = ()
    requests: Annotated[int, Field(ge=1, le=500)] = 10
    stream: bool | None = None


class SpreadShown(Shown):
    """Of some times."""

    p50_ms: int
    p95_ms: int
    max_ms: int


class ShareShown(Shown):
    """How many requests a model served."""

    model: str
    requests: int


class FailedShown(Shown):
    """Requests that failed alike, and what the first caller saw: `httpStatus` 200 is a stream that had begun
    and ended with an error event."""

    requests: int
    kind: str
    http_status: int
    message: str


class SideShown(Shown):
    """How the requests fared; `latency` of those served, to the last byte, cost over all attempts."""

    served: int
    served_by: list[ShareShown]
    attempts: int
    latency: SpreadShown | None
    cost_usd: str
    unpriced: int


class LineShown(Shown):
    """One model, asked whole or streamed.

    `usual`: without the outage. `moved`: served by another model than then. `downAttempts`: at the providers
    that were down. `rescued`: streams that another went on with after they had begun. `added`: what the
    outage added to the last byte, `addedFirst` to a stream's first words.
    """

    model: str
    stream: bool
    requests: int
    usual: SideShown
    outage: SideShown
    moved: int
    down_attempts: int
    rescued: int
    added: SpreadShown | None
    added_first: SpreadShown | None
    failures: list[FailedShown]


class RehearsalShown(Shown):
    """What callers would have seen; `advice` says what to configure where requests failed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "down": ["openai"],
                "fault": "503",
                "forS": 60,
                "requests": 10,
                "served": 10,
                "failed": 0,
                "verdict": "All 10 requests would have been served while openai failed with 503 for 60 s, "
                "10 of them by another model than without the outage.",
                "advice": [],
                "lines": [
                    {
                        "model": "auto",
                        "stream": False,
                        "requests": 10,
                        "usual": {
                            "served": 10,
                            "servedBy": [{"model": "openai/gpt-6-sol", "requests": 10}],
                            "attempts": 10,
                            "latency": {"p50Ms": 2180, "p95Ms": 2180, "maxMs": 2180},
                            "costUsd": "0.0071",
                            "unpriced": 0,
                        },
                        "outage": {
                            "served": 10,
                            "servedBy": [{"model": "anthropic/claude-sonnet-5", "requests": 10}],
                            "attempts": 12,
                            "latency": {"p50Ms": 2380, "p95Ms": 3680, "maxMs": 3680},
                            "costUsd": "0.0072",
                            "unpriced": 0,
                        },
                        "moved": 10,
                        "downAttempts": 2,
                        "rescued": 0,
                        "added": {"p50Ms": 200, "p95Ms": 1500, "maxMs": 1500},
                        "addedFirst": None,
                        "failures": [],
                    }
                ],
            }
        }
    )

    down: list[str]
    fault: str
    for_s: float
    requests: int
    served: int
    failed: int
    verdict: str
    advice: list[str]
    lines: list[LineShown]


class RehearsalRoutes:
    """The route; admins only."""

    def __init__(self, rehearsals: Rehearsals) -> None:
        self._rehearsals = rehearsals

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        to.add_api_route(
            PATH, self.hold, methods=["POST"], response_model=RehearsalShown, tags=["Admin: reliability"]
        )

    async def hold(self, request: Request, caller: AdminCaller, asked: RehearsalAsked) -> RehearsalShown:
        """Rehearse an outage; the configuration is the live one, the providers are simulated.

        Nothing reaches a provider, the ledger, or the breakers and the health of those who serve. One at a
        time (409), for a minute at most; it ends when its client leaves.
        """
        visit: Visit = request.scope[VISIT]
        wish = Wish(
            down=asked.down,
            fault=asked.fault,
            lasts_s=asked.for_s,
            models=asked.models,
            requests=asked.requests,
            stream=asked.stream,
        )
        visit.ends(asyncio.current_task())
        try:
            return _shown(await self._rehearsals.hold(caller, wish))
        except asyncio.CancelledError:
            if not visit.gone:
                raise
            raise Refused("The client has left.") from None  # nobody is left to be told
        finally:
            visit.ends(None)


def _shown(report: Report) -> RehearsalShown:
    scenario = report.scenario
    return RehearsalShown(
        down=list(scenario.down),
        fault=scenario.fault,
        for_s=scenario.lasts_s,
        requests=report.requests,
        served=report.served,
        failed=report.failed,
        verdict=report.verdict,
        advice=list(report.advice),
        lines=[_line(line) for line in report.lines],
    )


def _line(line: Line) -> LineShown:
    return LineShown(
        model=line.question.model,
        stream=line.question.stream,
        requests=line.requests,
        usual=_side(line.usual),
        outage=_side(line.outage),
        moved=line.moved,
        down_attempts=line.at_down,
        rescued=line.rescued,
        added=_spread(line.added),
        added_first=_spread(line.added_first),
        failures=[_failed(each) for each in line.failures],
    )


def _side(side: Side) -> SideShown:
    return SideShown(
        served=side.served,
        served_by=[_share(each) for each in side.served_by],
        attempts=side.attempts,
        latency=_spread(side.latency),
        cost_usd=usd_text(side.cost_nanos),
        unpriced=side.unpriced,
    )


def _share(share: Share) -> ShareShown:
    return ShareShown(model=share.model, requests=share.requests)


def _spread(spread: Spread | None) -> SpreadShown | None:
    if spread is None:
        return None
    return SpreadShown(p50_ms=spread.p50_ms, p95_ms=spread.p95_ms, max_ms=spread.max_ms)


def _failed(failed: Failed) -> FailedShown:
    saw = failed.example
    return FailedShown(requests=failed.requests, kind=saw.kind, http_status=saw.status, message=saw.message)
