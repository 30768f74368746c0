"""What other processes keep and ask for: looked for in the step that admits, and told of afterwards."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Protocol, Self

import structlog
from msgspec import Struct

from baton.core.clock import Clock
from baton.core.errors import BatonError, Unavailable
from baton.gateway.admission.shared.state import AGREE, FETCH, FORGET, LAND, ROOM, UNDERWAY, Forgotten, State
from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.look import LEASE_MS, SharedLook
from baton.gateway.cache.exact.marks import Marks, Veil, marks_of
from baton.gateway.cache.exact.packing import Packing
from baton.gateway.cache.exact.plan import Plan
from baton.gateway.cache.exact.store import Room
from baton.storage.keyvalue.line import Away, ScriptFailed

MOST_BYTES = 1024 * 1024
"""Of an answer that others are given; a longer one would hold Redis, and all who ask it, for too long."""

_LOOK_S = 0.02
"""Between two looks at what is waited for."""

_RENEW_S = LEASE_MS / 3000

_MOST_AT_ONCE = 500
_AGAIN_S = 1.0
_CLOSING_S = 1.0
_log = structlog.stdlib.get_logger(__name__)

Found = Callable[[Kept], bool]
"""Whether an answer may be given to who asks."""


class Bounds(Struct, frozen=True, kw_only=True):
    """What may be kept for all."""

    keeps: bool
    """Whether anything is, but for a moment and for those who wait."""
    most_entries: int
    most_bytes: int


class Oblivion(Protocol):
    """Counts, for all processes, how often answers were forgotten. Raises Unavailable."""

    async def times(self) -> int:
        """How often."""
        ...

    async def note(self) -> int:
        """Once more; how often that is."""
        ...


class _Waiting(Struct):
    """Those who wait for one that another process asks for."""

    leader: str
    ended: asyncio.Event
    count: int = 0


class Others:
    """One process's way to them; `async with` has it hold and watch what is under way."""

    def __init__(
        self,
        state: State,
        packing: Packing,
        veil: Veil,
        clock: Clock,
        bounds: Bounds,
        oblivion: Oblivion,
    ) -> None:
        """`oblivion`: what was forgotten, told by somebody who is put back to no earlier time."""
        self._oblivion = oblivion
        self._agreed = not bounds.keeps
        """Whether what is kept is known to be what nobody has had forgotten."""
        self._state = state
        self._packing = packing
        self._veil = veil
        self._clock = clock
        self._bounds = bounds
        self._asking: dict[str, str] = {}
        """Key → who asks, of this process."""
        self._waiting: dict[str, _Waiting] = {}
        self._some = asyncio.Event()
        self._renewed_s = 0.0
        self._telling: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._agree(), name="answers kept for all"),
            asyncio.create_task(self._run(), name="answers of others"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._telling:
            await asyncio.wait(self._telling, timeout=_CLOSING_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    @property
    def agreed(self) -> bool:
        """Whether what is kept is known to be what nobody has had forgotten: else nothing is given."""
        return self._agreed

    def look(self, plan: Plan, name: str, found: Found, *, joins: bool, ends_s: float | None) -> SharedLook:
        """One request's look. `name`: of its interaction; `joins`: whether it waits for who asks already, and
        others wait for it; `ends_s`: for how long, on the monotonic clock."""
        key = plan.key

        def accept(sealed: str) -> Kept | None:
            kept = self._packing.open_text(sealed, key)
            return kept if kept is not None and found(kept) else None

        reads = plan.reads and self._bounds.keeps and self._agreed
        return SharedLook(
            key, name, accept, self._leads, self._landed, reads=reads, joins=joins, ends_s=ends_s
        )

    def land(self, look: SharedLook, plan: Plan, kept: Kept | None, *, keep: bool) -> None:
        """It has its answer, None: it has none for others. `keep`: whether the answer may be given again
        later; else those have it who wait now."""
        if self._asking.get(look.key) == look.name:
            del self._asking[look.key]
        sealed: object = False
        marks: list[str] = []
        if kept is not None and kept.size <= MOST_BYTES:
            sealed = self._packing.close_text(kept, look.key)
            marks = self._veil.over(marks_of(plan, kept))
        size = len(sealed) if isinstance(sealed, str) else 0
        bounds = self._bounds
        keep = keep and bounds.keeps and size * 10 <= bounds.most_bytes
        told = [
            *(look.key, look.name, sealed, keep, round(plan.ttl_s * 1_000_000), marks, size),
            *(look.forgotten, bounds.most_entries, bounds.most_bytes),
        ]
        self._tell(self._state.ask(LAND, *told))

    async def fetch(self, key: str) -> Kept | None:
        """The answer of a key; None: there is none, or Redis is away."""
        if not self._agreed:
            return None
        try:
            _, sealed = await self._state.ask(FETCH, key)
        except (Away, ScriptFailed, Forgotten):
            return None
        return self._packing.open_text(sealed, key) if sealed else None

    async def forget(self, marks: Marks) -> int:
        """As `Store.forget`."""
        veiled, cursor, count = self._veil.over(marks), "0", 0
        times = await self._oblivion.note()  # first: whoever dies after it has the next one forget everything
        while True:
            try:
                _, cursor, some = await self._state.ask(FORGET, cursor, veiled, times)
            except (Away, ScriptFailed, Forgotten) as error:
                raise _away() from error
            count += some
            if cursor == "0":
                return count

    async def room(self) -> Room:
        """As `Store.room`."""
        try:
            _, entries, size = await self._state.ask(ROOM)
        except (Away, ScriptFailed, Forgotten) as error:
            raise _away() from error
        return Room(entries, int(size), self._bounds.most_entries, self._bounds.most_bytes)

    def _leads(self, key: str, name: str) -> None:
        """As `look.Leads`: until it has landed, others wait for it."""
        self._asking[key] = name
        self._some.set()

    async def _landed(self, key: str, leader: str, ends_s: float | None) -> bool:
        """As `look.Landed`."""
        waiting = self._waiting.get(key)
        if waiting is None or waiting.leader != leader:
            waiting = self._waiting[key] = _Waiting(leader, asyncio.Event())
        waiting.count += 1
        self._some.set()
        try:
            left_s = None if ends_s is None else max(0.0, ends_s - self._clock.monotonic())
            async with asyncio.timeout(left_s):
                await waiting.ended.wait()
        except TimeoutError:
            return False
        finally:
            waiting.count -= 1
            if not waiting.count and self._waiting.get(key) is waiting:
                del self._waiting[key]
        return True

    def _tell(self, telling: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(_told(telling))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _agree(self) -> None:
        """Have Redis drop what it keeps where it has not heard of all that was forgotten."""
        while not self._agreed:
            while not self._state.epoch:  # noqa: ASYNC110 (joined by somebody else)
                await asyncio.sleep(_LOOK_S)
            try:
                _, dropped = await self._state.ask(AGREE, await self._oblivion.times())
            except (Away, ScriptFailed, Forgotten, BatonError):
                await asyncio.sleep(_AGAIN_S)
            else:
                self._agreed = True
                if dropped:
                    _log.info("kept_answers_dropped")

    async def _run(self) -> None:
        while True:
            if not self._waiting and not self._asking:
                self._some.clear()
                await self._some.wait()
            try:
                await self._look_on()
            except (Away, ScriptFailed, Forgotten):
                self._give_up()
            except Exception:  # noqa: BLE001  a mistake of ours must not leave others waiting for ever
                _log.exception("answers_of_others_failed")
                self._give_up()
                await asyncio.sleep(_AGAIN_S)
            await asyncio.sleep(_LOOK_S)

    def _give_up(self) -> None:
        """Nobody knows what others do: those who wait ask again, and find out for themselves."""
        for waiting in self._waiting.values():
            waiting.ended.set()

    async def _look_on(self) -> None:
        """Have what is asked here go on, and look which of those that are waited for have ended."""
        now_s = self._clock.monotonic()
        asking: list[tuple[str, str]] = []
        if now_s - self._renewed_s >= _RENEW_S:
            self._renewed_s = now_s
            asking = list(self._asking.items())
        waiting = list(self._waiting.items())
        if not asking and not waiting:
            return
        for start in range(0, max(len(asking), len(waiting)), _MOST_AT_ONCE):
            some = waiting[start : start + _MOST_AT_ONCE]
            mine = asking[start : start + _MOST_AT_ONCE]
            whom = [(key, each.leader) for key, each in some]
            _, still = await self._state.ask(UNDERWAY, LEASE_MS, mine, whom)
            for (_, each), goes_on in zip(some, still, strict=True):
                if not goes_on:
                    each.ended.set()


async def _told(telling: Coroutine[Any, Any, object]) -> None:
    """What nobody waits for: where Redis is away the others find out when its lease ends."""
    try:
        await telling
    except (Away, ScriptFailed, Forgotten) as error:
        _log.info("answer_not_shared", error=str(error) or type(error).__name__)


def _away() -> Unavailable:
    return Unavailable(
        "The answers that are kept cannot be asked for: Redis is away.",
        code="shared_state_unavailable",
        retry_after_s=1.0,
    )
