"""`/api/projects`: what several users ask for together; `/api/admin/projects`: everybody's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Response
from msgspec import UNSET
from msgspec.structs import replace
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from baton.access.identity.ownership import require_role
from baton.access.identity.project import (
    Project,
    ProjectChange,
    ProjectRole,
    ProjectsWanted,
    ProjectWish,
)
from baton.access.identity.projects import Projects
from baton.api.admin.key_shapes import Name
from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.bodies import Asked, Shown, moment, moment_or_none
from baton.api.callers import AccountActor, AccountCaller, AdminActor, AdminCaller, ReadingCaller
from baton.api.data_needs import DataNeedsAsked
from baton.api.etags import etag
from baton.api.paging import Cursor, Limit, Word, behind, page
from baton.core.data_needs import DataNeeds, read_data_needs
from baton.records.audit.entry import Actor

PATH = "/api/projects"
ADMIN_PATH = "/api/admin/projects"
_ONE = "/{project_id}"
_MEMBER = _ONE + "/members/{user_id}"
_TAG, _ADMIN_TAG = "Projects", "Admin: projects"

_Archived = Annotated[bool | None, Query(description="Only those that are, or are not.")]


class ProjectAsked(Asked):
    """A project that shall be made; whoever makes it owns it."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"name": "Lisbon"}},
    )

    name: Name
    data_needs: DataNeedsAsked = ()

    def wish(self, owner_id: str) -> ProjectWish:
        """The project, for somebody."""
        return ProjectWish(name=self.name, owner_id=owner_id, data_needs=_needs(self.data_needs))


class OwnedProjectAsked(ProjectAsked):
    """The same, for somebody else. `ownerId` absent: the caller."""

    owner_id: str | None = None


class ProjectChanged(Asked):
    """What shall be different of a project; what is left out stays. Nobody asks for an archived one."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"archived": True}},
    )

    name: Name = ""
    archived: bool = False
    data_needs: DataNeedsAsked = ()

    def change(self) -> ProjectChange:
        """What was said of it."""
        said = self.model_fields_set

        def value(name: str) -> Any:
            return getattr(self, name) if name in said else UNSET

        needs = UNSET if "data_needs" not in said else _needs(self.data_needs)
        return ProjectChange(name=value("name"), archived=value("archived"), data_needs=needs)


class MemberAsked(Asked):
    """What somebody shall be in a project: `owner` (changes it), `member` (asks for it), `viewer`."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"role": "member"}},
    )

    role: Literal["owner", "member", "viewer"] = "member"


class MemberShown(Shown):
    """Somebody in a project."""

    user_id: str
    role: str


class ProjectShown(Shown):
    """A project and who is in it. Its id is what `x-baton-project` names; `revision`: for `If-Match`."""

    id: str
    name: str
    members: list[MemberShown]
    created_at: datetime
    archived_at: datetime | None
    data_needs: list[str]
    revision: int


class ProjectList(Shown):
    """A page, oldest first."""

    projects: list[ProjectShown]
    next_cursor: str | None


