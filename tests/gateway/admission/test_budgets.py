"""Which budgets a call concerns."""

import pytest
from msgspec.structs import replace

from baton.core.caller import BudgetPeriod, Caller, KeyBudget
from baton.core.errors import Invalid
from baton.core.money import NANOS_PER_USD
from baton.gateway.admission.budgets import Budget, BudgetBook, Scope, budgets_kind
from baton.gateway.admission.periods import Period
from tests.gateway.admission.accounts_ground import AT_MS, an_offer

CALLER = Caller(user_id="ada", key_id="k1", tier="pro", roles=frozenset({"user"}), projects=frozenset({"p1"}))


def a_budget(name: str, scope: Scope, subject: str | None = None, period: Period = Period.MONTH) -> Budget:
    return Budget(name=name, scope=scope, subject=subject, period=period, limit_usd="5.00")


def keys_of(book: BudgetBook, caller: Caller = CALLER, project: str | None = "p1") -> set[str]:
    return {each.key for each in book.of(caller, project, an_offer(), AT_MS).accounts}


def test_a_call_concerns_whoever_has_to_do_with_it() -> None:
    """All, its user, key, tier, project, provider and model, each in its period; nobody else."""
    scopes = [a_budget(f"of-{scope}", scope) for scope in Scope]
    others = [a_budget(f"not-{scope}", scope, "another") for scope in Scope if scope is not Scope.ALL]
    assert keys_of(BudgetBook([*scopes, *others])) == {
        "of-all/all/2026-11",
        "of-user/ada/2026-11",
        "of-key/k1/2026-11",
        "of-tier/pro/2026-11",
        "of-project/p1/2026-11",
        "of-provider/acme/2026-11",
        "of-model/acme/large-1/2026-11",
    }


def test_without_a_project_none_is_debited() -> None:
    """The budget of each project is for those that are named."""
    assert keys_of(BudgetBook([a_budget("projects", Scope.PROJECT)]), project=None) == set()


def test_a_label_is_no_project_unless_a_budget_names_it() -> None:
    """Two users who say the same word share no money; an admin may have a word counted."""
    book = BudgetBook([a_budget("projects", Scope.PROJECT), a_budget("named", Scope.PROJECT, "demo")])
    assert keys_of(book) == {"projects/p1/2026-11"}
    assert keys_of(book, project="test") == set()
    assert keys_of(book, project="demo") == {"named/demo/2026-11"}


def test_a_budget_of_ones_own_takes_the_place_of_everybodys() -> None:
    """For the same period; for others everybody's holds on. The key's id tells nobody apart: all who are
    signed in have the same."""
    book = BudgetBook(
        [
            a_budget("users", Scope.USER),
            a_budget("daily", Scope.USER, period=Period.DAY),
            a_budget("adas", Scope.USER, "ada"),
        ]
    )
    assert keys_of(book) == {"adas/ada/2026-11", "daily/ada/2026-11-21"}
    assert keys_of(book, replace(CALLER, user_id="bob")) == {"users/bob/2026-11", "daily/bob/2026-11-21"}


@pytest.mark.parametrize(
    ("period", "key"),
    [
        (BudgetPeriod.DAY, "@key/k1/2026-11-21"),
        (BudgetPeriod.MONTH, "@key/k1/2026-11"),
        (BudgetPeriod.LIFETIME, "@key/k1/"),
    ],
)
def test_what_a_key_carries_is_a_budget(period: BudgetPeriod, key: str) -> None:
    """Of the key's own, for its period, in place of that of each key for the same one; of no other key."""
    every = Period(period.value)
    book = BudgetBook([a_budget("keys", Scope.KEY, period=every), a_budget("all", Scope.ALL, period=every)])
    carrying = replace(CALLER, budget=KeyBudget(nanos=3 * NANOS_PER_USD, period=period))
    found = {each.key: each.cap_nanos for each in book.of(carrying, None, an_offer(), AT_MS).accounts}
    assert found[key] == 3 * NANOS_PER_USD
    assert len(found) == 2
    assert not any(each.startswith("@") for each in keys_of(book))


def test_what_a_key_carries_is_as_it_is_now() -> None:
    """Another sum for the same key is another account's limit from the next call on."""
    book = BudgetBook([])
    for nanos in (5, 0, 7):
        caller = replace(CALLER, budget=KeyBudget(nanos=nanos, period=BudgetPeriod.DAY))
        assert [each.cap_nanos for each in book.of(caller, None, an_offer(), AT_MS).accounts] == [nanos]


def test_a_day_ends_for_the_book_as_well() -> None:
    """At midnight of the budget's own zone the same call is debited to the next day's account."""
    berlin = replace(a_budget("daily", Scope.ALL, period=Period.DAY), zone="Europe/Berlin")
    book, offer = BudgetBook([berlin]), an_offer()
    first = book.of(CALLER, None, offer, AT_MS).accounts[0]
    assert first.until_ms is not None
    for now_ms, name in ((first.until_ms - 1, "2026-11-21"), (first.until_ms, "2026-11-22")):
        assert book.of(CALLER, None, offer, now_ms).accounts[0].key == f"daily/all/{name}"


def test_no_budget_can_have_the_name_of_what_keys_carry() -> None:
    """Or its accounts would be theirs."""
    with pytest.raises(Invalid) as refused:
        budgets_kind().checked_key(a_budget("@key", Scope.KEY))
    assert refused.value.param == "name"
