"""What each role is asked, and how its answer is read."""

from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

from baton.core.answer import Finish
from baton.core.errors import Forbidden, NotFound, Unservable
from baton.gateway.cache.rules import CacheRule, Reach
from baton.gateway.routing.decision import AUTO
from baton.pipelines.asking import Answer, Asks, Question
from baton.pipelines.engine.work import Work
from baton.pipelines.itinerary.amendment import Rejected
from baton.pipelines.itinerary.casting import Part
from baton.pipelines.itinerary.facts import CityFacts, FactCheck
from baton.pipelines.itinerary.plan import Activity, Plan, bare
from baton.pipelines.itinerary.reading import Unreadable, read
from baton.pipelines.itinerary.review import Review
from baton.pipelines.itinerary.revision import Revision
from baton.pipelines.itinerary.slot import Slot
from baton.pipelines.itinerary.spots import Spot
from baton.pipelines.itinerary.wish import Wish, amount

T = TypeVar("T")

TRIES = 2
"""Of a step whose answer cannot be used: one more, then something else."""

FACTS_USE = "itinerary_facts"
FACTS_TTL_S = 86_400.0
"""So long what is known of a city is given again."""

FACTS_RULE = CacheRule(use_case=FACTS_USE, reach=Reach.SHARED, ttl_s=FACTS_TTL_S)
"""Whoever asks is given what was answered to another: nothing but the name of the city is told to anybody."""

_PER_DAY_TOKENS = 1_000
_PER_PLACE_TOKENS = 150
_LEAST_TOKENS = 1_500
_MOST_TOKENS = 32_000
"""Of an answer. An activity has some 120 tokens, a day at most seven; scripts without blanks need more."""


class Reviewing(Struct, frozen=True, kw_only=True):
    """What a supervisor is given."""

    plan: Plan
    facts: CityFacts | None
    spots: tuple[Spot, ...]
    depth: str
    fresh: tuple[str, ...] = ()
    """Names that are new since it last looked; none: all are."""


