"""Brand strategy: research in parallel parts, a strategy, a sceptical reading of it, a revision where that is
wanted, and a person's word before anything weak is used."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from functools import partial

import msgspec
from msgspec import Raw, Struct

from baton.core.errors import Invalid, NotFound
from baton.pipelines.asking import Asks
from baton.pipelines.authoring.author import (
    Assignment,
    Author,
    Piece,
    Told,
    Written,
    digest_of,
    question_of,
    written_of,
)
from baton.pipelines.documents.excerpts import Excerpt, bearing_on, cited
from baton.pipelines.documents.shelf import MOST
from baton.pipelines.engine.recipe import Recipe
from baton.pipelines.engine.run import Call
from baton.pipelines.engine.running import Running
from baton.pipelines.engine.step import Step, StepFailed
from baton.pipelines.engine.work import Work

NAME, VERSION = "brand-strategy", 1

QUESTIONS: Mapping[str, str] = {
    "market": "the market: its size and direction, who else is in it, what is paid, what is changing",
    "audience": "the audience: who buys and who decides, what they want, what keeps them from it",
    "trends": "trends of the next years in this field and beside it, and which of them matter here",
    "perception": "perception: what people think of this brand and its rivals, and from what",
}
"""The parts of the research, done beside each other."""

_LEAST_PARTS = 2
"""Of the research; with fewer there is nothing to build on."""

_RESEARCH_S, _STRATEGY_S, _CRITIQUE_S = 60.0, 90.0, 60.0
"""How long each may take."""

_PART_SHARE, _STRATEGY_SHARE = 1 / 10, 1 / 5
"""Of the budget, what a part of the research and a strategy may cost at most. All steps together, with a
revision and a second attempt at it, stay below the whole."""

_HEADINGS = {"market": "Market", "audience": "Audience", "trends": "Trends", "perception": "Perception"}
_MOST_BRIEF_CHARS = 100_000
_RED_FLAGS = re.compile(r"[\s#*\d.)-]*red flags?\b[\s*:]*(.*)", re.IGNORECASE)
"""The heading under which a critique says what must be settled first."""

Reads = Callable[[str, tuple[str, ...]], Awaitable[tuple[Excerpt, ...]]]
"""All excerpts of documents of a project, by their ids.

Raises NotFound where a document is not there, or another project's.
"""


class When(StrEnum):
    """Whether something is done."""

    AUTO = "auto"
    """Where what was made calls for it."""
    ALWAYS = "always"
    NEVER = "never"


class Brief(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is asked for."""

    brief: str = ""
    """What the client wants, in their own words."""
    documents: tuple[str, ...] = ()
    """Ids of documents of the project: the brief, or sources for the research."""
    revise: When = When.AUTO
    """Whether the strategy is revised by its critique; `auto`: if that raises red flags, or the strategy did
    not pass."""
    approve: When = When.AUTO
    """Whether a person must approve it; `auto`: if it does not pass without one."""


class Research(Struct, frozen=True, kw_only=True):
    """The parts that came, by name."""

    parts: dict[str, Written]


