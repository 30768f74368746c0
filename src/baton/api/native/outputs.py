"""`/api/projects/{id}/outputs`: what was written for a project, its history, and what people make of it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from baton.access.identity.ownership import require_open, require_role
from baton.access.identity.project import ProjectRole
from baton.access.identity.projects import Projects
from baton.api.bodies import Asked, Shown, moment
from baton.api.callers import AccountActor, AccountCaller, ReadingCaller
from baton.api.paging import Cursor, Limit, behind, cursor_of
from baton.core.caller import Caller
from baton.core.errors import NotFound
from baton.core.money import usd_text
from baton.pipelines.outputs.output import LONGEST_CHARS, Edit, Output, OutputVersion
from baton.pipelines.outputs.store import OutputStore

PATH = "/api/projects/{project_id}/outputs"
_ONE = PATH + "/{output_id}"
_TAG = "Outputs"


class OutputEdited(Asked):
    """What somebody makes of an output; `basedOn` is the number of the version that they changed."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"content": "Positioning: by hand, every week.", "basedOn": 1}},
    )

    content: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_CHARS)]
    based_on: Annotated[int, Field(ge=1)]


class VersionShown(Shown):
    """A version. `origin`: `generated` by a model, or `edited` by a person, who changed version `basedOn`."""

    number: int
    origin: str
    based_on: int | None
    by: str
    at: datetime
    score: float | None
    verdict: str | None
    interaction_id: str | None
    provider: str | None
    model: str | None
    prompt: str | None
    tokens: int
    cost_usd: str
    cached: bool


class OutputLine(Shown):
    """An output in a list, with its newest version."""

    id: str
    project_id: str
    kind: str
    run_id: str | None
    versions: int
    created_at: datetime
    changed_at: datetime
    version: VersionShown


class OutputShown(OutputLine):
    """An output in one of its versions."""

    content: str


class OutputList(Shown):
    """A page, newest first."""

    outputs: list[OutputLine]
    next_cursor: str | None


class VersionList(Shown):
    """All versions, the newest first."""

    versions: list[VersionShown]


class OutputRoutes:
    """For those in the project: who looks on reads, who works in it edits."""

    def __init__(self, outputs: OutputStore, projects: Projects) -> None:
        self._outputs = outputs
        self._projects = projects

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        routes: list[tuple[str, Any, str, Any]] = [
            (PATH, self.list, "GET", OutputList),
            (_ONE, self.one, "GET", OutputShown),
            (_ONE, self.edit, "PUT", OutputShown),
            (_ONE + "/versions", self.history, "GET", VersionList),
        ]
        for path, route, method, model in routes:
            to.add_api_route(path, route, methods=[method], response_model=model, tags=[_TAG])

    async def list(
        self,
        caller: ReadingCaller,
        project_id: str,
        limit: Limit = 50,
        cursor: Cursor = None,
        kind: Annotated[str | None, Query(max_length=32, description="E.g. `strategy`.")] = None,
    ) -> OutputList:
        """List what was written for a project, the newest first."""
        await self._require(caller, project_id, ProjectRole.VIEWER)
        found = await self._outputs.of_project(project_id, kind, behind(cursor) or None, limit + 1)
        following = cursor_of(found[limit - 1].id) if len(found) > limit else None
        return OutputList(outputs=[_line(output) for output in found[:limit]], next_cursor=following)

    async def one(
        self,
        caller: ReadingCaller,
        project_id: str,
        output_id: str,
        version: Annotated[int | None, Query(ge=1, le=2**31, description="Absent: the newest.")] = None,
    ) -> OutputShown:
        """An output in one of its versions; what a model wrote stays beside what people made of it."""
        await self._require(caller, project_id, ProjectRole.VIEWER)
        return _shown(await self._of(project_id, output_id, version))

    async def edit(
        self,
        caller: AccountCaller,
        actor: AccountActor,
        project_id: str,
        output_id: str,
        body: OutputEdited,
    ) -> OutputShown:
        """Keep another text as the next version; 409 where somebody was quicker."""
        await self._require(caller, project_id, ProjectRole.MEMBER)
        await self._of(project_id, output_id, None)
        edit = Edit(content=body.content, by=actor.id, based_on=body.based_on)
        return _shown(await self._outputs.edit(output_id, edit))

    async def history(self, caller: ReadingCaller, project_id: str, output_id: str) -> VersionList:
        """All versions of an output, without their texts."""
        await self._require(caller, project_id, ProjectRole.VIEWER)
        await self._of(project_id, output_id, None)
        versions = await self._outputs.history(output_id)
        return VersionList(versions=[_version(version) for version in versions])

    async def _require(self, caller: Caller, project_id: str, least: ProjectRole) -> None:
        project = await self._projects.one(project_id)
        require_role(caller, project, least)
        if least is ProjectRole.MEMBER:
            require_open(project)

    async def _of(self, project_id: str, output_id: str, version: int | None) -> Output:
        output = await self._outputs.one(output_id, version)
        if output.project_id != project_id:
            raise NotFound("There is no such output.", code="output_unknown")
        return output


def _line(output: Output) -> OutputLine:
    return OutputLine(**_head(output))


def _shown(output: Output) -> OutputShown:
    return OutputShown(**_head(output), content=output.version.content or "")


def _head(output: Output) -> dict[str, Any]:
    return {
        "id": output.id,
        "project_id": output.project_id,
        "kind": output.kind,
        "run_id": output.run_id,
        "versions": output.versions,
        "created_at": moment(output.created_ms),
        "changed_at": moment(output.changed_ms),
        "version": _version(output.version),
    }


def _version(version: OutputVersion) -> VersionShown:
    return VersionShown(
        number=version.number,
        origin=version.origin.value,
        based_on=version.based_on,
        by=version.by,
        at=moment(version.at_ms),
        score=version.score,
        verdict=version.verdict,
        interaction_id=version.interaction,
        provider=version.provider,
        model=version.model,
        prompt=version.prompt,
        tokens=version.tokens,
        cost_usd=usd_text(version.cost_nanos),
        cached=version.cached,
    )
