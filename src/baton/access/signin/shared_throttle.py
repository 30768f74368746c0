"""The failures of several processes, alike in each: the shared twin of `MemoryThrottle`."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from baton.access.signin.memory_throttle import MemoryThrottle
from baton.access.signin.throttle import Counter, Held
from baton.storage.keyvalue.replication.log_clock import LogClock
from baton.storage.keyvalue.replication.replica import Replica, Word
from baton.storage.keyvalue.replication.replication import Replication

_TOPIC = "sign-ins"


class _Begin(Struct, frozen=True, array_like=True, tag="begin"):
    """An attempt is to be made."""

    counters: list[Counter]


class _Succeed(Struct, frozen=True, array_like=True, tag="succeed"):
    """It was right."""

    counters: list[Counter]


class _Lift(Struct, frozen=True, array_like=True, tag="lift"):
    """Failures are forgiven."""

    counter_id: str


_Word = _Begin | _Succeed | _Lift


class SharedThrottle(Replica):
    """An attempt waits for its turn among those of all processes; while Redis is away each counts its own."""

    def __init__(self, replication: Replication) -> None:
        self._replication = replication
        self._copy = MemoryThrottle(LogClock(replication))
        replication.follow(_TOPIC, self)

    async def begin(self, counters: Sequence[Counter]) -> float:
        """See `Throttle`."""
        return await self._ask(_Begin(list(counters)))

    async def succeed(self, counters: Sequence[Counter]) -> None:
        """See `Throttle`."""
        await self._ask(_Succeed(list(counters)))

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

    def export(self) -> object:
        """As `Replica.export`."""
        return msgspec.to_builtins(self._copy.export())

    def restore(self, state: object) -> None:
        """As `Replica.restore`."""
        self._copy.restore([] if state is None else msgspec.convert(state, list[tuple[Counter, int, float]]))

    async def _ask(self, word: _Word) -> Any:
        return await self._replication.ask(_TOPIC, *msgspec.to_builtins(word))
