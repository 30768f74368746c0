"""Itineraries: what they are made with, and where they are kept."""

from collections.abc import Callable
from dataclasses import dataclass

from baton.access.signin.seal import Seal
from baton.app.edited import SIMULATED, Edited
from baton.app.storehouse import Storehouse
from baton.core.caller import Caller
from baton.gateway.resilience.breakers import Breakers
from baton.pipelines.asking import Asks
from baton.pipelines.engine.content import Content
from baton.pipelines.engine.recipe import Recipe
from baton.pipelines.engine.run import Owner
from baton.pipelines.itinerary.allowance import Allowance
from baton.pipelines.itinerary.casting import packaged_casting
from baton.pipelines.itinerary.crew import Crew
from baton.pipelines.itinerary.rules import packaged_rules
from baton.pipelines.itinerary.spots import Spot, fitting
from baton.pipelines.itinerary.store import PURPOSE, Itineraries
from baton.pipelines.itinerary.trip import Kit
from baton.pipelines.itinerary.wish import Wish
from baton.pipelines.recipes.itinerary import Itinerary
from baton.pipelines.recipes.itinerary_revision import ItineraryRevision
from baton.upstream.directory import Directory


@dataclass(frozen=True, slots=True)
class Far:
    """`Providers` of this installation."""

    directory: Directory
    breakers: Breakers

    def known(self) -> frozenset[str]:
        """As `Providers`."""
        return frozenset(provider.name for provider in self.directory)

    def usable(self) -> frozenset[str]:
        """As `Providers`; the simulated one only where there is no other."""
        configured = self.directory.configured
        there = configured - {SIMULATED} or configured
        return frozenset(name for name in there if not self.breakers.wait_s(name, ""))


@dataclass(frozen=True, slots=True)
class Travelling:
    """What trips need."""

    itineraries: Itineraries
    allowance: Allowance
    recipes: tuple[Recipe, ...]


def travelling_of(
    store: Storehouse, edited: Edited, far: Far, asks: Asks, caller_of: Callable[[Owner], Caller]
) -> Travelling:
    """All of it; reads two files."""
    content = Content(Seal(store.secret.derive(PURPOSE)))
    itineraries = Itineraries(store.database, content, store.clock)

    def most_of(tier: str) -> int | None:
        record = edited.tiers.snapshot.get(tier)
        return None if record is None else record.value.itineraries_per_month

    def spots_for(wish: Wish) -> tuple[Spot, ...]:
        return fitting(edited.spots.export(), wish)

    allowance = Allowance(itineraries, most_of, store.clock)
    kit = Kit(
        crew=Crew(asks),
        casting=packaged_casting(),
        providers=far,
        rules=packaged_rules(),
        spots_for=spots_for,
        tier_of=lambda owner: caller_of(owner).tier,
        itineraries=itineraries,
        allowance=allowance,
        clock=store.clock,
    )
    return Travelling(itineraries, allowance, (Itinerary(kit).recipe, ItineraryRevision(kit).recipe))
