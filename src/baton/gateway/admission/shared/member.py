"""One process among those that share: what it holds, and how that comes back where Redis has forgotten it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import inf
from types import TracebackType
from typing import Self

import structlog
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from baton.core.clock import Clock
from baton.core.errors import Unavailable
from baton.gateway.admission.shared.counters import Blocked, Closed, Counters, Held, Passed, Settlement, Wish
from baton.gateway.admission.shared.leases import SHARE, Leases
from baton.gateway.admission.shared.state import Forgotten, State
from baton.gateway.admission.shared.tally import Tally
from baton.gateway.admission.windows import Against, Taken, Window
from baton.storage.keyvalue.line import Away, Line, ScriptFailed

_AGAIN_S = 0.1
_MOST_AT_ONCE = 500
"""Settlements in one call: some milliseconds of Redis's time."""

_CLOSING_S = 2.0

_MOST_USED = 20_000
"""Changes of windows that wait for Redis."""

_log = structlog.stdlib.get_logger(__name__)


class MemberSettings(Struct, frozen=True, kw_only=True):
    """How processes wait for each other."""

    others_s: float = 3.0
    """How long the others have to join a new epoch: who does not is taken for dead."""
    patience_s: float = 10.0
    """How long, after that, those are waited for that have joined and cannot ask the ledger."""
    lease_s: float = 1.0
    """How often what it may spend while Redis is away is renewed."""
    alive_s: float = 10.0
    """How long after its last renewal a process counts as one of them."""
    lost_s: float = 3600.0
    """How long after it its holds are taken to be spent, where nobody has drained its journal."""
    beat_s: float = 0.5
    """How often a process that asks for nothing looks whether the epoch goes on."""


