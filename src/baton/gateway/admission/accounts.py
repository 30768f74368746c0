"""Money that requests hold and spend, one account for each budget in each of its periods; the memory twin."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

MOST_ACCOUNTS = 100_000
"""Accounts in memory, at some 200 bytes each; beyond that those of periods that are over leave."""


class Account(Struct, frozen=True):
    """A budget in one of its periods, as one request meets it."""

    key: str
    """Which budget, whose, and which period: `user/<id>/2026-11`."""
    cap_nanos: int
    """Nano-USD; never is more than this settled and held together."""
    since_ms: int
    """When the period began, Unix milliseconds; 0: the budget is for a lifetime."""
    until_ms: int | None = None
    """When it ends, exclusive; None: never."""


class Balance:
    """One account's sums, nano-USD."""

    __slots__ = ("settled", "until_ms", "used")

    def __init__(self, until_ms: int | None) -> None:
        self.settled = 0
        """What calls have cost."""
        self.used = 0
        """That, and what calls under way may cost."""
        self.until_ms = until_ms


class Hold(Struct, frozen=True):
    """What one attempt may cost, held in every account that it concerns."""

    balances: tuple[Balance, ...]
    """In the order of the accounts that were asked for."""
    nanos: int


class Short(Struct, frozen=True):
    """An account that has not enough left."""

    account: Account
    free_nanos: int
    """What it has; may be negative, where a bill was higher than its hold."""
    may_be_freed: bool
    """Whether calls under way hold some of it, so that waiting may help."""


class Tills(Protocol):
    """Where accounts lie: in this process, or where others see them. Whatever waits raises Unavailable."""

    async def raise_to(self, sums: Sequence[tuple[Account, int]]) -> None:
        """Raise what was settled to what the ledger says, nano-USD, where that is more."""
        ...

    def settled(self, key: str) -> int:
        """What is settled of an account, nano-USD, as far as it is known here."""
        ...

    def open_keys(self) -> Sequence[str]:
        """Of all that are known here."""
        ...

    async def read(self, keys: Sequence[str]) -> Sequence[tuple[int, int]]:
        """What is settled and what is held of accounts at the moment, nano-USD."""
        ...


class Accounts:
    """All of a process. Nothing in here waits: what one call reads and writes, no other comes between."""

    def __init__(self) -> None:
        self._balances: dict[str, Balance] = {}
        self._at_hand: dict[int, tuple[Sequence[Account], tuple[Balance, ...]]] = {}
        """Those of callers who were here before, by the identity of what they ask for."""
        self._look_at = MOST_ACCOUNTS
        """How many there are when it is looked for such as may leave."""

    def free(self, account: Account) -> int:
        """What is neither settled nor held, nano-USD; negative where it is overdrawn."""
        balance = self._balances.get(account.key)
        return account.cap_nanos if balance is None else account.cap_nanos - balance.used

    def take_easily(self, accounts: Sequence[Account], nanos: int, free_nanos: int) -> Hold | None:
        """Hold what a call may cost where all of them have at least `free_nanos` free; None: one has not."""
        place = id(accounts)
        hand = self._at_hand.get(place)
        if hand is None or hand[0] is not accounts:
            hand = self._take_to_hand(place, accounts)
        balances = hand[1]
        for account, balance in zip(accounts, balances, strict=True):
            if account.cap_nanos - balance.used < free_nanos:
                return None
        for balance in balances:
            balance.used += nanos
        return Hold(balances, nanos)

    def take(self, accounts: Sequence[Account], wanted_nanos: int, least_nanos: int) -> Hold | Short:
        """Hold what a call may cost in all of them, or what is left where that is at least `least_nanos`."""
        nanos = wanted_nanos
        balances: list[Balance] = []
        for account in accounts:
            balance = self._opened(account)
            free = account.cap_nanos - balance.used
            if free < nanos and wanted_nanos:  # what costs nothing is nobody's debt
                if free < least_nanos or free <= 0:
                    return Short(account, free, balance.used > balance.settled)
                nanos = free
            balances.append(balance)
        for balance in balances:
            balance.used += nanos
        return Hold(tuple(balances), nanos)

    def least_free(self, accounts: Sequence[Account]) -> int | None:
        """What the account has free that has least, nano-USD; None: there are no accounts."""
        return min(map(self.free, accounts), default=None)

    def settle(self, hold: Hold, cost_nanos: int) -> None:
        """End a hold with what the call has cost, be it more; what is left of it is free again."""
        more = cost_nanos - hold.nanos
        for balance in hold.balances:
            balance.used += more
            balance.settled += cost_nanos

    async def raise_to(self, sums: Sequence[tuple[Account, int]]) -> None:
        """Raise what was settled to what the ledger says, nano-USD, where that is more."""
        for account, settled_nanos in sums:
            self.correct(account, settled_nanos)

    def correct(self, account: Account, settled_nanos: int) -> None:
        """As `raise_to`, of one."""
        balance = self._opened(account)
        more = settled_nanos - balance.settled
        if more > 0:
            balance.settled += more
            balance.used += more

    def sums(self, key: str) -> tuple[int, int]:
        """What is settled and what is held of an account, nano-USD; nothing of one that is not open."""
        balance = self._balances.get(key)
        return (0, 0) if balance is None else (balance.settled, balance.used - balance.settled)

    def settled(self, key: str) -> int:
        """What is settled of an account, nano-USD, as far as it is known here."""
        return self.sums(key)[0]

    def open_keys(self) -> Sequence[str]:
        """Of all that are open."""
        return list(self._balances)

    async def read(self, keys: Sequence[str]) -> Sequence[tuple[int, int]]:
        """What is settled and what is held of accounts at the moment, nano-USD."""
        return [self.sums(key) for key in keys]

    def _take_to_hand(
        self, place: int, accounts: Sequence[Account]
    ) -> tuple[Sequence[Account], tuple[Balance, ...]]:
        balances = tuple(map(self._opened, accounts))
        if len(self._at_hand) >= MOST_ACCOUNTS:
            self._at_hand.clear()
        hand = self._at_hand[place] = (accounts, balances)
        return hand

    def _opened(self, account: Account) -> Balance:
        balance = self._balances.get(account.key)
        if balance is None:
            if len(self._balances) >= self._look_at:
                self._close_old(account.since_ms)
                self._look_at = max(MOST_ACCOUNTS, len(self._balances) * 9 // 8)  # never all for each new one
            balance = self._balances[account.key] = Balance(account.until_ms)
        return balance

    def _close_old(self, now_ms: int) -> None:
        """Have those leave whose period is over and which nobody holds anything in."""
        over = [
            key
            for key, balance in self._balances.items()
            if balance.until_ms is not None and balance.until_ms <= now_ms and balance.used == balance.settled
        ]
        for key in over:
            del self._balances[key]
        self._at_hand.clear()
