"""Which models are passed over because their own budget is spent."""

from baton.catalog.lookup import Offer
from baton.catalog.prices import FREE, Prices, Rates, Tariff
from baton.gateway.admission.accounts import Accounts, Hold
from baton.gateway.admission.budgets import Budget, Debit, Scope, debit_of
from baton.gateway.admission.periods import Period
from baton.gateway.admission.spent import Spent
from baton.gateway.routing.decision import Ask
from tests.clocks import SetClock
from tests.gateway.admission.accounts_ground import AT_MS, an_offer

SHORT = Ask(tier="pro", input_tokens=100, max_tokens=100)
LONG = Ask(tier="pro", input_tokens=1_000_000, max_tokens=100)
PRICES = Prices(standard=Tariff(rates=Rates(input=10**9, output=10**9)))
"""USD per one million tokens, of either kind."""


class Book:
    """One budget of a dollar a day, and what became of it."""

    def __init__(self, scope: Scope = Scope.MODEL) -> None:
        budget = Budget(name="own", scope=scope, period=Period.DAY, limit_usd="1.00")
        subject = {Scope.MODEL: an_offer().id, Scope.PROVIDER: an_offer().model.provider}.get(scope, "ada")
        self.debit: Debit = debit_of(budget, subject, AT_MS)
        self.accounts = Accounts()
        self.clock = SetClock(AT_MS / 1000)
        self.spent = Spent(self.accounts, self.clock)

    def spend(self, usd: float) -> None:
        hold = self.accounts.take([self.debit.account], 0, 0)
        assert isinstance(hold, Hold)
        self.accounts.settle(hold, round(usd * 10**9))
        self.spent.look(self.debit)

    def reason(self, ask: Ask = SHORT, prices: Prices | None = PRICES) -> str | None:
        against = self.spent.against(ask)
        offer = Offer(id=an_offer().id, model=an_offer().model, prices=prices, retired=False)
        return None if against is None else against(offer)


def test_nothing_is_looked_at_while_nothing_is_spent() -> None:
    """Nor where somebody who asks has nothing left: that is no reason against a model."""
    book = Book()
    book.spend(0.5)
    assert book.spent.against(SHORT) is None
    user = Book(Scope.USER)
    user.spend(2)
    user.spent.note(user.debit)
    assert user.spent.against(SHORT) is None


def test_a_spent_model_is_out_until_its_period_ends() -> None:
    """With the end in the reason; a provider's takes all its models along; what costs nothing stays in."""
    for scope, words in ((Scope.MODEL, "its budget"), (Scope.PROVIDER, "its provider's budget")):
        book = Book(scope)
        book.spend(1)
        assert book.reason() == f"{words} (own) is spent until 2026-11-22T00:00Z"
        assert book.reason(prices=None) is not None
        assert book.reason(prices=FREE) is None
        book.clock.now = (AT_MS + 86_400_000) / 1000
        assert book.reason() is None


def test_what_is_left_decides_for_each_request_and_other_budgets_for_all() -> None:
    """A cent pays for a short request; a raised budget is looked at anew."""
    book = Book()
    book.spend(0.99)
    book.spent.note(book.debit)
    assert book.reason(SHORT) is None
    assert book.reason(LONG) is not None
    book.spend(0.01)
    assert book.reason(SHORT) is not None
    book.spent.forget()
    assert book.reason(SHORT) is None