class Member:
    """Joins, and joins again whenever Redis was emptied or put back; `async with` begins and ends that.

    After each joining it puts back what this process holds. In a new epoch it then has all that ended here
    reach the ledger, and raises the accounts to its sums; the epoch opens once everybody has, and what ended
    before the ledger was read is in its sums, so only its hold is let go. What ends is settled a turn later,
    all of it together. Who comes back into an epoch that others have opened meanwhile settles what it has, be
    it counted twice: too little is never counted, and every minute the accounts are compared with the ledger.
    """

    def __init__(
        self,
        line: Line,
        state: State,
        clock: Clock,
        new_epoch: Callable[[], str],
        compare: Callable[[], Awaitable[None]],
        settings: MemberSettings | None = None,
    ) -> None:
        """`compare`: has all that ended here reach the ledger, and raises the accounts to its sums. Where it
        cannot, it raises Unavailable, SQLAlchemyError or OSError, and is asked again."""
        self._line = line
        self._state = state
        self._clock = clock
        self._new_epoch = new_epoch
        self._compare = compare
        self._settings = settings or MemberSettings()
        self._holds: dict[str, Held] = {}
        self._ended: dict[str, Settlement] = {}
        """What Redis does not know to have ended."""
        self._used: list[tuple[Taken, Sequence[int]]] = []
        """What is to stand in the windows of this epoch in the place of what was claimed."""
        self._ready = asyncio.Event()
        self._some = asyncio.Event()
        self._nothing = asyncio.Event()
        self._nothing.set()
        self.counters = Counters(state)
        """What is shared."""
        self._leases = Leases()
        self._alone: set[str] = set()
        """Names of holds out of these, made since Redis went."""
        self._renewed_s = -inf
        self._tally = Tally(clock)
        self._apart = Tally(clock)
        """Of that, what Redis has never heard of."""
        self._told = ""
        """The epoch that has been told what was let pass before it."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="shared state")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_ready:  # what has ended here is to hold nobody's money
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_S):
                    await self.settled()
        self._task.cancel()
        await asyncio.wait([self._task])

    @property
    def is_ready(self) -> bool:
        """Whether what Redis says of money is true, as far as anybody knows."""
        return self._ready.is_set()

    def is_alone(self) -> bool:
        """Whether nobody can be asked what the others have used and spent."""
        return not self.is_ready

    async def ready(self) -> None:
        """Return once it is."""
        await self._ready.wait()

    async def admit(
        self, windows: Sequence[Window], amounts: Sequence[int], wish: Wish | None
    ) -> Passed | Blocked:
        """As `Counters.admit`; what it holds has to end.

        Raises:
            Forgotten, Closed: nobody knows how much money there is; it is asked for again once `ready`.
            Away, ScriptFailed: as `Counters.admit`; what may be held all the same is let go.
        """
        epoch = self.epoch
        try:
            found = await self.counters.admit(windows, amounts, wish)
        except (Forgotten, Closed):
            self._ready.clear()
            self._some.set()
            raise
        except BaseException:
            if wish is not None:
                self._end(Held(wish.name, 0, tuple(each.key for each in wish.accounts)), 0)
            raise
        if isinstance(found, Passed):
            if windows:
                found = replace(found, taken=replace(found.taken, epoch=epoch))
                self._tally.passed(found.taken)
            if isinstance(found.money, Held):
                self._holds[found.money.name] = found.money
            if wish is not None:
                self._leases.used(wish.accounts, self._clock.monotonic())
        return found

    def admit_alone(
        self, windows: Sequence[Window], amounts: Sequence[int], wish: Wish | None
    ) -> Passed | Blocked | None:
        """As `admit`, while Redis is away: out of this process's part of each limit, and of what it leased
        of each account; None: too little of that is left."""
        found = self._tally.claim(windows, amounts, self._leases.processes)
        now_s = self._clock.monotonic()
        if isinstance(found, Against):
            return Blocked(found, [each.limit for each in windows], now_s)
        taken, totals = found
        held = None if wish is None else self._leases.hold(wish)
        if held is None and wish is not None:
            self._tally.used(taken, [0] * len(windows))
            return None
        self._apart.passed(taken)
        if held is None:
            return Passed(taken, totals, None)
        self._holds[held.name] = held
        self._alone.add(held.name)
        return Passed(taken, totals, held)

    @property
    def epoch(self) -> str:
        """The one that goes on; what was claimed of windows in another is forgotten with it."""
        return self._state.epoch

    def ends(self, held: Held, cost_nanos: int, told: Callable[[Sequence[int]], None] | None = None) -> None:
        """A call that held money has ended; Redis is told soon, and `told` what each account has settled
        then."""
        del self._holds[held.name]
        if held.name in self._alone:
            self._alone.discard(held.name)
            self._leases.give_back(held, cost_nanos)
        self._end(held, cost_nanos, told)

    def used(self, taken: Taken, amounts: Sequence[int]) -> None:
        """What a claim of windows has come to; Redis is told soon, or never: then what was claimed stands,
        which is more as a rule."""
        self._tally.used(taken, amounts)
        if not taken.epoch:
            self._apart.used(taken, amounts)
        elif taken.epoch == self.epoch and len(self._used) < _MOST_USED:
            self._used.append((taken, amounts))
            self._some.set()

    def _end(self, held: Held, cost_nanos: int, told: Callable[[Sequence[int]], None] | None = None) -> None:
        self._ended[held.name] = Settlement(held, cost_nanos, told)
        self._nothing.clear()
        self._some.set()

    async def bury(self, process: str, costs: Mapping[str, int]) -> int:
        """End what a dead process held, as `Counters.bury`, as soon as this one belongs to an epoch.

        Raises:
            Away, ScriptFailed: Redis cannot be asked.
        """
        while True:
            try:
                return await self.counters.bury(process, costs)
            except Forgotten:
                self._some.set()
                await asyncio.sleep(_AGAIN_S)

    async def settled(self) -> None:
        """Return once Redis knows of all that has ended."""
        await self._nothing.wait()

    async def _run(self) -> None:
        while True:
            try:
                await self._line.connected()
                await self._join()
                await self._settle_on()
            except (Away, ScriptFailed) as error:
                self._ready.clear()
                _log.warning("shared_state_away", error=str(error) or type(error).__name__)
                await asyncio.sleep(_AGAIN_S)
            except (Forgotten, Closed):
                self._ready.clear()
                _log.warning("shared_state_forgotten")
            except Exception:  # noqa: BLE001  a mistake of ours must not end what all rely on
                self._ready.clear()
                _log.exception("shared_state_failed")
                await asyncio.sleep(_AGAIN_S)

    async def _join(self) -> None:
        """Belong to the epoch that goes on, with all that is held here, and wait until it is open."""
        before = self.epoch
        opens_in_s = await self._state.join(self._new_epoch(), self._settings.others_s)
        self._alone.clear()  # Redis is to know of these as of all others
        if self.epoch != before:
            self._used.clear()
            self._leases.forgotten()
        past = (self._apart if self._told == self.epoch else self._tally).past()
        self._apart = Tally(self._clock)
        self._told = self.epoch
        for start in range(0, len(past), _MOST_AT_ONCE):
            await self.counters.replay(past[start : start + _MOST_AT_ONCE])
        ended = [each.held for each in self._ended.values()]
        await self.counters.republish([*self._holds.values(), *ended])
        if opens_in_s is not None:
            await asyncio.sleep(opens_in_s)
            await self._catch_up()
            while True:
                if await self._state.open(self._settings.patience_s):
                    break
                await asyncio.sleep(_AGAIN_S)
        self._ready.set()

    async def _renew(self) -> None:
        """Have Redis keep a share of every account that is used here."""
        now_s = self._clock.monotonic()
        settings = self._settings
        if now_s - self._renewed_s < settings.lease_s:
            return
        self._renewed_s = now_s
        wanted = self._leases.wanted(now_s)
        processes, shares = await self.counters.lease(wanted, SHARE, settings.alive_s, settings.lost_s)
        self._leases.told(wanted, shares, processes)

    async def _catch_up(self) -> None:
        """Have the accounts hold all that has ended here."""
        while True:
            before = list(self._ended)
            try:
                await self._compare()
            except (Unavailable, SQLAlchemyError, OSError) as error:
                _log.warning("budgets_not_compared", error=str(error))
                await asyncio.sleep(_AGAIN_S)
            else:
                break
        for name in before:  # the ledger has told of it; its hold alone is left
            self._ended[name] = Settlement(self._ended[name].held, 0, self._ended[name].told)

    async def _settle_on(self) -> None:
        """Return never; tell Redis what has ended, and look whether the epoch goes on.

        Raises:
            Away, ScriptFailed: Redis cannot be asked.
            Forgotten, Closed: it does not.
        """
        while self._ready.is_set():
            try:
                async with asyncio.timeout(self._settings.beat_s):
                    await self._some.wait()
            except TimeoutError:
                pass
            self._some.clear()
            some = list(self._ended.values())[:_MOST_AT_ONCE]
            used, self._used = self._used[:_MOST_AT_ONCE], self._used[_MOST_AT_ONCE:]
            for each, settled in zip(some, await self.counters.settle(some, used), strict=True):
                self._ended.pop(each.held.name, None)
                if settled is not None and each.told is not None:
                    each.told(settled)
            if self._ended or self._used:
                self._some.set()
            if not self._ended:
                self._nothing.set()
            await self._renew()
        raise Forgotten
