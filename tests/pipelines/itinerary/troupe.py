"""Models that say what a test has them say, as if behind the gateway, and outages of their providers."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from baton.core.answer import Finish
from baton.core.errors import NotFound, Unavailable
from baton.pipelines.asking import Answer, Question
from baton.pipelines.engine.run import Call
from baton.pipelines.engine.work import Work
from baton.quality.output import Output
from tests.pipelines.itinerary.trips import LISBON

GENERATOR, CHECKER, SUPERVISOR, FOURTH = "openai", "google", "anthropic", "mistral"
KNOWN = frozenset({GENERATOR, CHECKER, SUPERVISOR, FOURTH})
COST_NANOS = 1_000

STRUCTURE, FACTS, REVIEW, CHECK, ACTIVITY, REVISION = (
    "itinerary-structure",
    "itinerary-facts",
    "itinerary-supervision",
    "fact-check",
    "itinerary-activity",
    "itinerary-revision",
)

APPROVED = {"approved": True, "score": 9}
Says = Callable[[Question], object]


class Asked(Struct, frozen=True):
    """One question that reached a provider."""

    prompt: str
    provider: str
    question: Question


class Troupe:
    """`Asks` and `Providers`; each of its parts can be changed by a test."""

    def __init__(self) -> None:
        self.out: set[str] = set()
        """Providers of whom it is known that they cannot be asked."""
        self.fails: dict[str, int] = {}
        """How often the next questions of a prompt come to nothing."""
        self.says: dict[str, Says] = {
            STRUCTURE: lambda _: LISBON,
            FACTS: lambda _: {"facts": ["Museums are closed on Mondays."]},
            REVIEW: lambda _: APPROVED,
            CHECK: lambda _: {"checks": []},
        }
        self.cached: set[str] = set()
        """Prompts whose answers were given before."""
        self.asked: list[Asked] = []
        self.models: frozenset[str] | None = None
        """Names of models that there are beside `auto`; None: all."""

    def known(self) -> frozenset[str]:
        return KNOWN

    def usable(self) -> frozenset[str]:
        return KNOWN - self.out

    async def __call__(self, work: Work, question: Question) -> Answer:
        """As the gateway would: by the provider that is preferred, or another one that is not excluded."""
        if self.models is not None and question.model not in {"auto", *self.models}:
            raise NotFound("There is no such model.", code="model_not_found")
        prompt = (question.prompt or "").partition("@")[0]
        there = sorted(KNOWN - self.out - set(question.exclude), key=lambda each: each != question.provider)
        if not there:
            raise Unavailable("Nobody answers.")
        self.asked.append(Asked(prompt, there[0], question))
        if self.fails.get(prompt, 0):
            self.fails[prompt] -= 1
            raise Unavailable("It did not answer.")
        said = self.says[prompt](question)
        text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
        call = Call(
            interaction=f"i{len(self.asked)}",
            provider=there[0],
            model=question.model,
            prompt=prompt,
            tokens=10,
            cost_nanos=COST_NANOS,
            cached=prompt in self.cached,
            fallback=False,
        )
        work.called(call)
        return Answer(output=Output(text=text, finish=Finish.STOP), call=call)

    def prompts(self) -> list[str]:
        """What was asked, in order."""
        return [each.prompt for each in self.asked]

    def of(self, prompt: str) -> list[Asked]:
        """Questions of one prompt."""
        return [each for each in self.asked if each.prompt == prompt]


def in_turn(*answers: Any) -> Says:
    """One answer after the other; the last again and again."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
