"""`/api/me/budgets`, `/api/me/budget`, `/api/me/alerts`: what one may spend, has spent, and means to."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import FastAPI
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.api.bodies import Asked, Shown, moment_or_none
from baton.api.callers import AccountActor, AccountCaller, ReadingCaller
from baton.core.caller import Caller
from baton.core.money import usd_text
from baton.gateway.admission.budgets import Scope
from baton.gateway.admission.own import OWN, OwnBudgets
from baton.gateway.admission.periods import Period
from baton.gateway.admission.statements import Statement

BUDGETS = "/api/me/budgets"
BUDGET = "/api/me/budget"
ALERTS = "/api/me/alerts"
_TAG = "Me"


class OwnBudgetShown(Shown):
    """What may be spent in this period, and was. `subject`: one's own id, that of this key, or a project's.
    `soft`: one's own limit, which refuses nothing. `resetsAt` null: it is for a lifetime.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "users",
                "scope": "user",
                "subject": "0197c6a0-5f0e-7000-8000-000000000000",
                "period": "month",
                "limitUsd": "100",
                "spentUsd": "81.2504",
                "heldUsd": "0.0312",
                "leftUsd": "18.7184",
                "resetsAt": "2026-02-01T00:00:00Z",
                "soft": False,
            }
        }
    )

    name: str
    scope: Scope
    subject: str
    period: Period
    limit_usd: str
    spent_usd: str
    held_usd: str
    left_usd: str
    resets_at: datetime | None
    soft: bool


class OwnBudgetList(Shown):
    """Hard ones first, then one's own limit where there is one."""

    budgets: list[OwnBudgetShown]


class OwnLimitAsked(Asked):
    """What one means to spend in a month; null: no such limit."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"limitUsd": "20.00"}},
    )

    limit_usd: Annotated[str, Field(max_length=20)] | None


class OwnAlertShown(Shown):
    """A budget that runs out. `critical`: nothing is left of a hard one. Amounts are USD."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "level": "warning",
                "message": "81.2504 of 100 USD of the budget users are spent.",
                "budget": "users",
                "currentSpend": "81.2504",
                "budgetLimit": "100",
                "percentage": 81.3,
                "resetsAt": "2026-02-01T00:00:00Z",
            }
        }
    )

    level: Literal["warning", "critical"]
    message: str
    budget: str
    current_spend: str
    budget_limit: str
    percentage: float
    resets_at: datetime | None


class OwnAlertList(Shown):
    """Those of the periods that it is now."""

    alerts: list[OwnAlertShown]


class OwnBudgetRoutes:
    """Everybody for themselves."""

    def __init__(self, own: OwnBudgets) -> None:
        self._own = own

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(BUDGETS, self.list, methods=["GET"], response_model=OwnBudgetList, tags=[_TAG])
        to.add_api_route(BUDGET, self.limit, methods=["PUT"], response_model=OwnBudgetList, tags=[_TAG])
        to.add_api_route(ALERTS, self.alerts, methods=["GET"], response_model=OwnAlertList, tags=[_TAG])

    async def list(self, caller: ReadingCaller) -> OwnBudgetList:
        """List what one may spend and has spent: oneself, with this key, and in one's projects."""
        return await self._listed(caller)

    async def limit(self, caller: AccountCaller, actor: AccountActor, asked: OwnLimitAsked) -> OwnBudgetList:
        """Say what one means to spend in a month: it warns and refuses nothing, and is never above what an
        admin has set."""
        await self._own.limit(caller, asked.limit_usd, actor)
        return await self._listed(caller)

    async def alerts(self, caller: ReadingCaller) -> OwnAlertList:
        """List which of one's budgets run out."""
        soft = await self._own.soft(caller)
        found = (*await self._own.hard(caller), *(() if soft is None else (soft,)))
        return OwnAlertList(alerts=[_alert(each) for each in found if _warns(each)])

    async def _listed(self, caller: Caller) -> OwnBudgetList:
        soft = await self._own.soft(caller)
        found = (*await self._own.hard(caller), *(() if soft is None else (soft,)))
        return OwnBudgetList(budgets=[own_budget_shown(each) for each in found])


def _warns(each: Statement) -> bool:
    return each.settled_nanos >= each.debit.account.cap_nanos * each.debit.budget.warn_at


def own_budget_shown(each: Statement) -> OwnBudgetShown:
    """What somebody has spent, and has left."""
    budget = each.debit.budget
    return OwnBudgetShown(
        name=budget.name,
        scope=budget.scope,
        subject=each.debit.subject,
        period=budget.period,
        limit_usd=budget.limit_usd,
        spent_usd=usd_text(each.settled_nanos),
        held_usd=usd_text(each.held_nanos),
        left_usd=usd_text(each.left_nanos),
        resets_at=moment_or_none(each.debit.account.until_ms),
        soft=budget.name == OWN,
    )


def _alert(each: Statement) -> OwnAlertShown:
    budget, account = each.debit.budget, each.debit.account
    spent = usd_text(each.settled_nanos)
    is_over = each.settled_nanos >= account.cap_nanos and budget.name != OWN
    what = "your own limit" if budget.name == OWN else f"the budget {budget.name}"
    return OwnAlertShown(
        level="critical" if is_over else "warning",
        message=f"{spent} of {budget.limit_usd} USD of {what} are spent.",
        budget=budget.name,
        current_spend=spent,
        budget_limit=budget.limit_usd,
        percentage=round(100 * each.settled_nanos / account.cap_nanos, 1) if account.cap_nanos else 100.0,
        resets_at=moment_or_none(account.until_ms),
    )
