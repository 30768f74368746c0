"""Budgets as admins make them, and which of them a call concerns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct, field

from baton.catalog.lookup import Offer
from baton.core.caller import Caller, KeyBudget
from baton.core.errors import Invalid
from baton.core.money import nanos_from_usd, usd_text
from baton.gateway.admission.accounts import Account
from baton.gateway.admission.periods import Period, span_at
from baton.records.kind import RecordKind

_USD = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_KEYS_OWN = "@key"
"""What budgets that keys carry are called; no other budget can have the name."""

_MOST_REMEMBERED = 20_000
"""Callers and models whose accounts are at hand; each is a few hundred bytes."""


class Scope(StrEnum):
    """Whose money it is."""

    ALL = "all"
    USER = "user"
    KEY = "key"
    TIER = "tier"
    PROJECT = "project"
    PROVIDER = "provider"
    MODEL = "model"


OF_MODELS = frozenset({Scope.MODEL, Scope.PROVIDER})
"""Of what is asked, and of nobody who asks: where it is spent, others are asked."""


class AtLimit(StrEnum):
    """What becomes of a request that a budget has too little left for."""

    BLOCK = "block"
    DOWNGRADE = "downgrade"
    """A cheaper model answers, where there is one, even if another was named."""


class Budget(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """So much money for a period. It is hard: what is spent and held together never is more."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    scope: Scope
    subject: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    """Whose: a user's, key's or project's id, a tier, a provider, a model's `provider/name`. None: each one
    has as much, but for those with a budget of the same scope and period of their own; a label that requests
    have in a project's place is nobody, unless a budget names it."""
    period: Period
    limit_usd: str = field(name="limitUsd")
    """Decimal, e.g. `100.00`."""
    at_limit: AtLimit = AtLimit.BLOCK
    warn_at: Annotated[float, Meta(gt=0, le=1)] = 0.8
    """The share of it at which people are warned."""
    zone: str = "UTC"
    """Whose midnight ends a day, e.g. `Europe/Berlin`."""

    @property
    def limit_nanos(self) -> int:
        """The limit in nano-USD."""
        return nanos_from_usd(self.limit_usd)


def budgets_kind() -> RecordKind[Budget]:
    """The kind `budgets`; its key is the budget's name."""
    return RecordKind(name="budgets", type=Budget, key=lambda budget: budget.name, check=_check)


class FirstLimits(Struct, frozen=True, kw_only=True):
    """Budgets of a new installation, USD."""

    project: Decimal
    """For the lifetime of each."""
    user: Decimal
    """For each one's month."""
    daily: Decimal
    """For all in a day."""


def first_budgets(limits: FirstLimits) -> tuple[Budget, ...]:
    """Those that a new installation begins with."""
    return (
        Budget(name="projects", scope=Scope.PROJECT, period=Period.LIFETIME, limit_usd=f"{limits.project:f}"),
        Budget(name="users", scope=Scope.USER, period=Period.MONTH, limit_usd=f"{limits.user:f}"),
        Budget(name="everybody", scope=Scope.ALL, period=Period.DAY, limit_usd=f"{limits.daily:f}"),
    )


def check_usd(limit_usd: str) -> None:
    """Let nothing by that is no limit.

    Raises:
        Invalid: `param` is `limitUsd`.
    """
    if _USD.fullmatch(limit_usd) is None:
        raise Invalid("The limit is an amount in USD such as 100.00, to the nano-dollar.", param="limitUsd")


def _check(budget: Budget) -> None:
    check_usd(budget.limit_usd)
    if budget.scope is Scope.ALL and budget.subject is not None:
        raise Invalid("The budget of all has no subject.", param="subject")
    try:
        ZoneInfo(budget.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"There is no time zone {budget.zone[:80]!r}.", param="zone") from None


class Debit(Struct, frozen=True):
    """An account that a call is debited to, and the budget that it is of."""

    account: Account
    budget: Budget
    subject: str
    warn_nanos: float = 0.0
    """From this sum on people are warned."""


