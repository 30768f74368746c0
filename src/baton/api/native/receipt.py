"""`/api/interactions/{id}/receipt`: why this model, who else, which attempts, at what cost."""

from datetime import datetime
from typing import Any

from fastapi import FastAPI

from baton.access.identity.ownership import Thing, reach
from baton.api.bodies import Shown, moment, moment_or_none, usd
from baton.api.callers import ReadingCaller
from baton.api.native.interaction_shown import AttemptShown, PriceUsedShown, RepricedShown, interaction_detail
from baton.api.native.suggestion import RankedShown, WeighedShown, ranked_shown, weighed_shown
from baton.core.money import usd_text
from baton.core.task import level_of
from baton.gateway.admission.budgets import Scope
from baton.gateway.routing.decision import AUTO
from baton.gateway.routing.noted import NotedDecision
from baton.watch.explanation import Explanation, Explanations, Touched

_OWN = frozenset({Scope.USER, Scope.KEY, Scope.PROJECT})
PATH = "/api/interactions/{interaction_id}/receipt"


class LeftOutShown(Shown):
    """Models that could not serve it, by the reason."""

    reason: str
    models: list[str]


class ChoiceShown(Shown):
    """How its model was chosen; `source`: whose word it was, null where an older version did not note it.
    What was weighed is null where nothing was. `notConfigured`: providers whose models could not be called.
    """

    model: str | None
    source: str | None
    reasoning: str | None
    task_type: str | None
    complexity: float | None
    level: str | None
    strong_model_gain: float | None
    evidence: list[str]
    weights: WeighedShown | None
    budget_pressure: float | None
    candidates: int | None
    ranked: list[RankedShown]
    fallbacks: list[str]
    not_configured: list[str]
    left_out: list[LeftOutShown]


class MoneyShown(Shown):
    """What it was estimated at and what it cost, USD; `pricing`: whether all of it has a price."""

    estimated_cost_usd: str | None
    cost_usd: str
    input_cost_usd: str
    output_cost_usd: str
    pricing: str
    price: PriceUsedShown | None
    price_version: str | None
    repriced: RepricedShown | None


class CountedAgainst(Shown):
    """A budget that it counted against, as budgets are today; `settledUsd` null: that period is over."""

    budget: str
    scope: str
    subject: str
    limit_usd: str
    settled_usd: str | None
    period_ends: datetime | None


class TimesShown(Shown):
    """Milliseconds."""

    response_time_ms: int | None
    upstream_ms: int | None
    first_token_ms: int | None
    overhead_ms: float | None


class Receipt(Shown):
    """One interaction, explained."""

    id: str
    created_at: datetime
    requested_model: str
    use_case: str | None
    agent: str | None
    tier: str
    status: str
    served_by: str | None
    choice: ChoiceShown
    attempts: list[AttemptShown]
    fallback_reason: str | None
    money: MoneyShown
    budgets: list[CountedAgainst]
    times: TimesShown


class ReceiptRoutes:
    """Own interactions for everybody; everybody's for admins."""

    def __init__(self, explanations: Explanations) -> None:
        self._explanations = explanations

    def attach(self, to: FastAPI) -> None:
        """Add the route."""
        to.add_api_route(PATH, self.receipt, methods=["GET"], response_model=Receipt, tags=["Interactions"])

    async def receipt(self, caller: ReadingCaller, interaction_id: str) -> Receipt:
        """Explain one interaction: why this model, who else was considered and why not, which attempts, what
        it cost by which prices, and which budgets it counted against."""
        whose = reach(caller, Thing.INTERACTION)
        return _shown(await self._explanations.of(interaction_id, whose), whole=whose is None)


def _shown(explained: Explanation, *, whole: bool) -> Receipt:
    """`whole`: also what the house has spent, which is not for everybody."""
    detail, row = interaction_detail(explained.whole), explained.whole.interaction
    served = None if row.provider is None else f"{row.provider}/{row.model}"
    return Receipt(
        id=row.id,
        created_at=moment(row.at_ms),
        requested_model=row.requested_model,
        use_case=row.use_case,
        agent=row.agent,
        tier=row.tier,
        status=row.status,
        served_by=served,
        choice=ChoiceShown(
            reasoning=row.decision,
            task_type=row.task_type,
            complexity=row.complexity,
            level=None if row.complexity is None else level_of(row.complexity).value,
            **_weighed(explained.decision, explained),
        ),
        attempts=detail.attempts,
        fallback_reason=row.fallback_reason,
        money=MoneyShown(
            estimated_cost_usd=detail.estimated_cost_usd,
            cost_usd=detail.cost_usd,
            input_cost_usd=detail.input_cost_usd,
            output_cost_usd=detail.output_cost_usd,
            pricing=detail.pricing,
            price=detail.price,
            price_version=detail.price_version,
            repriced=detail.repriced,
        ),
        budgets=[_counted(each) for each in explained.touched if whole or each.debit.budget.scope in _OWN],
        times=TimesShown(
            response_time_ms=detail.response_time_ms,
            upstream_ms=detail.upstream_ms,
            first_token_ms=detail.first_token_ms,
            overhead_ms=detail.overhead_ms,
        ),
    )


def _weighed(decision: NotedDecision | None, explained: Explanation) -> dict[str, Any]:
    """What of a choice only the note knows."""
    if decision is None:
        attempts = explained.whole.attempts
        return {
            "model": f"{attempts[0].provider}/{attempts[0].model}" if attempts else None,
            "source": "named" if explained.whole.interaction.requested_model != AUTO else None,
            "strong_model_gain": None,
            "evidence": [],
            "weights": None,
            "budget_pressure": None,
            "candidates": None,
            "ranked": [],
            "fallbacks": [],
            "not_configured": [],
            "left_out": [],
        }
    return {
        "model": decision.chosen,
        "source": decision.source.value,
        "strong_model_gain": decision.ask.gain,
        "evidence": list(decision.ask.evidence),
        "weights": weighed_shown(decision.weights),
        "budget_pressure": decision.ask.pressure,
        "candidates": decision.candidates,
        "ranked": [ranked_shown(each.model, each, each.estimate) for each in decision.ranked],
        "fallbacks": list(decision.fallbacks),
        "not_configured": list(decision.not_configured),
        "left_out": [
            LeftOutShown(reason=reason, models=list(models)) for reason, models in decision.left_out.items()
        ],
    }


def _counted(touched: Touched) -> CountedAgainst:
    debit = touched.debit
    return CountedAgainst(
        budget=debit.budget.name,
        scope=debit.budget.scope.value,
        subject=debit.subject,
        limit_usd=usd_text(debit.budget.limit_nanos),
        settled_usd=usd(touched.settled_nanos),
        period_ends=moment_or_none(debit.account.until_ms),
    )
