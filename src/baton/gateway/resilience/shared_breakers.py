"""The breakers of several processes, alike in each: the shared twin of `MemoryBreakers`."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import count

import msgspec
from msgspec import Struct

from baton.core.clock import Clock
from baton.gateway.resilience.breaker import Limits, State
from baton.gateway.resilience.breakers import BreakerListener, Lease
from baton.gateway.resilience.forced import ForcedBreaker
from baton.gateway.resilience.holds import Holds
from baton.gateway.resilience.memory_breakers import KeptWithin, MemoryBreakers, Named
from baton.gateway.resilience.standing import Standing
from baton.storage.keyvalue.replication.log_clock import LogClock
from baton.storage.keyvalue.replication.replica import Replica, Word
from baton.storage.keyvalue.replication.replication import Replication

_TOPIC = "breakers"


class _Well(Struct, frozen=True, array_like=True, tag="well"):
    """Calls of one spell went well."""

    provider: str
    model: str
    spells: tuple[int, int]
    calls: int


class _Failed(Struct, frozen=True, array_like=True, tag="failed"):
    """A call failed."""

    provider: str
    model: str
    permits: tuple[Named, Named]
    unreachable: bool


class _Tried(Struct, frozen=True, array_like=True, tag="tried"):
    """A trial went well."""

    provider: str
    model: str
    permits: tuple[Named, Named]


class _Release(Struct, frozen=True, array_like=True, tag="release"):
    """Nothing was learnt of a trial, or it was given to nobody."""

    trial: str


class _Open(Struct, frozen=True, array_like=True, tag="open"):
    """One opened while this process heard nobody."""

    provider: str
    model: str | None
    until_s: float
    wait_s: float


class _Try(Struct, frozen=True, array_like=True, tag="try"):
    """Somebody asks for leave where not everybody has it."""

    provider: str
    model: str
    lease_s: float
    trial: str


class _Force(Struct, frozen=True, array_like=True, tag="force"):
    """An admin holds one open or closed, or no more."""

    provider: str
    model: str | None
    state: State | None


_Word = _Well | _Failed | _Tried | _Release | _Open | _Try | _Force


class SharedBreakers(Replica):
    """Reads come from this process's copy and cost no I/O; a half-open breaker's trials are given where all
    processes ask in one order. Failures are told at once, what went well a few times a second."""

    def __init__(self, replication: Replication, clock: Clock, limits: Limits | None = None) -> None:
        self._replication = replication
        self._clock = clock
        self._copy = MemoryBreakers(LogClock(replication, clock), limits)
        self._holds = Holds()
        self._well: dict[tuple[str, str, tuple[int, int]], int] = {}
        self._numbers = count(1)
        self._trials: set[str] = set()
        """Under way here."""
        replication.follow(_TOPIC, self)

    def listen(self, listener: BreakerListener) -> None:
        """As `MemoryBreakers.listen`; also of changes that calls of other processes make."""
        self._copy.listen(listener)

    def wait_s(self, provider: str, model: str) -> float:
        """As `Breakers.wait_s`."""
        return self._copy.wait_s(provider, model)

    async def enter(self, provider: str, model: str, lease_s: float) -> Lease | None:
        """As `Breakers.enter`. Where everybody is let through nothing is awaited."""
        spells = self._copy.spells(provider, model)
        if spells is not None:
            return _Ordinary(self, provider, model, spells)
        if self._copy.wait_s(provider, model):
            self._copy.refused(provider, model)
            return None
        trial = f"{self._replication.process}/{next(self._numbers)}"
        try:
            permits = await self._ask(_Try(provider, model, lease_s, trial))
        except asyncio.CancelledError:  # it may have been given all the same
            self.released(trial)
            raise
        if permits is None:
            self._copy.refused(provider, model)
            return None
        self._trials.add(trial)
        return Trial(self, provider, model, trial, permits)

    def hold(self, wanted: Iterable[ForcedBreaker]) -> None:
        """As `MemoryBreakers.hold`; every process says what it reads of admins, the first one is heard."""
        for turn in self._holds.follow(wanted, self._clock.monotonic(), self._clock.wall() * 1000):
            self._say(_Force(*turn))

    def standings(self) -> list[Standing]:
        """As `MemoryBreakers.standings`; calls refused are this process's."""
        return self._copy.standings()

    def knows(self, provider: str, model: str) -> bool:
        """As `MemoryBreakers.knows`."""
        return self._copy.knows(provider, model)

    def succeeded(self, provider: str, model: str, spells: tuple[int, int]) -> None:
        """A call went well."""
        key = (provider, model, spells)
        self._well[key] = self._well.get(key, 0) + 1

    def failed(
        self, provider: str, model: str, permits: tuple[Named, Named], *, unreachable: bool = False
    ) -> None:
        """A call failed; what went well before is told before."""
        for word in self.due():
            self._replication.say(_TOPIC, *word)
        self._replication.quicken(now=True)
        self._say(_Failed(provider, model, permits, unreachable))

    def tried(self, provider: str, model: str, permits: tuple[Named, Named]) -> None:
        """A trial went well."""
        self._say(_Tried(provider, model, permits))

    def released(self, trial: str) -> None:
        """Nothing was learnt of a trial."""
        self._say(_Release(trial))

    def ended(self, trial: str) -> None:
        """It is under way no more, whatever came of it."""
        self._trials.discard(trial)

    def due(self) -> list[Word]:
        """As `Replica.due`."""
        now_s = self._clock.monotonic()
        if now_s >= self._holds.next_end_s:
            for turn in self._holds.ended(now_s):
                self._say(_Force(*turn))
        well, self._well = self._well, {}
        return [msgspec.to_builtins(_Well(*key, calls)) for key, calls in well.items()]

    def heard(self, word: Word, *, ours: bool) -> object:
        """As `Replica.heard`."""
        copy = self._copy
        copy.ours = ours
        said: _Word = msgspec.convert(word, _Word)
        match said:
            case _Well(provider, model, (whole, own), calls):
                copy.succeeded(copy.lease(provider, model, ((whole, None), (own, None))), calls)
            case _Failed(provider, model, permits, unreachable):
                copy.lease(provider, model, permits).failed(unreachable=unreachable)
                if not ours:  # what went well here lately is to come between its failures
                    self._replication.quicken(now=any(key[0] == provider for key in self._well))
            case _Tried(provider, model, permits):
                copy.lease(provider, model, permits).succeeded()
            case _Release(trial):
                copy.forsake(trial)
            case _Open(provider, model, until_s, wait_s):
                copy.ours = False  # it was told when it opened
                copy.adopt(provider, model, until_s, wait_s)
            case _Try(provider, model, lease_s, trial):
                given = copy.let_in(provider, model, lease_s, trial)
                return None if given is None else tuple(permit.named for permit in given.permits)
            case _Force(provider, model, state):
                copy.force(provider, model, state)
        return None

    def gone(self, process: str) -> None:
        """As `Replica.gone`."""
        self._copy.forsake(process)

    def export(self) -> object:
        """As `Replica.export`."""
        return msgspec.to_builtins(self._copy.export())

    def restore(self, state: object) -> None:
        """As `Replica.restore`."""
        self._copy.restore({} if state is None else msgspec.convert(state, dict[str, KeptWithin]))

    def missed(self, own: object, since_s: float) -> Iterator[Word]:
        """As `Replica.missed`: what admins want and others do not know, trials that nobody makes, and what
        has opened meanwhile."""
        del since_s
        words: list[_Word] = [_Force(*turn) for turn in self._holds.differences(self._copy.forced())]
        stale = self._copy.trial_names(self._replication.process) - self._trials
        words += [_Release(trial) for trial in stale]
        kept = msgspec.convert(own, dict[str, KeptWithin])
        for provider, within in kept.items():
            for model, breaker in ((None, within.whole), *within.models.items()):
                if breaker.is_open and breaker.forced is None:
                    words.append(_Open(provider, model, breaker.until_s, breaker.wait_s))
        for word in words:
            yield msgspec.to_builtins(word)

    def _say(self, word: _Word) -> None:
        self._replication.say(_TOPIC, *msgspec.to_builtins(word))

    async def _ask(self, word: _Word) -> tuple[Named, Named] | None:
        return await self._replication.ask(_TOPIC, *msgspec.to_builtins(word))


