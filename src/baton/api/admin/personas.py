"""`/api/admin/ai/personas`: in whose voice requests are answered."""

from typing import Annotated

from fastapi import FastAPI, Path, Response
from pydantic import ConfigDict, Field, StringConstraints

from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.prompts.persona import MOST_RULES, Persona
from baton.prompts.prompt import MOST_CHARS, MOST_USE_CASES, NAME
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/personas"
_ONE = PATH + "/{name}"
_TAG = "Admin: prompts"

Name = Annotated[str, Path(pattern=NAME)]
_Rule = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class PersonaAsked(Asked):
    """A persona, whole. `voice` is told to models before all else, then `does` and `avoids`.

    `useCases`: whose requests it answers; with `*` at its end, a word means all that begin so.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "title": "Otto",
                "voice": "You are Otto, a librarian. You are dry, exact and helpful.",
                "does": ["Name the source."],
                "avoids": ["Make jokes about silence."],
                "useCases": ["library_*"],
            }
        }
    )

    title: Annotated[str, Field(min_length=1, max_length=100)]
    description: Annotated[str, Field(max_length=500)] = ""
    voice: Annotated[str, Field(min_length=1, max_length=MOST_CHARS)]
    does: Annotated[tuple[_Rule, ...], Field(max_length=MOST_RULES)] = ()
    avoids: Annotated[tuple[_Rule, ...], Field(max_length=MOST_RULES)] = ()
    use_cases: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[^\s*]{1,64}\*?$")], ...],
        Field(max_length=MOST_USE_CASES),
    ] = ()
    is_enabled: bool = True


class PersonaShown(Shown):
    """One persona; `revision` is what a change wants as `If-Match`."""

    name: str
    title: str
    description: str
    voice: str
    does: list[str]
    avoids: list[str]
    use_cases: list[str]
    is_enabled: bool
    revision: int
    deleted: bool


class PersonaList(Shown):
    """All personas, by name."""

    personas: list[PersonaShown]


class PersonaRoutes:
    """The routes; admins only."""

    def __init__(self, personas: Records[Persona]) -> None:
        self._personas = personas
        self._editing = Editing(personas)

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=PersonaList, tags=[_TAG])
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=PersonaShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(self, _: AdminCaller) -> PersonaList:
        """List all personas; requests name one by `x-baton-persona`, or are of its use cases."""
        return PersonaList(personas=[_shown(record) for record in self._personas.list()])

    async def one(self, _: AdminCaller, name: Name, response: Response) -> PersonaShown:
        """One persona; its `ETag` is what a change wants as `If-Match`."""
        return _shown(self._editing.one(name, response))

    async def put(
        self, actor: AdminActor, name: Name, asked: PersonaAsked, response: Response, if_match: IfMatch = None
    ) -> PersonaShown:
        """Set a persona, from the next request on; `If-Match` needed where there is one."""
        value = Persona(name=name, **asked.model_dump())
        return _shown(await self._editing.put(name, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, name: Name, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a persona away; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(name, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, name: Name, response: Response, if_match: IfMatch = None
    ) -> PersonaShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        return _shown(await self._editing.undo(name, actor, if_match, response))


def _shown(record: Record[Persona]) -> PersonaShown:
    value = record.value
    return PersonaShown(
        name=value.name,
        title=value.title,
        description=value.description,
        voice=value.voice,
        does=list(value.does),
        avoids=list(value.avoids),
        use_cases=list(value.use_cases),
        is_enabled=value.is_enabled,
        revision=record.revision,
        deleted=record.deleted,
    )
