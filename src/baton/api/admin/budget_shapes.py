"""Budgets as they are asked for and shown."""

from datetime import datetime
from typing import Annotated

from msgspec import structs
from pydantic import ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from baton.api.bodies import Asked, Shown, moment, moment_or_none
from baton.core.money import usd_text
from baton.gateway.admission.budgets import AtLimit, Budget, Scope
from baton.gateway.admission.periods import Period, Span
from baton.gateway.admission.statements import Statement
from baton.records.kind import Record
from baton.watch.alerts.milestones import Milestone

_EXAMPLE: dict[str, JsonValue] = {
    "scope": "user",
    "subject": None,
    "period": "month",
    "limitUsd": "100.00",
    "atLimit": "block",
    "warnAt": 0.8,
    "zone": "Europe/Berlin",
}
_ACCOUNT: dict[str, JsonValue] = {
    "subject": "0197c6a0-5f0e-7000-8000-000000000000",
    "settledUsd": "81.2504",
    "heldUsd": "0.0312",
    "leftUsd": "18.7184",
    "warnedAt": "2026-01-29T12:00:00Z",
    "exceededAt": None,
}

_Limit = Annotated[str, Field(max_length=20, description="USD, a decimal with at most nine places.")]
_Subject = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=255,
        description="A user's, key's or project's id, a tier, a provider, a model. Null: each has as much.",
    ),
]
_WarnAt = Annotated[float, Field(gt=0, le=1, description="The share of it at which people are warned.")]
_Zone = Annotated[str, Field(min_length=1, max_length=80, description="Whose midnight ends a period.")]


class BudgetAsked(Asked):
    """A budget as it shall be; what is left out is as usual."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    scope: Scope
    subject: _Subject = None
    period: Period
    limit_usd: _Limit
    at_limit: AtLimit = AtLimit.BLOCK
    warn_at: _WarnAt = 0.8
    zone: _Zone = "UTC"

    def value(self, name: str) -> Budget:
        """As it is kept."""
        return Budget(name=name, **self.model_dump())


class BudgetChanged(Asked):
    """What shall be different of a budget; what is left out stays."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, json_schema_extra={"example": {"warnAt": 0.5}}
    )

    limit_usd: _Limit = ""
    at_limit: AtLimit = AtLimit.BLOCK
    warn_at: _WarnAt = 0.8

    def value(self, budget: Budget) -> Budget:
        """A budget as it is after the change."""
        return structs.replace(budget, **self.model_dump(exclude_unset=True))


class AccountShown(Shown):
    """What became of one subject's money in this period. `leftUsd`: neither settled nor held."""

    model_config = ConfigDict(json_schema_extra={"example": _ACCOUNT})

    subject: str
    settled_usd: str
    held_usd: str
    left_usd: str
    warned_at: datetime | None
    exceeded_at: datetime | None


class BudgetShown(Shown):
    """A budget, and what became of it in this period. `accounts`: how many subjects have spent or hold
    something, together `settledUsd` and `heldUsd`; `fullest`: the one with most; null: nobody.
    `periodEnd` null: it is for a lifetime. `revision` is what a change wants as `If-Match`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "users",
                **_EXAMPLE,
                "revision": 1,
                "periodStart": "2025-12-31T23:00:00Z",
                "periodEnd": "2026-01-31T23:00:00Z",
                "accounts": 3,
                "settledUsd": "92.0001",
                "heldUsd": "0.0312",
                "fullest": _ACCOUNT,
            }
        }
    )

    name: str
    scope: Scope
    subject: str | None
    period: Period
    limit_usd: str
    at_limit: AtLimit
    warn_at: float
    zone: str
    revision: int
    period_start: datetime | None
    period_end: datetime | None
    accounts: int
    settled_usd: str
    held_usd: str
    fullest: AccountShown | None


class BudgetList(Shown):
    """All of them, ordered by name."""

    budgets: list[BudgetShown]


class AccountList(Shown):
    """A page, those that spend most first."""

    accounts: list[AccountShown]
    next_cursor: str | None


def account_shown(statement: Statement, milestone: Milestone) -> AccountShown:
    """One subject's account."""
    return AccountShown(
        subject=statement.debit.subject,
        settled_usd=usd_text(statement.settled_nanos),
        held_usd=usd_text(statement.held_nanos),
        left_usd=usd_text(statement.left_nanos),
        warned_at=moment_or_none(milestone.warned_ms),
        exceeded_at=moment_or_none(milestone.exceeded_ms),
    )


def budget_shown(
    record: Record[Budget], span: Span, statements: tuple[Statement, ...], fullest: AccountShown | None
) -> BudgetShown:
    """A budget with its accounts summed up."""
    budget = record.value
    return BudgetShown(
        name=budget.name,
        scope=budget.scope,
        subject=budget.subject,
        period=budget.period,
        limit_usd=budget.limit_usd,
        at_limit=budget.at_limit,
        warn_at=budget.warn_at,
        zone=budget.zone,
        revision=record.revision,
        period_start=moment(span.since_ms) if span.since_ms else None,
        period_end=moment_or_none(span.until_ms),
        accounts=len(statements),
        settled_usd=usd_text(sum(each.settled_nanos for each in statements)),
        held_usd=usd_text(sum(each.held_nanos for each in statements)),
        fullest=fullest,
    )
