"""Windows and accounts in Redis: one step before a call, and what is settled after it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from baton.gateway.admission.accounts import Account, Short
from baton.gateway.admission.shared.state import (
    ADMIT,
    BURY,
    CORRECT,
    LEASE,
    LOOK,
    REPLAY,
    REPUBLISH,
    SETTLE,
    State,
)
from baton.gateway.admission.shared.tally import Past
from baton.gateway.admission.windows import Against, Left, Taken, Window

_US = 1_000_000
_NOW = -1

LEADS, KEPT, FLIES = "leads", "kept", "flies"
"""What a look comes to: nobody asks yet; the answer is there; another one is asking."""


class Wish(Struct, frozen=True):
    """What a call would like to hold, nano-USD, in every account that it concerns."""

    name: str
    """Of the hold: no other has it."""
    accounts: Sequence[Account]
    most: int
    """Held where each account …"""
    easy: int
    """… has so much free;"""
    usual: int
    """else this is, or what is left of it …"""
    least: int
    """… where that is at least so much."""


class Held(Struct, frozen=True):
    """Money that a call may spend."""

    name: str
    nanos: int
    accounts: tuple[str, ...]
    """Their keys."""


class Blocked(Struct, frozen=True):
    """Windows of which nothing was taken."""

    against: Against
    totals: Sequence[int]
    """What each of them holds now."""
    at_s: float
    """Of Redis's clock."""
    alone: bool = False
    """Whether it is this process's part alone that is used up, while Redis is away."""


class Passed(Struct, frozen=True):
    """What one step has taken."""

    taken: Taken
    """Of the windows; its moment is of Redis's clock."""
    totals: Sequence[int]
    """What each of them holds now."""
    money: Held | Short | None
    """None: none was wished for, or none is needed."""
    seen: Sequence[Any] | None = None
    """What was found of the request's answer; None: nothing was looked for."""


class Closed(Exception):
    """The epoch is not open yet: no money is given out, and no settlement is taken."""

    def __init__(self, passed: Passed | None = None) -> None:
        """`passed`: what was taken of windows all the same."""
        super().__init__()
        self.passed = passed


class Settlement(Struct, frozen=True):
    """What a hold has come to."""

    held: Held
    cost_nanos: int
    told: Callable[[Sequence[int]], None] | None = None
    """Hears what each account has settled by then, nano-USD."""


