"""A second gateway like the one that serves, whose providers are all simulated and which nobody else sees.

It is assembled as the first is: the same router, courses, attempts, breakers, dialects and rescues over the
same models, providers and settings. Nothing of it reaches the network, the ledger, the
breakers, the health or the keys' marks of the gateway that serves.
"""

import random
import ssl
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from msgspec import Struct, structs

from baton.catalog.live import LiveCatalog
from baton.catalog.tokens.gauge import Gauge
from baton.core.clock import Clock
from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.gateway.admission.unlimited import unlimited
from baton.gateway.assembly import Parts, Policy, assemble
from baton.gateway.draining import AbortedStreams, Drains
from baton.gateway.fingerprints import Fingerprints
from baton.gateway.health.health import Health
from baton.gateway.opening import Openings
from baton.gateway.resilience.forced import ForcedBreaker
from baton.gateway.resilience.memory_breakers import MemoryBreakers
from baton.upstream.calls import Upstream
from baton.upstream.directory import Directory
from baton.upstream.http import HttpSettings
from baton.upstream.outbound.addresses import Address
from baton.upstream.outbound.exits import Exits
from baton.upstream.outbound.fetcher import Fetcher, FetchLimits
from baton.upstream.outbound.guard import Guard
from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.simulation import Simulation
from baton.upstream.providers.simulated.transport import SimulatedTransport
from baton.upstream.providers.simulated.words import lorem
from baton.upstream.transport import Deadlines, UpstreamRequest, UpstreamResponse
from baton.watch.rehearsal.rows import Pages

USUAL_MS = 1000
"""Before the first word of a model of which the catalog does not say it."""

TOKENS_PER_S = 50
WORDS = 60
"""Of every answer: about as many tokens."""

_MADE_UP = "rehearsal-key-{}"
_SEED = 1


class Configuration(Struct, frozen=True, kw_only=True):
    """What of a running Baton is rehearsed. It is read, and never changed."""

    catalog: LiveCatalog
    directory: Directory
    policy: Policy
    forced: Callable[[], Sequence[ForcedBreaker]]
    """Breakers that admins hold."""
    health_window_s: float


def _unkeyed(directory: Directory) -> Directory:
    """The same providers, nothing known against any; as many keys as they have, none of them true."""
    made_up = {
        each.name: structs.replace(
            each.settings, keys=tuple(_MADE_UP.format(number) for number in range(len(each.settings.keys)))
        )
        for each in directory
    }
    return Directory([each.spec for each in directory], made_up)


class Stage:
    """The second gateway, while it is entered."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._exits = AsyncExitStack()
        self.pages = Pages()
        directory = _unkeyed(configuration.directory)
        self._catalog = configuration.catalog.under(clock)
        self._simulations = {provider.name: Simulation(clock) for provider in directory}
        for name in self._simulations:
            self.behave(name)
        breakers = MemoryBreakers(clock)
        breakers.hold(configuration.forced())
        local = {name: SimulatedTransport(each, clock) for name, each in self._simulations.items()}
        nowhere = _Nowhere()
        unused = Exits(HttpSettings(), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        fetcher = Fetcher(Guard(), nowhere, unused, FetchLimits())
        self._drains = Drains(AbortedStreams.CANCEL, _guess)
        parts = Parts(
            admission=unlimited(clock),
            policy=configuration.policy,
            catalog=self._catalog,
            directory=directory,
            upstream=Upstream(nowhere, local, fetcher, clock),
            breakers=breakers,
            health=Health(clock, configuration.health_window_s),
            openings=Openings(self.pages, clock, Fingerprints(b"rehearsal")),
            drains=self._drains,
            clock=clock,
            rng=random.Random(_SEED),  # noqa: S311 (jitter, no secret)
        )
        self.gateway = assemble(parts).gateway

    async def __aenter__(self) -> Self:
        await self._exits.enter_async_context(self._drains)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    def behave(self, provider: str, fault: str | None = None) -> None:
        """From now on, every model of a provider has this fault; None: all of them are well."""
        rules = self._simulations[provider].rules
        rules.set_unknown(_rule(provider, USUAL_MS, fault))
        for offer in self._catalog.current().offers:
            if offer.model.provider == provider:
                usual_ms = offer.model.avg_latency_ms or USUAL_MS
                rules.set(offer.model.name, _rule(offer.id, usual_ms, fault))


class _Nowhere:
    """The way out of a gateway that has none; a `Transport`, and a `Resolver` that finds nobody."""

    async def send(self, request: UpstreamRequest, deadlines: Deadlines) -> UpstreamResponse:
        """Raises AttemptFailed: CONNECT."""
        del request, deadlines
        raise AttemptFailed(Failure(kind=Kind.CONNECT, message="A rehearsal does not leave the house."))

    async def resolve(self, name: str) -> Sequence[Address]:
        """None."""
        del name
        return ()

    async def close(self) -> None:
        """Nothing is open."""


def _rule(who: str, usual_ms: int, fault: str | None) -> Rule:
    """Every model says something of its own: what one has begun another does not say again by chance."""
    behaves = f"lorem;latency={usual_ms};tps={TOKENS_PER_S}{'' if fault is None else f';fault={fault}'}"
    return Rule(behaves=behaves, says=lorem(Dice(who), WORDS))


async def _guess(model: str, gauge: Gauge, said: str) -> float:
    """A guess is good enough for what nobody pays."""
    del model, gauge, said
    return 1.0
