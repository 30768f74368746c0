"""Money that a process may spend while Redis is away: a small share of every account that it uses."""

from collections.abc import Iterable, Sequence

from baton.gateway.admission.accounts import Account
from baton.gateway.admission.shared.counters import Held, Wish

SHARE = 0.05
"""Of what is left of an account; all processes' shares together (decision 13)."""

_KEPT_S = 600.0
"""How long an account counts as used."""

_MOST = 1000
"""Accounts at a time; those used last."""


class Leases:
    """Nothing in here waits. Shares are held in Redis under this process's name."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[Account, float]] = {}
        """The accounts, and when they were used last; those used last come last."""
        self._shares: dict[str, int] = {}
        self.processes = 1
        """Among how many a share is shared."""

    def used(self, accounts: Iterable[Account], now_s: float) -> None:
        """A call concerns these."""
        for account in accounts:
            self._used.pop(account.key, None)
            self._used[account.key] = (account, now_s)

    def wanted(self, now_s: float) -> list[tuple[Account, int]]:
        """Of which accounts to ask for a share, and what is taken for it now; no cap: none is wanted."""
        while self._used and (
            len(self._used) > _MOST or now_s - next(iter(self._used.values()))[1] > _KEPT_S
        ):
            del self._used[next(iter(self._used))]
        gone = [Account(key, 0, 0) for key in self._shares if key not in self._used]
        self._shares.update({each.key: 0 for each in gone})
        kept = [account for account, _ in self._used.values()]
        return [(account, self._shares.get(account.key, 0)) for account in (*gone, *kept)]

    def told(self, asked: Sequence[tuple[Account, int]], shares: Sequence[int], processes: int) -> None:
        """What Redis keeps from now on."""
        self.processes = processes
        for (account, _), share in zip(asked, shares, strict=True):
            if share:
                self._shares[account.key] = share
            else:
                self._shares.pop(account.key, None)

    def forgotten(self) -> None:
        """Redis keeps none any more."""
        self._shares.clear()

    def hold(self, wish: Wish) -> Held | None:
        """Hold what a call would like out of the shares; None: too little is left of one."""
        free = min((self._shares.get(each.key, 0) for each in wish.accounts), default=0)
        nanos = min(wish.usual, free)
        if nanos < min(wish.least, wish.usual):
            return None
        for each in wish.accounts:
            self._add(each.key, -nanos)
        return Held(wish.name, nanos, tuple(each.key for each in wish.accounts))

    def give_back(self, held: Held, cost_nanos: int) -> None:
        """A call out of the shares has ended, while Redis is still away."""
        for key in held.accounts:
            self._add(key, held.nanos - cost_nanos)

    def _add(self, key: str, nanos: int) -> None:
        self._shares[key] = max(0, self._shares.get(key, 0) + nanos)