class Counters:
    """The shared twin of `Windows` and `Accounts`.

    Every method raises `Away`, `ScriptFailed` and `Forgotten` as `State.ask`.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    async def admit(
        self,
        windows: Sequence[Window],
        amounts: Sequence[int],
        wish: Wish | None,
        look: Sequence[object] | None = None,
        at_s: float | None = None,
    ) -> Passed | Blocked:
        """Take an amount of each window, or of none; look for the answer; then hold money, or say why there
        is none: the windows stay taken. `look`: what to look for; `at_s`: when, where it is not now.

        Raises:
            Closed: money was wished for and none is given out; the windows stay taken.
        """
        word, at_us, *rest = await self._state.ask(ADMIT, *_order(windows, amounts, wish, look, at_s))
        if word == "over":
            which: int = rest[0]
            wait_s = None if rest[1] is False else rest[1] / _US
            return Blocked(Against(windows[which], amounts[which], wait_s), rest[2], at_us / _US)
        totals, found, nanos, *more = rest
        taken, seen = Taken(windows, amounts, at_us / _US), found or None
        if more and isinstance(more[0], int):
            raise Closed(Passed(taken, totals, None, seen))
        needless = seen is not None and seen[0] != LEADS
        return Passed(taken, totals, None if needless else _money(wish, nanos, more), seen)

    async def settle(
        self,
        settlements: Sequence[Settlement],
        used: Sequence[tuple[Taken, Sequence[int]]] = (),
    ) -> list[list[int] | None]:
        """End holds with what the calls have cost, and put what was used of windows in the place of what was
        claimed; what each account of a hold has settled by then, or None: that had ended.

        Raises:
            Closed: nothing was done; it is to be sent again.
        """
        holds = [[self._state.process, each.held.name, str(each.cost_nanos)] for each in settlements]
        changes = [
            [window.key, window.window_s, round(taken.at_s * _US), amount - claimed]
            for taken, amounts in used
            for window, claimed, amount in zip(taken.windows, taken.amounts, amounts, strict=True)
            if amount != claimed
        ]
        word, *rest = await self._state.ask(SETTLE, holds, changes)
        if word == "closed":
            raise Closed
        settled: list[Any] = rest[0]
        return [None if each is False else [int(nanos) for nanos in each] for each in settled]

    async def republish(self, holds: Sequence[Held]) -> None:
        """Put back what this process holds; what Redis knows already stays as it is."""
        await self._state.ask(
            REPUBLISH, [[each.name, str(each.nanos), list(each.accounts)] for each in holds]
        )

    async def bury(self, process: str, costs: Mapping[str, int], *, last: bool) -> int:
        """End what a dead process held for interactions with what these have cost, nano-USD; how many holds
        that were. `last`: all others never began."""
        told = {id: str(nanos) for id, nanos in costs.items()}
        _, ended = await self._state.ask(BURY, process, told, last)
        return ended

    async def lease(
        self, accounts: Sequence[tuple[Account, int]], share: float, alive_s: float, lost_s: float
    ) -> tuple[int, list[int]]:
        """Keep a share of what is left of accounts for this process. With each what it takes for its share
        now; with the answer how many processes have asked within `alive_s`, and the shares, nano-USD. What a
        process holds that has not asked for `lost_s` is taken to be spent.

        Raises:
            Closed: there are none.
        """
        asked = [[account.key, account.cap_nanos, mine] for account, mine in accounts]
        word, *rest = await self._state.ask(LEASE, share, round(alive_s * _US), asked, round(lost_s * _US))
        if word == "closed":
            raise Closed
        processes, shares = rest
        return processes, [int(each) for each in shares]

    async def replay(self, past: Sequence[Past]) -> None:
        """Count again what this process has let pass."""
        await self._state.ask(
            REPLAY, [[each.key, each.window_s, round(each.at_s * _US), each.amount] for each in past]
        )

    async def left(self, windows: Sequence[Window], at_s: float | None = None) -> Left | None:
        """What is free of the window of which least is; None: there are none."""
        if not windows:
            return None
        asked = [[window.key, window.window_s] for window in windows]
        _, at_us, found, _ = await self._state.ask(LOOK, _us(at_s), asked, [])
        free = [window.limit - total for window, (total, _) in zip(windows, found, strict=True)]
        least = free.index(min(free))
        emptied_us = found[least][1]
        return Left(windows[least].limit, max(0, free[least]), max(0, emptied_us - at_us) / _US)

    async def sums(self, keys: Sequence[str]) -> list[tuple[int, int]]:
        """What is settled and what is held of accounts, nano-USD."""
        _, _, _, found = await self._state.ask(LOOK, _NOW, [], list(keys))
        return [(int(settled), int(held)) for settled, held in found]

    async def correct(self, accounts: Sequence[tuple[Account, int]]) -> None:
        """Raise what was settled to what the ledger says, where that is more."""
        await self._state.ask(CORRECT, [[account.key, str(nanos)] for account, nanos in accounts])


def _order(
    windows: Sequence[Window],
    amounts: Sequence[int],
    wish: Wish | None,
    look: Sequence[object] | None,
    at_s: float | None,
) -> tuple[object, ...]:
    claims = [
        [window.key, window.limit, window.window_s, amount]
        for window, amount in zip(windows, amounts, strict=True)
    ]
    if wish is None:
        return _us(at_s), claims, False, look or False
    accounts = [[account.key, account.cap_nanos] for account in wish.accounts]
    hold = [wish.name, accounts, wish.most, wish.easy, wish.usual, wish.least]
    return _us(at_s), claims, hold, look or False


def _us(at_s: float | None) -> int:
    return _NOW if at_s is None else round(at_s * _US)


def _money(
    wish: Wish | None, nanos: str | bool, rest: Sequence[tuple[int, str, bool]]
) -> Held | Short | None:
    if wish is None:
        return None
    if not rest:
        return Held(wish.name, int(nanos), tuple(account.key for account in wish.accounts))
    which, free, may_be_freed = rest[0]
    return Short(wish.accounts[which], int(free), may_be_freed)