class Strategy(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a run."""

    outputs: tuple[Told, ...]
    missing: tuple[str, ...]
    """Parts of the research that could not be had."""
    revised: bool
    approved: bool | None
    """What a person said; None: nobody was asked."""
    comment: str = ""


class BrandStrategy:
    """The recipe."""

    def __init__(self, author: Author, asks: Asks, reads: Reads) -> None:
        self._author = author
        self._asks = asks
        self._reads = reads

    @property
    def recipe(self) -> Recipe:
        """As the cookbook has it."""
        return Recipe(NAME, VERSION, self.carry_out, checked, for_project=True)

    async def carry_out(self, run: Running, given: Raw) -> Strategy:
        """Research → strategy → critique → revision → gate."""
        brief = msgspec.json.decode(given, type=Brief)
        found = await self._research(run, brief)
        research = await self._together(run, brief, found)
        strategy = await self._strategy(run, "strategy", brief, research)
        critique = await self._author.write(run, "critique", _critique(brief, strategy))
        revised = _wanted(brief.revise, has_red_flags(critique.content) or not strategy.verdict.passes)
        final = strategy
        if revised:
            final = await self._strategy(run, "revision", brief, research, critique.content)
        outputs = tuple(piece.told for piece in (research, final, critique))
        missing = tuple(name for name in QUESTIONS if name not in found)
        approved, comment = None, ""
        if _wanted(brief.approve, not final.verdict.passes):
            verdict = await run.gate("approval", shows=Shown(final.content, final.told))
            approved, comment = verdict.approved, verdict.comment
        return Strategy(outputs=outputs, missing=missing, revised=revised, approved=approved, comment=comment)

    async def _research(self, run: Running, brief: Brief) -> dict[str, Written]:
        """The parts that could be had, beside each other.

        Raises:
            StepFailed: there are too few.
        """
        steps = {name: run.begin(self._part(run, name, brief)) for name in QUESTIONS}
        await asyncio.wait(steps.values())
        found: dict[str, Written] = {}
        failed: StepFailed | None = None
        for name, step in steps.items():
            try:
                found[name] = await step
            except StepFailed as error:
                failed = error
        if failed is not None and len(found) < _LEAST_PARTS:
            raise failed
        return found

    def _part(self, run: Running, name: str, brief: Brief) -> Step[Written]:
        async def ask(work: Work) -> Written:
            question = QUESTIONS[name]
            sources = bearing_on(f"{question} {brief.brief}", await self._sources(work, brief))
            if sources:
                await work.progress(1, 2, f"sources read ({len(sources)} excerpts)")
            assignment = _part_of_research(brief, question, "\n\n".join(each.told for each in sources))
            answer = await self._asks(work, question_of(assignment, work.instructions))
            await work.interim(answer.text)
            return written_of(answer)

        return Step(
            name=f"research {name}",
            body=ask,
            returns=Written,
            timeout_s=2 * _RESEARCH_S,
            most_nanos=run.share(_PART_SHARE),
        )

    async def _sources(self, work: Work, brief: Brief) -> tuple[Excerpt, ...]:
        """What there is to be read."""
        if not brief.documents:
            return ()
        return await work.across(partial(self._reads, work.owner.project_id or "", brief.documents))

    async def _cited(self, text: str, brief: Brief, work: Work) -> tuple[str, ...]:
        """A line for each excerpt that the research names."""
        try:
            sources = await self._sources(work, brief)
        except NotFound:  # somebody took one away: what was written from it stays
            return ("Some of the documents are not there any more.",)
        return tuple(f"[{each.number}] {each.source}" for each in cited(text, sources))

    async def _together(self, run: Running, brief: Brief, found: dict[str, Written]) -> Piece:
        """The research as one text, looked at and kept."""
        text = "\n\n".join(f"# {_HEADINGS[name]}\n\n{part.content}" for name, part in found.items())
        if brief.documents:
            step = Step(
                name="sources", body=partial(self._cited, text, brief), returns=tuple[str, ...], attempts=5
            )
            text += "\n\n# Sources\n\n" + ("\n".join(await run.do(step)) or "None is cited.")
        calls = [part.call for part in found.values()]
        edited = any(part.is_edited for part in found.values())
        digest = "" if edited else digest_of(text)
        whole = Written(content=text, finish=None, digest=digest, call=_all(calls))
        return await self._author.keep(run, "research", _part_of_research(brief, _EVERYTHING, ""), whole)

    async def _strategy(
        self, run: Running, name: str, brief: Brief, research: Piece, critique: str | None = None
    ) -> Piece:
        variables = {"brief": brief.brief or _SEE_RESEARCH, "research": research.content}
        if critique is not None:
            variables["critique"] = critique
        return await self._author.write(
            run,
            name,
            Assignment(
                kind="strategy",
                prompt="strategy",
                variables=variables,
                timeout_s=_STRATEGY_S,
                share=_STRATEGY_SHARE,
                said_as="steering",
            ),
        )


class Shown(Struct, frozen=True):
    """What a person sees at the gate."""

    strategy: str
    told: Told


_EVERYTHING = "all that the brief needs: market, audience, trends and perception"
_SEE_RESEARCH = "It is told in the documents that the research rests on."


def checked(given: Raw) -> None:
    """Look at what is asked for, before anything is begun.

    Raises:
        Invalid: it is not a brief, or there is nothing in it.
    """
    try:
        brief = msgspec.json.decode(given, type=Brief)
    except msgspec.ValidationError as error:
        raise Invalid(f"The input is no brief: {error}", param="input") from error
    if not brief.brief.strip() and not brief.documents:
        raise Invalid("A brand strategy needs a brief, or documents.", param="input.brief")
    if len(brief.documents) > MOST or len(set(brief.documents)) < len(brief.documents):
        raise Invalid(f"At most {MOST} documents are read, each named once.", param="input.documents")
    if len(brief.brief) > _MOST_BRIEF_CHARS:
        raise Invalid(f"A brief has at most {_MOST_BRIEF_CHARS} characters.", param="input.brief")


def has_red_flags(critique: str) -> bool:
    """Whether a critique says that something must be settled first: what stands under its last heading."""
    lines = [line.strip() for line in critique.splitlines()]
    found = [(at, match[1]) for at, line in enumerate(lines) if (match := _RED_FLAGS.fullmatch(line))]
    if not found:
        return False
    at, beside = found[-1]
    said = next((text for line in [beside, *lines[at + 1 :]] if (text := line.strip(" -*:."))), "")
    return bool(said) and not said.lower().startswith("none")


def _wanted(when: When, called_for: bool) -> bool:
    return called_for if when is When.AUTO else when is When.ALWAYS


def _part_of_research(brief: Brief, question: str, sources: str) -> Assignment:
    variables = {"brief": brief.brief or "See the sources.", "question": question}
    if sources:
        variables["sources"] = sources
    return Assignment(kind="research", prompt="research", variables=variables, timeout_s=_RESEARCH_S)


def _critique(brief: Brief, strategy: Piece) -> Assignment:
    variables = {"strategy": strategy.content}
    if brief.brief:
        variables["brief"] = brief.brief
    return Assignment(kind="critique", prompt="critique", variables=variables, timeout_s=_CRITIQUE_S)


def _all(calls: list[Call]) -> Call:
    """Several calls as one, for a text made of their answers."""
    first = calls[0]
    return Call(
        interaction=first.interaction,
        provider=first.provider,
        model=first.model,
        prompt=first.prompt,
        tokens=sum(call.tokens for call in calls),
        cost_nanos=sum(call.cost_nanos for call in calls),
        cached=all(call.cached for call in calls),
        fallback=any(call.fallback for call in calls),
    )
