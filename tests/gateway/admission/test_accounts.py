"""Money that requests hold and spend."""

from collections.abc import Sequence

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from baton.gateway.admission import accounts as room
from baton.gateway.admission.accounts import Account, Accounts, Hold, Short

NAMES: tuple[str, ...] = ("a", "b", "c")
AMOUNTS = st.integers(0, 120)


def an_account(key: str, cap: int = 100, until_ms: int | None = None, since_ms: int = 0) -> Account:
    return Account(key, cap, since_ms, until_ms)


class Spending(RuleBasedStateMachine):
    """Any interleaving of holds and settlements over several accounts, beside a plain list of them."""

    holds: Bundle[tuple[tuple[str, ...], Hold]] = Bundle("holds")

    @initialize(caps=st.tuples(AMOUNTS, AMOUNTS, AMOUNTS))
    def open(self, caps: tuple[int, int, int]) -> None:
        self.accounts = Accounts()
        self.caps = dict(zip(NAMES, caps, strict=True))
        self.settled = dict.fromkeys(NAMES, 0)
        self.open_holds: list[tuple[tuple[str, ...], Hold]] = []

    def free(self, name: str) -> int:
        held = sum(hold.nanos for names, hold in self.open_holds if name in names)
        return self.caps[name] - self.settled[name] - held

    @rule(
        target=holds,
        names=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
        wanted=AMOUNTS,
        least=st.integers(0, 40),
    )
    def take(self, names: Sequence[str], wanted: int, least: int) -> tuple[tuple[str, ...], Hold]:
        least = min(least, wanted)
        found = self.accounts.take([an_account(name, self.caps[name]) for name in names], wanted, least)
        left = min(self.free(name) for name in names)
        if isinstance(found, Short):
            assert wanted
            assert left < least or left <= 0
            assert found.free_nanos == self.free(found.account.key)
            assert found.may_be_freed == any(
                found.account.key in names and hold.nanos for names, hold in self.open_holds
            )
            return (), Hold((), 0)
        assert found.nanos == (min(wanted, left) if wanted else 0)
        assert least <= found.nanos
        self.open_holds.append((tuple(names), found))
        return tuple(names), found

    @rule(of=consumes(holds), share=st.floats(0, 1))
    def settle(self, of: tuple[tuple[str, ...], Hold], share: float) -> None:
        """With a bill of at most the hold; what is left of it is free at once."""
        names, hold = of
        if not names:  # it was refused
            return
        cost = int(hold.nanos * share)
        before = {name: self.free(name) for name in names}
        self.accounts.settle(hold, cost)
        place = next(place for place, (_, each) in enumerate(self.open_holds) if each is hold)
        del self.open_holds[place]
        for name in names:
            self.settled[name] += cost
            assert self.free(name) == before[name] + hold.nanos - cost

    @invariant()
    def never_more_than_the_cap(self) -> None:
        for name in NAMES:
            settled, held = self.accounts.sums(name)
            assert settled == self.settled[name] >= 0
            assert held == sum(hold.nanos for names, hold in self.open_holds if name in names) >= 0
            assert settled + held <= self.caps[name]
            assert self.accounts.free(an_account(name, self.caps[name])) == self.free(name)


TestSpending = pytest.mark.timeout(120)(Spending.TestCase)
TestSpending.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_all_or_nothing() -> None:
    """Where one account has too little, none of the others holds anything."""
    accounts, rich, poor = Accounts(), an_account("rich"), an_account("poor", 5)
    short = accounts.take([rich, poor], 50, 10)
    assert isinstance(short, Short)
    assert (short.account.key, short.free_nanos, short.may_be_freed) == ("poor", 5, False)
    assert accounts.sums("rich") == (0, 0)


def test_a_bill_above_its_hold_is_counted_whole() -> None:
    """The account is overdrawn, and nobody gets more of it; what is free says by how much."""
    accounts, one = Accounts(), an_account("one")
    hold = accounts.take([one], 60, 1)
    assert isinstance(hold, Hold)
    accounts.settle(hold, 130)
    assert (accounts.sums("one"), accounts.free(one)) == ((130, 0), -30)
    assert isinstance(accounts.take([one], 1, 1), Short)


def test_what_costs_nothing_passes_where_nothing_is_left() -> None:
    """A local model serves on, also where a bill has overdrawn the account; nothing is held for it."""
    accounts, one = Accounts(), an_account("one")
    for cost in (100, 30):
        hold = accounts.take([an_account("one", 1000)], cost, 1)
        assert isinstance(hold, Hold)
        accounts.settle(hold, cost)
        free = accounts.take([one], 0, 0)
        assert isinstance(free, Hold)
        assert free.nanos == 0
        accounts.settle(free, 0)


def test_a_limit_below_what_is_spent_leaves_nothing() -> None:
    """The next call sees the new limit; calls under way end as they began; a higher one frees the rest."""
    accounts, before = Accounts(), an_account("one", 100)
    spent, under_way = accounts.take([before], 70, 1), accounts.take([before], 20, 1)
    assert isinstance(spent, Hold)
    assert isinstance(under_way, Hold)
    accounts.settle(spent, 70)
    lowered = an_account("one", 40)
    assert accounts.free(lowered) == -50
    assert isinstance(accounts.take([lowered], 1, 1), Short)
    accounts.settle(under_way, 10)
    raised = accounts.take([an_account("one", 90)], 50, 1)
    assert isinstance(raised, Hold)
    assert raised.nanos == 10


def test_the_ledger_only_ever_raises_what_is_settled() -> None:
    """What it does not know yet is not forgotten; holds stay."""
    accounts, one = Accounts(), an_account("one")
    hold = accounts.take([one], 30, 1)
    assert isinstance(hold, Hold)
    for told, settled in ((20, 20), (5, 20), (40, 40)):
        accounts.correct(one, told)
        assert accounts.sums("one") == (settled, 30)


def test_accounts_that_cannot_leave_are_not_gone_through_for_each_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond the most there are, once for every eighth of them."""
    monkeypatch.setattr(room, "MOST_ACCOUNTS", 80)
    accounts, looks = Accounts(), list[int]()
    close = accounts._close_old  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(accounts, "_close_old", lambda now_ms: (looks.append(now_ms), close(now_ms)))
    for index in range(160):
        accounts.take([an_account(f"lifetime-{index}")], 1, 1)
    assert 1 < len(looks) <= 8


def test_what_is_over_leaves_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts of periods that ended, but for those in that somebody still holds something."""
    monkeypatch.setattr(room, "MOST_ACCOUNTS", 2)
    accounts = Accounts()
    ended = accounts.take([an_account("ended", until_ms=10)], 1, 1)
    held = accounts.take([an_account("held", until_ms=10)], 1, 1)
    assert isinstance(ended, Hold)
    assert isinstance(held, Hold)
    accounts.settle(ended, 1)
    accounts.take([an_account("new", since_ms=10, until_ms=20)], 1, 1)
    assert sorted(accounts.open_keys()) == ["held", "new"]
    assert accounts.sums("ended") == (0, 0)
