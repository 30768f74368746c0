"""The pieces of work on one trip, each a step of its run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from msgspec import Struct, structs

from baton.core.clock import Clock
from baton.pipelines.engine.run import Owner
from baton.pipelines.engine.running import Running
from baton.pipelines.engine.step import Step
from baton.pipelines.engine.work import Work
from baton.pipelines.itinerary.allowance import Allowance
from baton.pipelines.itinerary.casting import Casting, Depth, Part, Providers, Route, depth_for
from baton.pipelines.itinerary.crew import TRIES, Anew, Crew, Reviewing
from baton.pipelines.itinerary.facts import CityFacts, FactCheck
from baton.pipelines.itinerary.outcome import Outcome
from baton.pipelines.itinerary.plan import Activity, Plan
from baton.pipelines.itinerary.review import Review
from baton.pipelines.itinerary.rules import Rules
from baton.pipelines.itinerary.spots import Spot
from baton.pipelines.itinerary.store import Itineraries, key_of
from baton.pipelines.itinerary.tally import Begun, Made, Metrics, Tally, Terms
from baton.pipelines.itinerary.wish import Wish

T = TypeVar("T")

_LEAST_PATIENCE_S = 60.0
_PER_DAY_S = 15.0
"""How long a model may take for a trip: a day has some 700 tokens, which slow models write in that time."""

SpotsFor = Callable[[Wish], tuple[Spot, ...]]
TierOf = Callable[[Owner], str]
"""The tier of whoever wants something. Raises Unauthenticated where their key is no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What trips are made with. What has to do with requests, models and the database lives on their loop."""

    crew: Crew
    casting: Casting
    providers: Providers
    rules: Rules
    spots_for: SpotsFor
    tier_of: TierOf
    itineraries: Itineraries
    allowance: Allowance
    clock: Clock


class Start(Struct, frozen=True, kw_only=True):
    """On what terms a trip is begun."""

    depth: Depth
    route: Route | None
    """None: nobody can be asked."""
    known: frozenset[str]
    """All providers there are."""


class Trip:
    """One trip being made. Its steps raise `StepFailed`; a step's name is the same in each execution."""

    def __init__(self, run: Running, wish: Wish, kit: Kit) -> None:
        self.wish = wish
        self._plan: Plan | None = None
        """As its generator made it, once it has."""
        self._spots: tuple[Spot, ...] | None = None
        self._known: frozenset[str] = frozenset()
        self._run = run
        self._kit = kit
        self._crew = kit.crew
        self._tally = Tally(kit.clock)
        self._routes: tuple[str, ...] = ()
        self._began_ms: int | None = None
        self._phase1_ms: int | None = None
        self._is_reviewed = False

    async def start(self) -> Start:
        """Look whether there may be one more trip, and who can be asked."""
        start = await self._begin("route", self._start, Made[Start]).result()
        self._began_ms = self._tally.last_ms
        self._known = start.known
        return start

    def take(self, route: Route) -> None:
        """Go this way from here on."""
        self._routes += (route.name,)

    async def spots(self) -> tuple[Spot, ...]:
        """Verified places of the city, as local as wanted; none where they cannot be had."""

        async def there() -> tuple[Spot, ...]:
            return self._kit.spots_for(self.wish)

        if self._spots is None:
            begun = self._begin("spots", lambda work: work.across(there), Made[tuple[Spot, ...]])
            self._spots = await begun.result_if_any() or ()
        return self._spots

    def begin_facts(self, route: Route) -> Begun[CityFacts]:
        """Have looked up what holds for the city."""
        part = self._part(route.checker)
        return self._begin("facts", partial(self._crew.facts, part=part, wish=self.wish), Made[CityFacts])

    async def structure(self, route: Route, spots: tuple[Spot, ...]) -> Plan:
        """All days; where an earlier route has come as far, its plan."""
        if self._plan is None:
            name = "emergency structure" if route.is_emergency else "structure"
            part = self._part(route.generator)
            body = partial(self._crew.plan, part=part, wish=self.wish, spots=spots)
            self._plan = await self._begin(name, body, Made[Plan]).result()
        return self._plan

    def end_phase1(self) -> None:
        """Everything is there that is reviewed."""
        self._phase1_ms = self._tally.last_ms

    def begin_review(self, name: str, route: Route, question: Reviewing) -> Begun[Review]:
        """Have a plan reviewed."""
        self._is_reviewed = True
        part = self._part(route.supervisor)
        body = partial(self._crew.review, part=part, wish=self.wish, question=question)
        return self._begin(name, body, Made[Review])

    def begin_check(self, route: Route, plan: Plan) -> Begun[FactCheck]:
        """Have a plan's places checked."""
        self._is_reviewed = True
        part = self._part(route.checker)
        body = partial(self._crew.check, part=part, wish=self.wish, plan=plan)
        return self._begin("fact check", body, Made[FactCheck])

    def begin_another(self, name: str, route: Route, plan: Plan, anew: Anew) -> Begun[Activity]:
        """Have one activity made anew."""
        part = self._part(route.generator)
        body = partial(self._crew.another, part=part, wish=self.wish, plan=plan, anew=anew)
        return self._begin(name, body, Made[Activity])

    async def keep(self, outcome: Outcome) -> Outcome:
        """Save a trip that came to be, with its metrics."""

        async def save(work: Work) -> Outcome:
            told = structs.replace(outcome, metrics=self._metrics())
            run_id = self._run.holding.run_id
            keep = self._kit.itineraries.keep
            await work.across(partial(keep, run_id, work.owner, key_of(run_id, told.plan), told))
            return told

        return await self._run.do(Step(name="save", body=save, returns=Outcome))

    async def tell(self) -> None:
        """Leave the metrics of a trip that came to nothing in its run."""

        async def tell(_: Work) -> Metrics:
            return self._metrics()

        await self._run.do(Step(name="metrics", body=tell, returns=Metrics))

    def _metrics(self) -> Metrics:
        began_ms = self._began_ms if self._began_ms is not None else self._tally.now_ms()
        return self._tally.metrics(
            self._routes, began_ms=began_ms, phase1_ms=self._phase1_ms, is_reviewed=self._is_reviewed
        )

    async def _start(self, work: Work) -> Start:
        kit = self._kit

        async def start() -> Start:
            tier = kit.tier_of(work.owner)
            await kit.allowance.admit(work.owner.user_id, tier, self._run.holding.run_id)
            depth = depth_for(tier)
            route = kit.casting.choose(depth, kit.providers.usable())
            return Start(depth=depth, route=route, known=kit.providers.known())

        return await work.across(start)

    def _part(self, provider: str | None) -> Part:
        return self._kit.casting.part(provider, self._known)

    def _begin(self, name: str, body: Callable[[Work], Awaitable[T]], returns: type[Made[T]]) -> Begun[T]:
        patience_s = _LEAST_PATIENCE_S + _PER_DAY_S * self.wish.days
        return self._tally.begin(self._run, name, body, returns, Terms(TRIES, patience_s))
