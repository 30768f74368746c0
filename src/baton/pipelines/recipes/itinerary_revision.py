"""Changes to an itinerary: an instruction changes what it names, and makes a new version."""

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct, structs

from baton.core.errors import Invalid
from baton.pipelines.engine.recipe import Recipe
from baton.pipelines.engine.running import Running
from baton.pipelines.engine.step import Step
from baton.pipelines.engine.work import Work
from baton.pipelines.itinerary.casting import Depth, Part
from baton.pipelines.itinerary.crew import TRIES
from baton.pipelines.itinerary.outcome import Outcome, Report
from baton.pipelines.itinerary.revision import Revised, Revision, revised
from baton.pipelines.itinerary.store import changed_meanwhile, key_of
from baton.pipelines.itinerary.trip import Kit

NAME, VERSION = "itinerary-revision", 1


class Instruction(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What somebody wants changed."""

    itinerary_id: Annotated[str, Meta(min_length=1, max_length=36)]
    instruction: Annotated[str, Meta(min_length=1, max_length=4000)]
    based_on: Annotated[int, Meta(ge=1)] | None = None
    """The version that they looked at; None: the newest there is when the run begins."""


class _Basis(Struct, frozen=True, kw_only=True):
    """What is changed, and by whom."""

    outcome: Outcome
    number: int
    part: Part


class Made(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a revision."""

    itinerary_id: str
    version: int
    """The new one's number; where nothing changed that of the one before."""
    note: str
    """Why nothing changed, in the model's words."""
    carried_out: int
    left: tuple[str, ...]
    """What could not be carried out."""


class ItineraryRevision:
    """Changes trips with the kit that they are made with."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    @property
    def recipe(self) -> Recipe:
        """As the cookbook has it."""
        return Recipe(NAME, VERSION, self.carry_out, _check)

    async def carry_out(self, run: Running, given: Raw) -> Made:
        """Have the changes named by a model, and carry out these alone."""
        wanted = _read(given)
        basis = await run.do(Step(name="basis", body=partial(self._basis, wanted), returns=_Basis))
        revise = partial(
            self._kit.crew.revise,
            part=basis.part,
            wish=basis.outcome.wish,
            plan=basis.outcome.plan,
            instruction=wanted.instruction,
        )
        said = await run.do(Step(name="changes", body=revise, returns=Revision, attempts=TRIES))
        done = revised(basis.outcome.plan, said)
        if done.plan == basis.outcome.plan:
            return _made(wanted, basis.number, said, done)
        save = partial(self._save, wanted, basis, done, run.holding.run_id)
        number = await run.do(Step(name="save", body=save, returns=int))
        return _made(wanted, number, said, done)

    async def _basis(self, wanted: Instruction, work: Work) -> _Basis:
        kit = self._kit

        async def look() -> _Basis:
            kept = await kit.itineraries.of(work.owner, wanted.itinerary_id)
            if wanted.based_on not in (None, kept.version.number):  # before anything is paid for
                raise changed_meanwhile(kept.version.number, wanted.based_on)
            usable, known = kit.providers.usable(), kit.providers.known()
            route = kit.casting.choose(Depth.NONE, usable) or kit.casting.emergency
            return _Basis(
                outcome=kept.version.content.outcome,
                number=kept.version.number,
                part=kit.casting.part(route.generator, known),
            )

        return await work.across(look)

    async def _save(self, wanted: Instruction, basis: _Basis, done: Revised, run_id: str, work: Work) -> int:
        """The review was of another plan: rules alone have looked at this one."""
        found = self._kit.rules.issues(done.plan, basis.outcome.wish)
        outcome = structs.replace(
            basis.outcome,
            plan=done.plan,
            quality_score=None,
            approved=None,
            report=Report(issues=found, carried_out=done.carried_out, left=done.left),
            metrics=None,
        )
        revise = partial(
            self._kit.itineraries.revise,
            wanted.itinerary_id,
            key_of(run_id, done.plan),
            outcome,
            instruction=wanted.instruction,
            made_on=basis.number,
        )
        return await work.across(revise)


def _made(wanted: Instruction, number: int, said: Revision, done: Revised) -> Made:
    return Made(
        itinerary_id=wanted.itinerary_id,
        version=number,
        note=said.note,
        carried_out=done.carried_out,
        left=done.left,
    )


def _check(given: Raw) -> None:
    _read(given)


def _read(given: Raw) -> Instruction:
    """Raises `Invalid`."""
    try:
        return msgspec.json.decode(given, type=Instruction)
    except msgspec.DecodeError as error:
        raise Invalid(str(error), param="input") from error
