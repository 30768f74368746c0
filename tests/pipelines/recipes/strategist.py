"""A provider that writes brand strategies by a script, and judges them."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from msgspec import Struct, structs

from baton.core.clock import SystemClock
from baton.core.messages import Message
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.scripts import Line, Script, Scripts
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.crash.provider import environment_at


def judged(score: int) -> str:
    """What a judge says who gives three times the same score."""
    return json.dumps(
        {
            "reasoning": "It answers the brief with concrete choices, and two of them lack a figure.",
            "completeness": score,
            "coherence": score,
            "actionability": score,
            "overall": score,
        }
    )


class Cue(Line, frozen=True, kw_only=True):
    """A line that wants several things to be within the last thing said."""

    within: tuple[str, ...] = ()

    def fits(self, messages: tuple[Message, ...]) -> bool:
        """As `Line`."""
        return super().fits(messages) and all(each in messages[-1].text for each in self.within)


class Play(Struct, frozen=True, kw_only=True):
    """What is said to what."""

    market: str = "Restaurants in Portugal change their roaster every five years."
    audience: str = "Head waiters decide, and they want training."
    trends: str = "Small roasteries win ground in the cities."
    perception: str = "Few people know the roastery outside Porto."
    strategy: str = "Positioning: the roastery that comes by every week. Activation: ten visits in 30 days."
    revision: str = "Positioning: the roastery that trains your staff. Activation: five pilots first."
    critique: str = "Strengths: it is concrete.\n\nRed flags: None."
    scores: tuple[tuple[str, int], ...] = ()
    """Of what holds a text; the first that fits. All else is given 80."""
    settings: str = "latency=2"
    """Of every answer."""
    before: tuple[Line, ...] = ()
    """What is said before all of it."""

    def lines(self) -> Sequence[Line]:
        """As a script: the first whose condition holds is said."""
        said = [
            *self.before,
            *(Cue(within=("Examine the output", text), says=judged(score)) for text, score in self.scores),
            Line(when="Examine the output", says=judged(80)),
            Line(when="What to find out: the market", says=self.market),
            Line(when="What to find out: the audience", says=self.audience),
            Line(when="What to find out: trends", says=self.trends),
            Line(when="What to find out: perception", says=self.perception),
            Line(when="asked for: nothing, this is the first", says=self.strategy),
            Line(when="What a reviewer asked for", says=self.revision),
            Line(when="The strategy:", says=self.critique),
        ]
        return [structs.replace(line, settings=line.settings or self.settings) for line in said]


@dataclass(frozen=True)
class Stage:
    """Where the play is given."""

    url: str
    simulation: Simulation

    @property
    def environment(self) -> dict[str, str]:
        """What makes a Baton ask it, for every provider."""
        return environment_at(self.url)


@asynccontextmanager
async def strategist(play: Play) -> AsyncGenerator[Stage]:
    """One that serves while inside."""
    async with saying(play.lines()) as stage:
        yield stage


@asynccontextmanager
async def saying(lines: Sequence[Line]) -> AsyncGenerator[Stage]:
    """A provider whose every model says the first line that fits."""
    scripts = Scripts(scripts=(Script(name="play", lines=tuple(lines)),))
    simulation = Simulation(SystemClock(), scripts=scripts)
    simulation.rules.set_unknown(Rule(behaves="scripted"))
    async with running(simulation) as url:
        yield Stage(url, simulation)