class _Ordinary:
    """Leave where everybody has it."""

    __slots__ = ("_house", "_model", "_provider", "_spells", "_spoken")

    def __init__(self, house: SharedBreakers, provider: str, model: str, spells: tuple[int, int]) -> None:
        self._house = house
        self._provider = provider
        self._model = model
        self._spells = spells
        self._spoken = False

    def succeeded(self) -> None:
        """As `Lease.succeeded`."""
        if not self._spoken:
            self._spoken = True
            self._house.succeeded(self._provider, self._model, self._spells)

    def failed(self, *, unreachable: bool = False) -> None:
        """As `Lease.failed`."""
        if not self._spoken:
            self._spoken = True
            whole, own = self._spells
            permits = (whole, None), (own, None)
            self._house.failed(self._provider, self._model, permits, unreachable=unreachable)

    def released(self) -> None:
        """As `Lease.released`."""
        self._spoken = True


class Trial:
    """Leave of a half-open breaker, or of two."""

    __slots__ = ("_house", "_model", "_name", "_permits", "_provider", "_spoken")

    def __init__(
        self, house: SharedBreakers, provider: str, model: str, name: str, permits: tuple[Named, Named]
    ) -> None:
        self._house = house
        self._provider = provider
        self._model = model
        self._name = name
        self._permits = permits
        self._spoken = False

    def succeeded(self) -> None:
        """As `Lease.succeeded`."""
        if self._first():
            self._house.tried(self._provider, self._model, self._permits)

    def failed(self, *, unreachable: bool = False) -> None:
        """As `Lease.failed`."""
        if self._first():
            self._house.failed(self._provider, self._model, self._permits, unreachable=unreachable)

    def released(self) -> None:
        """As `Lease.released`."""
        if self._first():
            self._house.released(self._name)

    @property
    def trials(self) -> tuple[bool, bool]:
        """Whether it is one of the provider's, and one of the model's."""
        whole, own = self._permits
        return whole[1] is not None, own[1] is not None

    def _first(self) -> bool:
        first = not self._spoken
        self._spoken = True
        self._house.ended(self._name)
        return first
