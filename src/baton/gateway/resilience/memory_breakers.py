"""The breakers of one process, kept in its memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import structlog
from msgspec import Struct

from baton.core.clock import Clock
from baton.gateway.resilience.breaker import Breaker, Kept, Limits, Permit, State
from baton.gateway.resilience.breakers import BreakerChange, BreakerListener
from baton.gateway.resilience.forced import ForcedBreaker
from baton.gateway.resilience.holds import Holds
from baton.gateway.resilience.standing import Standing, standing_of

MODELS_AT_MOST = 1000
"""Breakers of one provider's models; callers can name any model."""

_KEPT = 3 * MODELS_AT_MOST // 4
"""How many are left when there were too many, so that this is rare."""

_log = structlog.stdlib.get_logger(__name__)


Named = tuple[int, str | None]
"""A permit: the spell that it is of, and what the trial is called if it is one."""


class KeptWithin(Struct, frozen=True, array_like=True):
    """All that is known of one provider, so that another process knows the same."""

    whole: Kept
    models: dict[str, Kept]


class _Within:
    """The breakers of one provider."""

    __slots__ = ("models", "whole")

    def __init__(self, whole: Breaker) -> None:
        self.whole = whole
        self.models: dict[str, Breaker] = {}


class MemoryBreakers:
    """The breakers of every provider that was asked, and of each model within it."""

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._providers: dict[str, _Within] = {}
        self._listeners: list[BreakerListener] = []
        self._holds = Holds()
        self.ours = True
        """Whether what happens next is this process's doing."""

    def listen(self, listener: BreakerListener) -> None:
        """Have it told of every breaker that opens or closes."""
        self._listeners.append(listener)

    def wait_s(self, provider: str, model: str) -> float:
        """As `Breakers.wait_s`."""
        now_s = self._now_s()
        within = self._providers.get(provider)
        if within is None:
            return 0.0
        wait_s = within.whole.wait_s(now_s)
        own = within.models.get(model)
        return wait_s if own is None else max(wait_s, own.wait_s(now_s))

    async def enter(self, provider: str, model: str, lease_s: float) -> "MemoryLease | None":
        """As `Breakers.enter`. Nothing is awaited, so both breakers are asked and entered at one moment."""
        return self.let_in(provider, model, lease_s)

    def let_in(self, provider: str, model: str, lease_s: float, trial: str = "") -> "MemoryLease | None":
        """The same; `trial`: what it is called should it be one, where another counts who is refused."""
        now_s = self._now_s()
        within = self._providers.get(provider) or self._new(provider, now_s)
        whole = within.whole
        own = within.models.get(model) or self._new_within(within, model, now_s)
        if whole.wait_s(now_s):
            whole.refused += not trial
            return None
        if own.wait_s(now_s):
            own.refused += not trial
            return None
        permits = whole.enter(now_s, lease_s, trial), own.enter(now_s, lease_s, trial)
        return MemoryLease(self, provider, model, (whole, own), permits)

    def lease(self, provider: str, model: str, permits: Sequence[Named]) -> "MemoryLease":
        """One that was given before, here or elsewhere: by the provider's permit, then the model's."""
        now_s = self._now_s()
        within = self._providers.get(provider) or self._new(provider, now_s)
        own = within.models.get(model) or self._new_within(within, model, now_s)
        of_whole, of_own = permits
        found = within.whole.permit(*of_whole), own.permit(*of_own)
        return MemoryLease(self, provider, model, (within.whole, own), found)

    def spells(self, provider: str, model: str) -> tuple[int, int] | None:
        """Where both let everybody through, what a call's permits are of; None: it has to `enter`."""
        within = self._providers.get(provider)
        if within is None:
            return 0, 0
        own = within.models.get(model)
        whole, one = within.whole.spell, 0 if own is None else own.spell
        return None if whole is None or one is None else (whole, one)

    def hold(self, wanted: Iterable[ForcedBreaker]) -> None:
        """Hold open or closed what admins want so, and nothing else. What has ended already holds nothing."""
        for turn in self._holds.follow(wanted, self._now_s(), self._clock.wall() * 1000):
            self.force(*turn)

    def standings(self) -> list[Standing]:
        """Every provider's that was asked, and every model's of which anything is known, by name."""
        now_s = self._now_s()
        wall_s = self._clock.wall() - now_s
        return [
            standing_of(provider, model, breaker, now_s, wall_s)
            for provider, within in sorted(self._providers.items())
            for model, breaker in ((None, within.whole), *sorted(within.models.items()))
            if model is None or breaker.refused or breaker.openings or not breaker.quiet(now_s)
        ]

    def knows(self, provider: str, model: str) -> bool:
        """Whether a model was asked here, or is held by an admin."""
        within = self._providers.get(provider)
        return within is not None and model in within.models

    def refused(self, provider: str, model: str) -> None:
        """A call was not let through by whoever gives leave for these breakers."""
        within = self._providers.get(provider)
        if within is not None:
            own = within.models.get(model)
            kept_out = within.whole if own is None or within.whole.wait_s(self._now_s()) else own
            kept_out.refused += 1

    def force(self, provider: str, model: str | None, state: State | None) -> None:
        """Hold one open or closed from now on; None: no more. Where that is no news nothing happens."""
        now_s = self._clock.monotonic()
        breaker = self._breaker(provider, model, now_s)
        if breaker.forced is state:
            return
        was_open = breaker.is_open or breaker.forced is State.OPEN
        breaker.force(state, now_s)
        if was_open is not (state is State.OPEN):
            self._tell(provider, model, breaker, forced=True)

    def forsake(self, holder: str) -> None:
        """As `Breaker.forsake`, of all."""
        for _, _, breaker in self._all():
            breaker.forsake(holder)

    def trial_names(self, process: str) -> set[str]:
        """Of a process's trials under way."""
        return {name for _, _, breaker in self._all() for name in breaker.trial_names(process)}

    def forced(self) -> dict[tuple[str, str | None], State]:
        """Which are held, and how."""
        return {
            (provider, model): breaker.forced
            for provider, model, breaker in self._all()
            if breaker.forced is not None
        }

    def adopt(self, provider: str, model: str | None, until_s: float, wait_s: float) -> None:
        """One was opened elsewhere."""
        now_s = self._clock.monotonic()
        breaker = self._breaker(provider, model, now_s)
        if breaker.adopt(until_s, wait_s, now_s):
            self._tell(provider, model, breaker, forced=False)

    def export(self) -> dict[str, KeptWithin]:
        """All that is known, by provider."""
        return {
            name: KeptWithin(
                within.whole.export(), {model: own.export() for model, own in within.models.items()}
            )
            for name, within in self._providers.items()
        }

    def restore(self, kept: Mapping[str, KeptWithin]) -> None:
        """Know this instead of what was known; who was not let through here stays counted. Who listens hears
        of what stands otherwise by that."""
        were_open = self._open()
        before, self._providers = self._providers, {}
        for name, each in kept.items():
            within, known = self._new(name, 0.0), before.get(name)
            within.whole.restore(each.whole)
            within.whole.refused = 0 if known is None else known.whole.refused
            for model, of_model in each.models.items():
                own = within.models[model] = Breaker(self._limits, 0.0)
                own.restore(of_model)
                own.refused = 0 if known is None or model not in known.models else known.models[model].refused
        self.ours = False
        known = {(provider, model): breaker for provider, model, breaker in self._all()}
        unknown = Breaker(self._limits, 0.0)
        for provider, model in sorted(were_open ^ self._open(), key=str):
            breaker = known.get((provider, model), unknown)
            self._tell(provider, model, breaker, forced=breaker.forced is not None)

    def _open(self) -> set[tuple[str, str | None]]:
        return {
            (provider, model)
            for provider, model, breaker in self._all()
            if (breaker.is_open if breaker.forced is None else breaker.forced is State.OPEN)
        }

    def _all(self) -> Iterator[tuple[str, str | None, Breaker]]:
        for provider, within in self._providers.items():
            yield provider, None, within.whole
            for model, own in within.models.items():
                yield provider, model, own

    def succeeded(self, lease: "MemoryLease", count: int = 1) -> None:
        """A call went well, or some together."""
        now_s = self._clock.monotonic()
        whole, own = lease.breakers
        changed = (
            whole.succeeded(lease.permits[0], now_s, count),
            own.succeeded(lease.permits[1], now_s, count),
        )
        if True in changed:
            self._changed(lease, changed)

    def failed(self, lease: "MemoryLease", *, unreachable: bool) -> None:
        """A call failed."""
        now_s = self._clock.monotonic()
        whole, own = lease.breakers
        self._changed(
            lease,
            (
                whole.failed(lease.permits[0], now_s, None if unreachable else lease.model),
                own.failed(lease.permits[1], now_s),
            ),
        )

    def _changed(self, lease: "MemoryLease", changed: tuple[bool, bool]) -> None:
        """Tell of those that did, once both have."""
        whole, own = lease.breakers
        if changed[0]:
            self._tell(lease.provider, None, whole, forced=False)
        if changed[1]:
            self._tell(lease.provider, lease.model, own, forced=False)

    def released(self, lease: "MemoryLease") -> None:
        """No word about it."""
        now_s = self._clock.monotonic()
        for breaker, permit in zip(lease.breakers, lease.permits, strict=True):
            breaker.released(permit, now_s)

    def _now_s(self) -> float:
        """The time, with everything ended that ends by then."""
        now_s = self._clock.monotonic()
        if now_s >= self._holds.next_end_s:
            for turn in self._holds.ended(now_s):
                self.force(*turn)
        return now_s

    def _breaker(self, provider: str, model: str | None, now_s: float) -> Breaker:
        within = self._providers.get(provider) or self._new(provider, now_s)
        if model is None:
            return within.whole
        # An admin's word holds also where there are too many models.
        return within.models.setdefault(model, Breaker(self._limits, now_s))

    def _new(self, provider: str, now_s: float) -> _Within:
        within = self._providers[provider] = _Within(Breaker(self._limits, now_s))
        return within

    def _new_within(self, within: _Within, model: str, now_s: float) -> Breaker:
        """A model's first; where too many are open it is not kept, and the provider's alone decides."""
        breaker = Breaker(self._limits, now_s)
        models = within.models
        if len(models) >= MODELS_AT_MOST:
            for name in _spare(models, now_s):
                del models[name]
        if len(models) < MODELS_AT_MOST:
            models[model] = breaker
        return breaker

    def _tell(self, provider: str, model: str | None, breaker: Breaker, *, forced: bool) -> None:
        is_open = breaker.is_open or breaker.forced is State.OPEN
        wait_s = breaker.open_for_s if breaker.is_open else None
        if not self.ours:
            pass
        elif is_open:
            _log.warning(
                "breaker_opened",
                provider=provider,
                model=model,
                forced=forced,
                wait_s=wait_s,
                failures_in_a_row=breaker.in_a_row.count,
                recent_calls=breaker.recent.calls,
                recent_failures=breaker.recent.failures.count,
            )
        else:
            _log.info("breaker_closed", provider=provider, model=model, forced=forced)
        change = BreakerChange(
            provider=provider,
            model=model,
            is_open=is_open,
            forced=forced,
            wait_s=wait_s,
            ours=self.ours,
        )
        for listener in self._listeners:
            listener.changed(change)


