"""What of budgets concerns one caller, and the limit that users set for themselves: it warns, no more."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct, field, structs

from baton.core.caller import Caller
from baton.core.errors import Invalid
from baton.core.money import nanos_from_usd
from baton.gateway.admission.budgets import Budget, Scope, check_usd, fitting, key_budget
from baton.gateway.admission.periods import Period
from baton.gateway.admission.statements import Statement, Statements
from baton.records.audit.entry import Actor
from baton.records.kind import RecordKind
from baton.records.store import Records

OWN = "@own"
"""What the budget that a user's own limit makes is called; no other can have the name."""


class OwnLimit(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a user means to spend in a month."""

    user: str
    limit_usd: str = field(name="limitUsd")
    """Decimal, e.g. `20.00`."""


def own_limits_kind() -> RecordKind[OwnLimit]:
    """The kind `own_limits`; its key is the user's id."""
    return RecordKind(
        name="own_limits",
        type=OwnLimit,
        key=lambda limit: limit.user,
        check=lambda limit: check_usd(limit.limit_usd),
    )


class Spending(Protocol):
    """What the ledger knows to have been spent."""

    async def by(
        self, scope: str, since_ms: int, until_ms: int | None, subject: str | None = None
    ) -> Mapping[str, int]:
        """Nano-USD within a time, of one subject. Raises Unavailable."""
        ...


class Books(Protocol):
    """The budgets in force."""

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """All of them."""
        ...


class OwnBudgets:
    """Everybody's view of what is theirs."""

    def __init__(
        self, limits: Records[OwnLimit], books: Books, statements: Statements, spending: Spending
    ) -> None:
        self._limits = limits
        self._books = books
        self._statements = statements
        self._spending = spending

    async def hard(self, caller: Caller) -> tuple[Statement, ...]:
        """The accounts of a caller: their own, their key's, and those of their projects that spend."""
        own = [
            await self._statements.of(budget, subject)
            for scope, subject in ((Scope.USER, caller.user_id), (Scope.KEY, caller.key_id))
            for budget in self._of(scope, subject, caller)
        ]
        of_projects = [
            await self._statements.of(budget, project)
            for project in sorted(caller.projects)
            for budget in self._of(Scope.PROJECT, project, caller)
        ]
        return (*own, *(each for each in of_projects if each.settled_nanos or each.held_nanos))

    async def soft(self, caller: Caller) -> Statement | None:
        """What a user has spent of their own limit; None: they have none.

        Raises:
            Unavailable: the ledger has to be asked, and is away.
        """
        record = self._limits.snapshot.get(caller.user_id)
        if record is None:
            return None
        monthly = self._monthly(caller)
        mine = Budget(
            name=OWN,
            scope=Scope.USER,
            subject=caller.user_id,
            period=Period.MONTH,
            limit_usd=record.value.limit_usd,
            zone="UTC" if monthly is None else monthly.zone,
        )
        statement = await self._statements.of(mine, caller.user_id)
        if monthly is not None:
            hard = await self._statements.of(monthly, caller.user_id)
            return structs.replace(statement, settled_nanos=hard.settled_nanos, held_nanos=hard.held_nanos)
        account = statement.debit.account
        spent = await self._spending.by("user", account.since_ms, account.until_ms, caller.user_id)
        return structs.replace(statement, settled_nanos=spent.get(caller.user_id, 0))

    async def limit(self, caller: Caller, usd: str | None, actor: Actor) -> None:
        """Set a user's own limit, or take it away.

        Raises:
            Invalid: it is no amount, or above what an admin lets them spend in a month.
        """
        record = self._limits.snapshot.get(caller.user_id)
        if usd is None:
            if record is not None:
                await self._limits.delete(caller.user_id, actor, record.revision)
            return
        check_usd(usd)
        monthly = self._monthly(caller)
        if monthly is not None and nanos_from_usd(usd) > monthly.limit_nanos:
            raise Invalid(
                f"It is above the {monthly.limit_usd} USD that you may spend in a month.", param="limitUsd"
            )
        value = OwnLimit(user=caller.user_id, limit_usd=usd)
        await self._limits.put(value, actor, None if record is None else record.revision)

    def _monthly(self, caller: Caller) -> Budget | None:
        """The tightest of what an admin lets a user spend in a month."""
        monthly = [
            each for each in self._of(Scope.USER, caller.user_id, caller) if each.period is Period.MONTH
        ]
        return min(monthly, key=lambda budget: budget.limit_nanos, default=None)

    def _of(self, scope: Scope, subject: str, caller: Caller) -> list[Budget]:
        budgets = [each for each in self._books.budgets if each.scope is scope]
        if scope is Scope.KEY and caller.budget is not None:
            budgets.insert(0, key_budget(subject, caller.budget))
        return fitting(budgets, subject)
