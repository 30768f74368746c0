"""What those are told for whom there is no money."""

from baton.catalog.lookup import Offer
from baton.core.errors import OverBudget, Unservable
from baton.core.money import usd_text
from baton.gateway.admission.accounts import Short
from baton.gateway.admission.budgets import OF_MODELS, AtLimit, Debit, Scope
from baton.gateway.admission.periods import Period

_OWN = frozenset({Scope.USER, Scope.KEY, Scope.PROJECT})
"""Whose sums their owners may know."""

_WHOSE = {
    Scope.ALL: "everybody",
    Scope.USER: "this user",
    Scope.KEY: "this key",
    Scope.TIER: "this tier",
    Scope.PROJECT: "this project",
    Scope.PROVIDER: "this provider",
    Scope.MODEL: "this model",
}
_PERIODS = {Period.DAY: "daily", Period.MONTH: "monthly", Period.LIFETIME: "lifetime"}


def over_budget(short: Short, debit: Debit) -> OverBudget:
    """What a caller is told whom a budget refuses."""
    budget = debit.budget
    ends_ms = debit.account.until_ms
    left = "too little left"
    if budget.scope in _OWN:
        left = f"{usd_text(max(short.free_nanos, 0))} of {budget.limit_usd} USD left, too little"
    return OverBudget(
        f"The {_PERIODS[budget.period]} budget of {_WHOSE[budget.scope]} ({budget.name}) has {left} for"
        " this request.",
        downgrades=budget.at_limit is AtLimit.DOWNGRADE,
        ends_ms=ends_ms,
        spent=debit.subject if budget.scope in OF_MODELS else None,
    )


def too_dear(offer: Offer, left_nanos: int) -> OverBudget:
    """Where a request's own most is too little."""
    return OverBudget(
        f"{offer.id} cannot answer for the {usd_text(max(left_nanos, 0))} USD that are left of what the"
        " request may cost at most.",
        code="max_cost_exceeded",
    )


def unpriced(offer: Offer) -> Unservable:
    """Where a budget is to hold and nobody knows the price (decision 3)."""
    reason = "no price is known for it, nor for any other model of its provider"
    return Unservable(
        f"{offer.id} cannot be asked: budgets are to hold, and {reason}.", {offer.id: reason}, code="unpriced"
    )