class ProjectRoutes:
    """Own projects for everybody, everybody's for admins; both paths lead to the same."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        routes: list[tuple[str, Any, str, Any, int, str]] = [
            (PATH, self.list, "GET", ProjectList, 200, _TAG),
            (PATH, self.create, "POST", ProjectShown, 201, _TAG),
            (PATH + _ONE, self.one, "GET", ProjectShown, 200, _TAG),
            (PATH + _ONE, self.change, "PATCH", ProjectShown, 200, _TAG),
            (PATH + _MEMBER, self.put_member, "PUT", ProjectShown, 200, _TAG),
            (PATH + _MEMBER, self.remove_member, "DELETE", ProjectShown, 200, _TAG),
            (ADMIN_PATH, self.list_all, "GET", ProjectList, 200, _ADMIN_TAG),
            (ADMIN_PATH, self.create_for, "POST", ProjectShown, 201, _ADMIN_TAG),
            (ADMIN_PATH + _ONE, self.any_one, "GET", ProjectShown, 200, _ADMIN_TAG),
            (ADMIN_PATH + _ONE, self.change_any, "PATCH", ProjectShown, 200, _ADMIN_TAG),
            (ADMIN_PATH + _MEMBER, self.put_anyone, "PUT", ProjectShown, 200, _ADMIN_TAG),
            (ADMIN_PATH + _MEMBER, self.remove_anyone, "DELETE", ProjectShown, 200, _ADMIN_TAG),
        ]
        for path, route, method, model, status, tag in routes:
            to.add_api_route(
                path, route, methods=[method], response_model=model, status_code=status, tags=[tag]
            )

    async def list(
        self,
        caller: ReadingCaller,
        limit: Limit = 100,
        cursor: Cursor = None,
        search: Word = None,
        archived: _Archived = None,
    ) -> ProjectList:
        """List the projects that one is in; `search` looks into name and id's beginning."""
        return await self._page(
            ProjectsWanted(
                member_id=caller.user_id, word=search, archived=archived, after=behind(cursor), limit=limit
            )
        )

    async def create(self, actor: AccountActor, body: ProjectAsked) -> ProjectShown:
        """Make a project; whoever makes it owns it."""
        return _shown(await self._projects.create(body.wish(actor.id), actor))

    async def one(self, caller: ReadingCaller, project_id: str, response: Response) -> ProjectShown:
        """One project, for those in it; its `ETag` is what a change wants as `If-Match`."""
        project = await self._projects.one(project_id)
        require_role(caller, project, ProjectRole.VIEWER)
        return _told(project, response)

    async def change(
        self,
        caller: AccountCaller,
        actor: AccountActor,
        project_id: str,
        body: ProjectChanged,
        response: Response,
        if_match: IfMatch = None,
    ) -> ProjectShown:
        """Rename or archive a project; its owners may."""
        project = await self._projects.one(project_id)
        require_role(caller, project, ProjectRole.OWNER)
        return _told(await self._change(project, body, actor, if_match), response)

    async def put_member(
        self, caller: AccountCaller, actor: AccountActor, project_id: str, user_id: str, body: MemberAsked
    ) -> ProjectShown:
        """Take somebody into a project, or give them another role; its owners may."""
        require_role(caller, await self._projects.one(project_id), ProjectRole.OWNER)
        return await self._put(project_id, user_id, body, actor)

    async def remove_member(
        self, caller: AccountCaller, actor: AccountActor, project_id: str, user_id: str
    ) -> ProjectShown:
        """Put somebody out of a project: its owners may, and everybody may leave."""
        least = ProjectRole.VIEWER if user_id == caller.user_id else ProjectRole.OWNER
        require_role(caller, await self._projects.one(project_id), least)
        return _shown(await self._projects.remove_member(project_id, user_id, actor))

    async def list_all(
        self,
        _: AdminCaller,
        limit: Limit = 100,
        cursor: Cursor = None,
        search: Word = None,
        archived: _Archived = None,
        member: Annotated[str | None, Query(description="The id of a user who is in it.")] = None,
    ) -> ProjectList:
        """List everybody's projects; `search` looks into name and id's beginning."""
        return await self._page(
            ProjectsWanted(
                member_id=member, word=search, archived=archived, after=behind(cursor), limit=limit
            )
        )

    async def create_for(self, actor: AdminActor, body: OwnedProjectAsked) -> ProjectShown:
        """Make a project for somebody."""
        return _shown(await self._projects.create(body.wish(body.owner_id or actor.id), actor))

    async def any_one(self, _: AdminCaller, project_id: str, response: Response) -> ProjectShown:
        """Anybody's project; its `ETag` is what a change wants as `If-Match`."""
        return _told(await self._projects.one(project_id), response)

    async def change_any(
        self,
        actor: AdminActor,
        project_id: str,
        body: ProjectChanged,
        response: Response,
        if_match: IfMatch = None,
    ) -> ProjectShown:
        """Rename or archive anybody's project."""
        return _told(
            await self._change(await self._projects.one(project_id), body, actor, if_match), response
        )

    async def put_anyone(
        self, actor: AdminActor, project_id: str, user_id: str, body: MemberAsked
    ) -> ProjectShown:
        """Take somebody into anybody's project, or give them another role."""
        return await self._put(project_id, user_id, body, actor)

    async def remove_anyone(self, actor: AdminActor, project_id: str, user_id: str) -> ProjectShown:
        """Put somebody out of anybody's project."""
        return _shown(await self._projects.remove_member(project_id, user_id, actor))

    async def _page(self, wanted: ProjectsWanted) -> ProjectList:
        found = await self._projects.find(replace(wanted, limit=wanted.limit + 1))
        shown, following = page(found, lambda project: project.id, wanted.limit, None)
        return ProjectList(projects=[_shown(each) for each in shown], next_cursor=following)

    async def _put(self, project_id: str, user_id: str, body: MemberAsked, actor: Actor) -> ProjectShown:
        return _shown(await self._projects.put_member(project_id, user_id, ProjectRole(body.role), actor))

    async def _change(
        self, project: Project, body: ProjectChanged, actor: Actor, if_match: str | None
    ) -> Project:
        with guarded():
            return await self._projects.change(
                project.id, body.change(), actor, wanted_revision(if_match, project.revision)
            )


def _needs(words: Sequence[str]) -> DataNeeds:
    return read_data_needs(words, "dataNeeds")


def _told(project: Project, response: Response) -> ProjectShown:
    """With the tag that a change wants."""
    response.headers["etag"] = etag(project.revision)
    return _shown(project)


def _shown(project: Project) -> ProjectShown:
    members = sorted(
        project.members.items(), key=lambda member: (tuple(ProjectRole).index(member[1]), member[0])
    )
    return ProjectShown(
        id=project.id,
        name=project.name,
        members=[MemberShown(user_id=user_id, role=role) for user_id, role in members],
        created_at=moment(project.created_at_ms),
        archived_at=moment_or_none(project.archived_at_ms),
        data_needs=sorted(project.data_needs),
        revision=project.revision,
    )