class MemoryLease:
    """Leave of a provider and of its model for one call."""

    __slots__ = ("_house", "_spoken", "breakers", "model", "permits", "provider")

    def __init__(
        self,
        house: MemoryBreakers,
        provider: str,
        model: str,
        breakers: tuple[Breaker, Breaker],
        permits: tuple[Permit, Permit],
    ) -> None:
        """`breakers`, `permits`: the provider's, then the model's."""
        self._house = house
        self._spoken = False
        self.provider = provider
        self.model = model
        self.breakers = breakers
        self.permits = permits

    def succeeded(self) -> None:
        """As `Lease.succeeded`."""
        if not self._spoken:
            self._spoken = True
            self._house.succeeded(self)

    def failed(self, *, unreachable: bool = False) -> None:
        """As `Lease.failed`."""
        if self._first():
            self._house.failed(self, unreachable=unreachable)

    def released(self) -> None:
        """As `Lease.released`."""
        if self._first():
            self._house.released(self)

    def _first(self) -> bool:
        """Whether nothing was said before."""
        first = not self._spoken
        self._spoken = True
        return first


def _spare(models: dict[str, Breaker], now_s: float) -> list[str]:
    """Names to do without: quiet ones, then those that came first; none that is open, held, or on trial."""
    spare = [name for name, breaker in models.items() if breaker.quiet(now_s)]
    surplus = len(models) - len(spare) - _KEPT
    if surplus > 0:
        quiet = frozenset(spare)
        closed = (
            name
            for name, breaker in models.items()
            if name not in quiet and not (breaker.is_open or breaker.forced or breaker.trials(now_s))
        )
        spare.extend(islice(closed, surplus))
    return spare
