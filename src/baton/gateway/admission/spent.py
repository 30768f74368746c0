"""Models and providers whose own budget is spent: they are no candidates until its period ends."""

from collections.abc import Callable
from datetime import UTC, datetime

from baton.catalog.lookup import Offer
from baton.catalog.pricing import cost
from baton.core.clock import Clock
from baton.core.usage import Usage
from baton.gateway.admission.accounts import Tills
from baton.gateway.admission.budgets import OF_MODELS, Debit, Scope
from baton.gateway.admission.worth import WORTH_ASKING
from baton.gateway.routing.decision import Ask

_WHOSE = {Scope.MODEL: "its budget", Scope.PROVIDER: "its provider's budget"}


class Spent:
    """Remembers whose account has refused a call or reached its limit, and looks at these alone.

    So a request pays for it only where there are such, and a model is back as soon as one of its calls was
    cheaper than its hold, or the budget is raised or its period over.
    """

    def __init__(self, accounts: Tills, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._noted: dict[str, dict[str, Debit]] = {}
        """By model or provider, and by account."""

    def note(self, debit: Debit) -> None:
        """An account has refused, or may be spent; of others than models' and providers' nothing is kept."""
        if debit.budget.scope in OF_MODELS:
            self._noted.setdefault(debit.subject, {})[debit.account.key] = debit

    def look(self, debit: Debit) -> None:
        """Note an account if nothing is left of it."""
        if debit.budget.scope in OF_MODELS and self._left(debit) <= 0:
            self.note(debit)

    def forget(self) -> None:
        """Other budgets are in force."""
        self._noted.clear()

    def against(self, ask: Ask) -> Callable[[Offer], str | None] | None:
        """What says why a model cannot be paid for a request; None: nothing is spent."""
        if not self._noted:
            return None
        return lambda offer: self.reason(offer, ask)

    def reason(self, offer: Offer, ask: Ask) -> str | None:
        """Why a model cannot be paid for a request, not even for its shortest answer; None: it can."""
        for subject in (offer.id, offer.model.provider):
            for debit in tuple(self._noted.get(subject, {}).values()):
                ends_ms = debit.account.until_ms
                if ends_ms is not None and ends_ms <= self._clock.wall() * 1000:
                    del self._noted[subject][debit.account.key]
                elif self._is_short(debit, offer, ask):
                    return f"{_WHOSE[debit.budget.scope]} ({debit.budget.name}) is spent{_until(ends_ms)}"
        return None

    def _is_short(self, debit: Debit, offer: Offer, ask: Ask) -> bool:
        usage = Usage(
            prompt=ask.tokens_for(offer), completion=min(ask.output_tokens, WORTH_ASKING), estimated=True
        )
        least, left = cost(usage, offer.prices).total, self._left(debit)
        if least is None:  # counted at another's price, so at something
            return left <= 0
        return least > max(left, 0)

    def _left(self, debit: Debit) -> int:
        """What is not settled, nano-USD: what calls under way hold may come back."""
        return debit.account.cap_nanos - self._accounts.settled(debit.account.key)


def _until(ends_ms: int | None) -> str:
    if ends_ms is None:
        return ""
    return f" until {datetime.fromtimestamp(ends_ms / 1000, UTC):%Y-%m-%dT%H:%MZ}"
