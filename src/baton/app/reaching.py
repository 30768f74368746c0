"""How providers are reached, and who looks after them."""

import random
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass

from baton.app.edited import SIMULATED
from baton.app.storehouse import Storehouse
from baton.core.clock import Clock
from baton.core.provider import ProviderSpec
from baton.gateway.health.health import Health
from baton.gateway.health.keeper import Keeper
from baton.gateway.health.prober import Prober
from baton.ledger.health.store import HealthStore
from baton.upstream.calls import Upstream
from baton.upstream.direct import DirectTransport
from baton.upstream.directory import Directory
from baton.upstream.http import HttpSettings, HttpTransport, tls_context
from baton.upstream.outbound.exits import Exits
from baton.upstream.outbound.fetcher import open_fetcher
from baton.upstream.providers.simulated.simulation import Simulation
from baton.upstream.providers.simulated.transport import SimulatedTransport
from baton.upstream.transport import Transport


@dataclass(frozen=True, slots=True)
class Reached:
    """The far side."""

    directory: Directory
    simulation: Simulation
    http: Transport
    upstream: Upstream


async def open_reached(stack: AsyncExitStack, store: Storehouse, specs: tuple[ProviderSpec, ...]) -> Reached:
    """The ways to providers, the simulated one among them."""
    settings = store.settings
    simulation = Simulation(store.clock)
    tls = tls_context(settings.http)
    http = await stack.enter_async_context(transport(settings.http, tls))
    fetcher = await stack.enter_async_context(open_fetcher(settings.guard, Exits(settings.http, tls)))
    upstream = Upstream(http, _local(simulation, store.clock), fetcher, store.clock)
    return Reached(Directory(specs, settings.providers), simulation, http, upstream)


async def open_health(
    stack: AsyncExitStack, store: Storehouse, health: Health, directory: Directory, way: Transport
) -> Keeper:
    """Carries health over restarts, and has idle providers probed."""
    keeper = await stack.enter_async_context(Keeper(health, HealthStore(store.database), store.clock))
    await stack.enter_async_context(_prober(health, directory, way, store))
    return keeper


def _local(simulation: Simulation, clock: Clock) -> dict[str, Transport]:
    """The providers that no wire leads to."""
    return {SIMULATED: SimulatedTransport(simulation, clock)}


def transport(settings: HttpSettings, tls: ssl.SSLContext) -> DirectTransport | HttpTransport:
    """How providers are reached: straight, or through a proxy by the client that knows proxies."""
    if settings.https_proxy is None and settings.http_proxy is None:
        return DirectTransport(tls)
    return HttpTransport(settings, tls)


def _prober(health: Health, directory: Directory, way: Transport, store: Storehouse) -> Prober:
    """Looks after real providers; the simulated one is never away."""
    return Prober(
        health,
        [provider for provider in directory if provider.name != SIMULATED],
        way,
        store.clock,
        every_s=store.settings.probe_every,
        rng=random.Random(),  # noqa: S311 (jitter, no secret)
    )