class Debits(Struct, frozen=True):
    """All accounts of a caller's call to one model; good until `until_ms`."""

    caller: Caller
    each: tuple[Debit, ...]
    accounts: tuple[Account, ...]
    until_ms: float


class BudgetBook:
    """The budgets of one moment, compiled: which a call concerns is a look-up."""

    def __init__(self, budgets: Iterable[Budget]) -> None:
        by_scope: dict[Scope, list[Budget]] = {}
        for budget in budgets:
            by_scope.setdefault(budget.scope, []).append(budget)
        self._by_scope: Mapping[Scope, Sequence[Budget]] = by_scope
        self._found: dict[tuple[str, str, str | None, str], Debits] = {}

    def of(self, caller: Caller, project: str | None, offer: Offer | None, now_ms: int) -> Debits:
        """What a caller's call to a model is debited to at a moment; `offer` None: to whichever model."""
        # All who are signed in share the id of a key, so it is not enough; what else of a caller matters
        # changes with it, and is looked at only where it is not the very same.
        place = (caller.user_id, caller.key_id, project, "" if offer is None else offer.id)
        found = self._found.get(place)
        if (
            found is None
            or found.until_ms <= now_ms
            or (found.caller is not caller and found.caller != caller)
        ):
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            found = self._found[place] = self._debits(caller, project, offer, now_ms)
        return found

    def debits(self, caller: Caller, project: str | None, offer: Offer, now_ms: int) -> Sequence[Debit]:
        """The same for somebody who looks back: nothing is remembered of it."""
        return self._debits(caller, project, offer, now_ms).each

    def _debits(self, caller: Caller, project: str | None, offer: Offer | None, now_ms: int) -> Debits:
        subjects = {
            Scope.ALL: "all",
            Scope.USER: caller.user_id,
            Scope.KEY: caller.key_id,
            Scope.TIER: caller.tier,
            Scope.PROJECT: project,
            Scope.PROVIDER: None if offer is None else offer.model.provider,
            Scope.MODEL: None if offer is None else offer.id,
        }
        by_scope = self._by_scope
        if project is not None and project not in caller.projects:  # a label: who else says it is no partner
            own = [each for each in by_scope.get(Scope.PROJECT, ()) if each.subject == project]
            by_scope = {**by_scope, Scope.PROJECT: own}
        if caller.budget is not None:
            own = key_budget(caller.key_id, caller.budget)
            by_scope = {**by_scope, Scope.KEY: (own, *by_scope.get(Scope.KEY, ()))}
        debits = [
            debit_of(budget, subject, now_ms)
            for scope, subject in subjects.items()
            if subject is not None
            for budget in fitting(by_scope.get(scope, ()), subject)
        ]
        ends = [each.account.until_ms for each in debits if each.account.until_ms is not None]
        return Debits(
            caller, tuple(debits), tuple(each.account for each in debits), min(ends, default=float("inf"))
        )


def debit_of(budget: Budget, subject: str, now_ms: int) -> Debit:
    """A budget's account for a subject in the period that a moment lies in."""
    span = span_at(budget.period, budget.zone, now_ms)
    account = Account(
        f"{budget.name}/{subject}/{span.name}", budget.limit_nanos, span.since_ms, span.until_ms
    )
    return Debit(account, budget, subject, budget.limit_nanos * budget.warn_at)


def key_budget(key_id: str, budget: KeyBudget) -> Budget:
    """What a key carries, as a budget of its own."""
    return Budget(
        name=_KEYS_OWN,
        scope=Scope.KEY,
        subject=key_id,
        period=Period(budget.period.value),
        limit_usd=usd_text(budget.nanos),
    )


def fitting(budgets: Sequence[Budget], subject: str) -> list[Budget]:
    """A subject's own budgets, and everybody's for the periods that these leave."""
    own = [budget for budget in budgets if budget.subject == subject]
    periods = {budget.period for budget in own}
    return own + [each for each in budgets if each.subject is None and each.period not in periods]
