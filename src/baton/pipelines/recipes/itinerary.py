"""Itineraries: one model plans, another looks facts up, a third reviews; only what is rejected is made anew.
By who can be asked there are five routes, the last of them with whoever is left."""

from msgspec import Raw, Struct

from baton.core.errors import Unavailable
from baton.pipelines.engine.recipe import Recipe
from baton.pipelines.engine.running import Running
from baton.pipelines.engine.step import StepFailed
from baton.pipelines.itinerary.amendment import Rejected, rejected
from baton.pipelines.itinerary.assessment import Assessed, assessed, mended
from baton.pipelines.itinerary.casting import Depth, Route
from baton.pipelines.itinerary.crew import Anew, Reviewing
from baton.pipelines.itinerary.facts import CityFacts
from baton.pipelines.itinerary.outcome import Outcome, Report
from baton.pipelines.itinerary.plan import Activity, Place, Plan, bare
from baton.pipelines.itinerary.review import Review
from baton.pipelines.itinerary.spots import Spot
from baton.pipelines.itinerary.store import RECIPE
from baton.pipelines.itinerary.trip import Kit, Trip
from baton.pipelines.itinerary.wish import wish_of

VERSION = 1

_AGAIN = "again"
"""The depth of a quick second look."""


class _Draft(Struct, frozen=True, kw_only=True):
    """What the first phase has made."""

    plan: Plan
    facts: CityFacts | None = None
    spots: tuple[Spot, ...] = ()


class Itinerary:
    """Makes trips with a kit."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    @property
    def recipe(self) -> Recipe:
        """What the cookbook has of it."""
        return Recipe(RECIPE, VERSION, self.carry_out, _check)

    async def carry_out(self, run: Running, given: Raw) -> Outcome:
        """By the best route that can be taken; where it fails midway, as in an emergency.

        Raises:
            Unavailable: nobody can be asked; code `no_model_available`.
            StepFailed: what is needed came to nothing, also in an emergency.
        """
        trip = Trip(run, wish_of(given), self._kit)
        start = await trip.start()
        if start.route is None:
            await trip.tell()
            raise Unavailable("There is no model that could be asked now.", code="no_model_available")
        try:
            outcome = await self._taken(trip, start.route, start.depth)
        except StepFailed:
            emergency = self._kit.casting.emergency
            try:
                if start.route == emergency:
                    raise
                outcome = await self._taken(trip, emergency, Depth.NONE)
            except StepFailed:
                await trip.tell()
                raise
        return await trip.keep(outcome)

    async def _taken(self, trip: Trip, route: Route, depth: Depth) -> Outcome:
        """What is needed is made side by side, then reviewed as deeply as the tier has it."""
        trip.take(route)
        depth = Depth.NONE if route.is_emergency else depth
        spots = await trip.spots()
        is_read = depth is not Depth.NONE and route.supervisor is not None
        facts = trip.begin_facts(route) if is_read else None
        plan = await trip.structure(route, spots)
        known = None if facts is None else await facts.result_if_any()
        trip.end_phase1()
        if depth is Depth.NONE:
            return _outcome(trip, route, plan, None)
        draft = _Draft(plan=plan, facts=known, spots=spots)
        done = await self._reviewed(trip, route, depth, draft)
        return _outcome(trip, route, done.plan, done)

    async def _reviewed(self, trip: Trip, route: Route, depth: Depth, draft: _Draft) -> Assessed:
        """By the supervisor, or else the checker; by both where it is full; by rules always. Where that does
        not approve, what is rejected is made anew, and looked at once more, quickly."""
        is_checked = depth is Depth.FULL or route.supervisor is None
        checking = trip.begin_check(route, draft.plan) if is_checked else None
        review = None
        if route.supervisor is not None:
            question = _question(draft, draft.plan, depth.value)
            review = await trip.begin_review("supervision", route, question).result()
        facts = None if checking is None else await checking.result_if_any()
        first = assessed(draft.plan, trip.wish, self._kit.rules, review, facts)
        if depth is not Depth.FULL or first.approved:
            return first
        out = rejected(first.plan, first.report.issues, review)
        new = await self._anew(trip, route, first.plan, out)
        if not new:
            return first
        gone = frozenset(each.name for each in out if each.place in new)
        plan = first.plan.with_activities(dict(new))
        fresh = tuple(activity.name for activity in new.values())
        again: Review | None = None
        if route.supervisor is not None:
            question = _question(draft, plan, _AGAIN, fresh)
            again = await trip.begin_review("re-validation", route, question).result_if_any()
        second = assessed(plan, trip.wish, self._kit.rules, again, None)
        return mended(first, second, gone, is_reviewed=again is not None or route.supervisor is None)

    async def _anew(
        self, trip: Trip, route: Route, plan: Plan, out: tuple[Rejected, ...]
    ) -> dict[Place, Activity]:
        """Others for what is out, and nothing else, as far as they are to be had; no name is there twice."""
        names = frozenset(activity.name for _, activity in plan.each())
        begun = [
            trip.begin_another(_name(each), route, plan, Anew(rejected=each, avoid=names)) for each in out
        ]
        new: dict[Place, Activity] = {}
        for each, another in zip(out, begun, strict=True):
            found = await another.result_if_any()
            there = {other.name for other in new.values()}
            if found is not None and bare(found.name) in map(bare, there):
                # Made beside each other, two have chosen the same place.
                avoiding = Anew(rejected=each, avoid=names | there)
                found = await trip.begin_another(
                    f"{_name(each)} again", route, plan, avoiding
                ).result_if_any()
            if found is not None:
                new[each.place] = found
        return new


def _check(given: Raw) -> None:
    wish_of(given)


def _question(draft: _Draft, plan: Plan, depth: str, fresh: tuple[str, ...] = ()) -> Reviewing:
    return Reviewing(plan=plan, facts=draft.facts, spots=draft.spots, depth=depth, fresh=fresh)


def _name(rejected: Rejected) -> str:
    """Of the step that makes it anew."""
    return f"activity {rejected.place.day}.{rejected.place.position + 1}"


def _outcome(trip: Trip, route: Route, plan: Plan, done: Assessed | None) -> Outcome:
    """`done`: None: nobody has looked at it."""
    return Outcome(
        wish=trip.wish,
        plan=plan,
        quality_score=None if done is None else done.score,
        approved=None if done is None else done.approved,
        report=Report() if done is None else done.report,
        fallback_used=route.notice is not None,
        notice=route.notice,
        reduced_quality=route.reduced_quality,
    )