class Anew(Struct, frozen=True, kw_only=True):
    """What a generator is given to make one activity anew."""

    rejected: Rejected
    avoid: frozenset[str]
    """Names that must not come back."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Asks each role through the gateway. Everything here is the body of a step, asks once, and raises what
    `Asks` does, and `Unreadable` for an answer that cannot be used."""

    asks: Asks

    async def plan(self, work: Work, part: Part, wish: Wish, spots: tuple[Spot, ...]) -> Plan:
        """All days of a trip. The last try may lack days: rules tell of them."""
        await work.progress(0, wish.days, "days")
        said = {
            "interests": ", ".join(wish.interests),
            "budget": "" if wish.budget is None else amount(wish.budget),
            "group": wish.group or "",
            "spots": _lines(spots, wish.language),
            "wishes": wish.template_prompt.strip(),
        }
        question = Question(
            prompt="itinerary-structure",
            variables={
                "city": wish.city,
                "days": str(wish.days),
                "currency": wish.currency,
                "localness": str(wish.localness),
                "pace": wish.pace.value,
                "language": wish.language,
                **{name: text for name, text in said.items() if text},
            },
            use_case="itinerary_structure",
            max_tokens=_tokens(wish.days, _PER_DAY_TOKENS),
            said=work.instructions,
        )
        plan = await self._read(work, part, question, Plan)
        if work.attempt < TRIES and [day.day for day in plan.days] != list(range(1, wish.days + 1)):
            raise Unreadable(f"The plan has not the days from 1 to {wish.days}.")
        await work.interim(plan)
        await work.progress(len(plan.days), wish.days, "days")
        return plan

    async def facts(self, work: Work, part: Part, wish: Wish) -> CityFacts:
        """What holds for the city. Nothing else is said of the trip: a day long it is the same for each."""
        question = Question(
            prompt="itinerary-facts",
            variables={"city": " ".join(wish.city.split()).casefold()},
            use_case=FACTS_USE,
            cache_ttl_s=FACTS_TTL_S,
        )
        return await self._read(work, part, question, CityFacts)

    async def review(self, work: Work, part: Part, wish: Wish, question: Reviewing) -> Review:
        """What a supervisor says of a plan."""
        said = {
            "facts": "" if question.facts is None else "\n".join(question.facts.facts),
            "spots": _lines(question.spots, wish.language),
            "fresh": "; ".join(question.fresh),
        }
        asked = Question(
            prompt="itinerary-supervision",
            variables={
                "request": wish.told,
                "itinerary": _json(question.plan),
                "depth": question.depth,
                **{name: text for name, text in said.items() if text},
            },
            use_case="itinerary_supervision",
            max_tokens=_tokens(wish.days, _PER_DAY_TOKENS // 2),
            said=work.instructions,
        )
        return await self._read(work, part, asked, Review)

    async def check(self, work: Work, part: Part, wish: Wish, plan: Plan) -> FactCheck:
        """Whether the places of a plan are what it says."""
        activities = [activity for _, activity in plan.each()]
        await work.progress(0, len(activities), "places")
        places = [(each.name, each.category, each.address, each.time_slot) for each in activities]
        question = Question(
            prompt="fact-check",
            variables={
                "city": wish.city,
                "places": "\n".join(", ".join(filter(None, place)) for place in places),
            },
            use_case="fact_check",
            max_tokens=_tokens(len(activities), _PER_PLACE_TOKENS),
        )
        check = await self._read(work, part, question, FactCheck)
        names = {bare(each.name) for each in activities}
        found = len(names & {bare(each.name) for each in check.checks})
        await work.progress(found, len(activities), "places")
        return check

    async def another(self, work: Work, part: Part, wish: Wish, plan: Plan, anew: Anew) -> Activity:
        """An activity in the place of a rejected one, with none of the names to avoid."""
        rejected, avoid = anew.rejected, anew.avoid
        day = plan.day(rejected.place.day)
        old = plan.at(rejected.place)
        others = [each for each in day.activities if each is not old]
        kept = old.slot if _is_free(old.slot, others) else None
        left = None if wish.budget is None else max(0.0, wish.budget - plan.cost + (old.cost or 0.0))
        busy = "; ".join(each.time_slot for each in others)
        question = Question(
            prompt="itinerary-activity",
            variables={
                "city": wish.city,
                "theme": day.theme or wish.city,
                "slot": f"a free one; that day there is: {busy}" if kept is None else old.time_slot,
                "rejected": old.name,
                "reason": rejected.reason,
                "avoid": "; ".join(sorted(avoid)),
                "currency": wish.currency,
                "language": wish.language,
                **({} if left is None else {"budget": f"{amount(left)} {wish.currency}"}),
            },
            use_case="itinerary_activity",
            said=work.instructions,
        )
        new = await self._read(work, part, question, Activity)
        if not bare(new.name) or bare(new.name) in {bare(name) for name in avoid}:
            raise Unreadable(f"{new.name!r} was to be avoided.")
        if kept is not None:
            return structs.replace(new, time_slot=old.time_slot)
        if not _is_free(new.slot, others):
            raise Unreadable(f"{new.time_slot!r} is no free time of that day.")
        return new

    async def revise(self, work: Work, part: Part, wish: Wish, plan: Plan, instruction: str) -> Revision:
        """What an instruction changes in a plan."""
        question = Question(
            prompt="itinerary-revision",
            variables={
                "request": wish.told,
                "itinerary": _json(plan),
                "instruction": instruction,
                "currency": wish.currency,
                "language": wish.language,
            },
            use_case="itinerary_revision",
            max_tokens=_tokens(wish.days, _PER_DAY_TOKENS // 2),
            said=work.instructions,
        )
        return await self._read(work, part, question, Revision)

    async def _read(self, work: Work, part: Part, question: Question, kind: type[T]) -> T:
        answer = await self._ask(work, part, question)
        if answer.finish is Finish.LENGTH:
            raise Unreadable("The answer was cut off.")
        if answer.output.is_taken_away:
            raise Unreadable("The model would not answer.")
        return read(answer.text, kind)

    async def _ask(self, work: Work, part: Part, question: Question) -> Answer:
        """Of the models that the part prefers, the first that this caller may be served by; else any."""
        question = structs.replace(question, provider=part.provider, exclude=part.exclude)
        for model in part.models:
            named = structs.replace(question, model=model)
            try:
                return await self.asks(work, named)
            except (NotFound, Forbidden, Unservable):
                continue  # nothing was sent: it is not in the catalog, or not for this tier or key
        return await self.asks(work, structs.replace(question, model=AUTO))


def _tokens(count: int, each: int) -> int:
    return min(_MOST_TOKENS, _LEAST_TOKENS + count * each)


def _lines(spots: tuple[Spot, ...], language: str) -> str:
    return "\n".join(spot.line(language) for spot in spots)


def _json(plan: Plan) -> str:
    return msgspec.json.encode(plan).decode()


def _is_free(slot: Slot | None, others: list[Activity]) -> bool:
    """Whether a time is one, and nothing else happens then."""
    taken = [each.slot for each in others]
    return slot is not None and not any(each is not None and slot.overlaps(each) for each in taken)
