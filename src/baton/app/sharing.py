"""What processes know together: over Redis where there is one, else in this one's memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from baton.access.signin.memory_throttle import MemoryThrottle
from baton.access.signin.shared_throttle import SharedThrottle
from baton.access.signin.throttle import Throttle
from baton.app.storehouse import Storehouse
from baton.gateway.admission.penalties import Penalties
from baton.gateway.admission.shared.penalties import SharedPenalties
from baton.gateway.admission.shared.state import SCRIPTS as COUNTING
from baton.gateway.health.health import Health
from baton.gateway.health.shared_health import SharedHealth
from baton.gateway.resilience.breaker import Limits
from baton.gateway.resilience.breakers import KnownBreakers
from baton.gateway.resilience.memory_breakers import MemoryBreakers
from baton.gateway.resilience.shared_breakers import SharedBreakers
from baton.storage.keyvalue.line import Line
from baton.storage.keyvalue.replication.replication import Replication
from baton.storage.keyvalue.replication.shared_log import SCRIPTS as LOG


@dataclass(frozen=True, slots=True)
class Links:
    """The ways to the others."""

    line: Line
    replication: Replication
    """To be entered once all that follows it has been made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all know alike."""

    throttle: Throttle
    penalties: Penalties
    breakers: KnownBreakers
    health: Health
    links: Links | None
    """None: there are no others."""


@asynccontextmanager
async def open_common(store: Storehouse, breaking: Limits | None) -> AsyncGenerator[Common]:
    """Make them; `breaking`: when breakers open, where not as usual."""
    settings, clock = store.settings, store.clock
    if settings.redis_url is None:
        yield Common(
            throttle=MemoryThrottle(clock),
            penalties=Penalties(),
            breakers=MemoryBreakers(clock, breaking),
            health=Health(clock, settings.health_window),
            links=None,
        )
        return
    async with Line(settings.redis_url, (*COUNTING, *LOG)) as line:
        replication = Replication(line, clock, store.new_id)
        yield Common(
            throttle=SharedThrottle(replication, clock),
            penalties=SharedPenalties(replication),
            breakers=SharedBreakers(replication, clock, breaking),
            health=SharedHealth(replication, clock, settings.health_window),
            links=Links(line, replication),
        )
