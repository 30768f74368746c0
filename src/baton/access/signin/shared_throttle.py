"""The failures of several processes, alike in each: the shared twin of `MemoryThrottle`."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from baton.access.signin.memory_throttle import MemoryThrottle
from baton.access.signin.throttle import Counter, Held
from baton.core.clock import Clock
from baton.storage.keyvalue.replication.log_clock import LogClock
from baton.storage.keyvalue.replication.replica import Replica, Word
from baton.storage.keyvalue.replication.replication import Replication

_TOPIC = "sign-ins"
_Export = list[tuple[Counter, int, float]]


class _Begin(Struct, frozen=True, array_like=True, tag="begin"):
    """An attempt is to be made."""

    counters: list[Counter]


class _Succeed(Struct, frozen=True, array_like=True, tag="succeed"):
    """It was right."""

    counters: list[Counter]


class _Lift(Struct, frozen=True, array_like=True, tag="lift"):
    """Failures are forgiven."""

    counter_id: str


class _Counted(Struct, frozen=True, array_like=True, tag="counted"):
    """So many have failed, some of them while this process heard nobody."""

    counter: Counter
    count: int
    last_at_s: float


_Word = _Begin | _Succeed | _Lift | _Counted


class SharedThrottle(Replica):
    """An attempt waits for its turn among those of all processes; while Redis is away each counts its own."""

    def __init__(self, replication: Replication, clock: Clock) -> None:
        self._replication = replication
        self._clock = clock
        self._copy = MemoryThrottle(LogClock(replication))
        replication.follow(_TOPIC, self)

    async def begin(self, counters: Sequence[Counter]) -> float:
        """See `Throttle`."""
        return await self._ask(_Begin(self._timed(counters)))

    async def succeed(self, counters: Sequence[Counter]) -> None:
        """See `Throttle`."""
        await self._ask(_Succeed(self._timed(counters)))

    async def held(self) -> tuple[Held, ...]:
        """See `Throttle`."""
        await self._replication.agree()
        return await self._copy.held()

    async def lift(self, counter_id: str) -> bool:
        """See `Throttle`."""
        return await self._ask(_Lift(counter_id))

    def heard(self, word: Word, *, ours: bool) -> object:
        """As `Replica.heard`."""
        del ours
        said: _Word = msgspec.convert(word, _Word)
        match said:
            case _Begin(counters):
                return self._copy.begun(counters)
            case _Succeed(counters):
                return self._copy.succeeded(counters)
            case _Lift(counter_id):
                return self._copy.lifted(counter_id)
            case _Counted(counter, count, last_at_s):
                return self._copy.adopt(counter, count, last_at_s)

    def export(self) -> object:
        """As `Replica.export`."""
        return msgspec.to_builtins(self._copy.export())

    def restore(self, state: object) -> None:
        """As `Replica.restore`."""
        self._copy.restore([] if state is None else msgspec.convert(state, _Export))

    def missed(self, own: object, since_s: float) -> Iterator[Word]:
        """As `Replica.missed`: what has failed meanwhile."""
        for counter, count, last_at_s in msgspec.convert(own, _Export):
            if last_at_s >= since_s:
                yield msgspec.to_builtins(_Counted(counter, count, last_at_s))

    def _timed(self, counters: Sequence[Counter]) -> list[Counter]:
        """With moments by the log's clock, which may differ from this machine's."""
        ahead_s = self._replication.now_s() - self._clock.wall()
        return [
            replace(counter, since_s=counter.since_s + ahead_s) if counter.since_s else counter
            for counter in counters
        ]

    async def _ask(self, word: _Word) -> Any:
        return await self._replication.ask(_TOPIC, *msgspec.to_builtins(word))
