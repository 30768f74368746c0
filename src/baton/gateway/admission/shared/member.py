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
from baton.gateway.admission.shared.tally import Past, Tally
from baton.gateway.admission.windows import Against, Taken, Window
from baton.storage.keyvalue.line import Away, Line, NotAsked, ScriptFailed

_AGAIN_S = 0.1
_MOST_AT_ONCE = 500
"""Settlements in one call: some milliseconds of Redis's time."""

_CLOSING_S = 2.0
_NEVER_S = 1e9

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
        self._renewed_s = clock.monotonic()
        self._tally = Tally(clock)
        self._apart = Tally(clock)
        """Of that, what Redis has never heard of."""
        self._untold: list[Past] = []
        """What Redis has yet to hear of that."""
        self._joined_s = inf
        self.was_ready = False
        """Whether this process has ever belonged to an epoch that was open."""
        self.times_ready = 0
        """How often it has come to belong to one: between two of these it was alone."""
        self._told = ""
        """The epoch that has been told what was let pass before it."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="shared state")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_ready:  # what has ended here, and what was leased, is to hold nobody's money
            with contextlib.suppress(TimeoutError, Away, ScriptFailed, Forgotten):
                async with asyncio.timeout(_CLOSING_S):
                    await self.settled()
                    await self._stop()
                    await self.counters.bury(self._state.process, {}, last=True)
        await self._stop()

    async def _stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task], timeout=_CLOSING_S)

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
        self,
        windows: Sequence[Window],
        amounts: Sequence[int],
        wish: Wish | None,
        look: Sequence[object] | None = None,
    ) -> Passed | Blocked:
        """As `Counters.admit`; what it holds has to end.

        Raises:
            Forgotten, Closed: nobody knows how much money there is; it is asked for again once `ready`.
            Away, ScriptFailed: as `Counters.admit`; what may be held all the same is let go.
        """
        epoch = self.epoch
        try:
            found = await self.counters.admit(windows, amounts, wish, look)
        except NotAsked:
            raise
        except Closed as closed:
            self._again()
            raise Closed(None if closed.passed is None else self._passed(closed.passed, epoch)) from None
        except Forgotten:
            self._again()
            raise
        except BaseException:
            if wish is not None:
                self._end(Held(wish.name, 0, tuple(each.key for each in wish.accounts)), 0)
            raise
        if isinstance(found, Passed):
            found = self._passed(found, epoch)
            if isinstance(found.money, Held):
                self._holds[found.money.name] = found.money
            if wish is not None:
                self._leases.used(wish.accounts, self._clock.monotonic())
        return found

    def _passed(self, passed: Passed, epoch: str) -> Passed:
        """Take note of what an epoch has let pass."""
        if not passed.taken.windows:
            return passed
        dated = replace(passed, taken=replace(passed.taken, epoch=epoch))
        self._tally.passed(dated.taken)
        return dated

    def _again(self) -> None:
        """What is known here and in Redis differs: this process has to join again."""
        self._ready.clear()
        self._some.set()

    def admit_alone(
        self, windows: Sequence[Window], amounts: Sequence[int], wish: Wish | None
    ) -> Passed | Blocked | None:
        """As `admit`, while Redis is away: out of this process's part of each limit, and of what it leased
        of each account; None: too little of that is left."""
        found = self._tally.claim(windows, amounts, self._leases.processes)
        now_s = self._clock.monotonic()
        if isinstance(found, Against):
            return Blocked(found, [each.limit for each in windows], now_s, alone=True)
        taken, totals = found
        held = None if wish is None else self._leases.hold(wish)
        if held is None and wish is not None:
            self._tally.used(taken, [0] * len(windows))
            return None
        self._again()
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
            self._nothing.clear()
            self._some.set()

    def _end(self, held: Held, cost_nanos: int, told: Callable[[Sequence[int]], None] | None = None) -> None:
        self._ended[held.name] = Settlement(held, cost_nanos, told)
        self._nothing.clear()
        self._some.set()

    async def bury(self, process: str, costs: Mapping[str, int], *, last: bool) -> None:
        """End what a dead process held, as `Counters.bury`, as soon as this one belongs to an epoch.

        Raises:
            Away, ScriptFailed: Redis cannot be asked.
        """
        ids = list(costs)
        parts = [ids[start : start + _MOST_AT_ONCE] for start in range(0, len(ids), _MOST_AT_ONCE)] or [[]]
        while parts:
            try:
                some = {id: costs[id] for id in parts[0]}
                await self.counters.bury(process, some, last=last and len(parts) == 1)
            except Forgotten:
                self._some.set()
                await asyncio.sleep(_AGAIN_S)
            else:
                del parts[0]

    async def settled(self) -> None:
        """Return once Redis knows of all that has ended, and of what was used of windows."""
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
        if self._told == self.epoch:
            self._untold += self._apart.past()
        else:
            self._untold = self._tally.past()
        self._apart, self._told = Tally(self._clock), self.epoch
        ended = [each.held for each in self._ended.values() if each.held.nanos]
        holds = [*self._holds.values(), *ended]
        for start in range(0, len(holds), _MOST_AT_ONCE):
            await self.counters.republish(holds[start : start + _MOST_AT_ONCE])
        while self._untold:  # an answer that is lost has some of it counted twice, never not at all
            await self.counters.replay(self._untold[:_MOST_AT_ONCE])
            del self._untold[:_MOST_AT_ONCE]
        if opens_in_s is not None:
            await asyncio.sleep(opens_in_s)
            await self._catch_up()
        self._joined_s = self._clock.monotonic()
        self.was_ready = True
        self.times_ready += 1
        self._ready.set()

    async def _renew(self) -> None:
        """Have Redis keep a share of every account that is used here."""
        now_s = self._clock.monotonic()
        settings = self._settings
        if now_s - self._renewed_s < settings.lease_s:
            return
        self._renewed_s = now_s
        wanted = self._leases.wanted(now_s)
        # Who was away for long has not seen that the others live.
        lost_s = settings.lost_s if now_s - self._joined_s > 6 * settings.alive_s else _NEVER_S
        processes, shares = await self.counters.lease(wanted, SHARE, settings.alive_s, lost_s)
        if self._ready.is_set():  # else some of the shares was held meanwhile
            self._leases.told(wanted, shares, processes)

    async def _catch_up(self) -> None:
        """Have the accounts hold all that has ended here, and wait until the epoch is open."""
        told = False
        while True:
            before = list(self._ended)
            try:
                await self._compared()
            except (Unavailable, SQLAlchemyError, OSError) as error:
                if not told:
                    _log.warning("budgets_not_compared", error=str(error))
                told = True
                await asyncio.sleep(_AGAIN_S)
            else:
                break
        is_open, was_open = await self._state.open(self._settings.patience_s)
        if not was_open:
            for name in before:  # the ledger has told of it; its hold alone is left
                self._ended[name] = Settlement(self._ended[name].held, 0, self._ended[name].told)
        while not is_open:
            await asyncio.sleep(_AGAIN_S)
            is_open, _ = await self._state.open(self._settings.patience_s)

    async def _compared(self) -> None:
        """Compare, as long as the epoch goes on. Raises Forgotten: it does not."""
        comparing = asyncio.ensure_future(self._compare())
        try:
            while not comparing.done():
                await asyncio.wait([comparing], timeout=self._settings.beat_s)
                await self.counters.sums([])
        finally:
            if not comparing.done():
                comparing.cancel()
                await asyncio.wait([comparing])
        await comparing

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
            if not self._ready.is_set():  # some of what has ended may be unknown there
                break
            some = list(self._ended.values())[:_MOST_AT_ONCE]
            used, self._used = self._used[:_MOST_AT_ONCE], self._used[_MOST_AT_ONCE:]
            for each, settled in zip(some, await self.counters.settle(some, used), strict=True):
                self._ended.pop(each.held.name, None)
                if settled is not None and each.told is not None:
                    each.told(settled)
            if self._ended or self._used:
                self._some.set()
            else:
                self._nothing.set()
            await self._renew()
        raise Forgotten
