"""Making and changing projects, and who is in them."""

from msgspec import structs

from baton.access.identity import project_rows, rows
from baton.access.identity.editing import Edit, Editing, require_revision, said
from baton.access.identity.project import (
    Project,
    ProjectChange,
    ProjectRole,
    ProjectsWanted,
    ProjectWish,
)
from baton.access.identity.wishes import check_name
from baton.core.errors import Conflict, NotFound
from baton.core.ids import UuidV7
from baton.records.audit.entry import Actor

_KIND = "project"


class Projects:
    """Every project; every change as `Editing` has it. Who may is asked elsewhere (`ownership`)."""

    def __init__(self, editing: Editing, ids: UuidV7) -> None:
        self._editing = editing
        self._ids = ids

    async def find(self, wanted: ProjectsWanted) -> tuple[Project, ...]:
        """Those that are wanted, oldest first."""
        async with self._editing.read() as connection:
            return await project_rows.projects(connection, wanted)

    async def one(self, project_id: str) -> Project:
        """One project.

        Raises:
            NotFound: no such project.
        """
        async with self._editing.read() as connection:
            return _there(await project_rows.project(connection, project_id))

    async def create(self, wish: ProjectWish, actor: Actor) -> Project:
        """Make a project; who owns it is its only member.

        Raises:
            Invalid: no name, or one over 255 characters.
            NotFound: no such user.
        """
        check_name(wish.name)
        async with self._editing.edit(actor) as edit:
            await _require_user(edit, wish.owner_id)
            project = Project(
                id=self._ids(),
                name=wish.name,
                members={wish.owner_id: ProjectRole.OWNER},
                created_at_ms=edit.now_ms,
                data_needs=wish.data_needs,
            )
            await project_rows.insert_project(edit.connection, project)
            await edit.note("create", _KIND, project.id, None, project)
        return project

    async def change(
        self, project_id: str, change: ProjectChange, actor: Actor, revision: int | None = None
    ) -> Project:
        """Change a project; `revision`: the one that is meant, None: whichever it is.

        Raises:
            NotFound: no such project.
            Invalid: no name, or one over 255 characters.
            Conflict: changed meanwhile (`revision_conflict`).
        """
        async with self._editing.edit(actor) as edit:
            before = _there(await project_rows.project(edit.connection, project_id))
            require_revision(before.revision, revision)
            values = said(change)
            archived = values.pop("archived", before.archived_at_ms is not None)
            since_ms = (before.archived_at_ms or edit.now_ms) if archived else None
            after = structs.replace(before, **values, archived_at_ms=since_ms)
            check_name(after.name)
            return await _store(edit, before, after)

    async def put_member(self, project_id: str, user_id: str, role: ProjectRole, actor: Actor) -> Project:
        """Take somebody in, or give them another role.

        Raises:
            NotFound: no such project, or no such user.
            Conflict: nobody would own it (`last_owner`).
        """
        async with self._editing.edit(actor) as edit:
            before = _there(await project_rows.project(edit.connection, project_id))
            await _require_user(edit, user_id)
            return await _store(edit, before, _with(before, {**before.members, user_id: role}))

    async def remove_member(self, project_id: str, user_id: str, actor: Actor) -> Project:
        """Put somebody out.

        Raises:
            NotFound: no such project, or they are not in it.
            Conflict: nobody would own it (`last_owner`).
        """
        async with self._editing.edit(actor) as edit:
            before = _there(await project_rows.project(edit.connection, project_id))
            if user_id not in before.members:
                raise NotFound("The project has no such member.")
            left = {each: role for each, role in before.members.items() if each != user_id}
            return await _store(edit, before, _with(before, left))


async def _store(edit: Edit, before: Project, after: Project) -> Project:
    if after == before:
        return before
    after = structs.replace(after, revision=before.revision + 1)
    await project_rows.update_project(edit.connection, after)
    if after.members != before.members:
        await project_rows.put_members(edit.connection, after.id, after.members)
    await edit.note("update", _KIND, after.id, before, after)
    return after


def _with(project: Project, members: dict[str, ProjectRole]) -> Project:
    if ProjectRole.OWNER not in members.values():
        raise Conflict("A project has an owner; name another one first.", code="last_owner")
    return structs.replace(project, members=members)


async def _require_user(edit: Edit, user_id: str) -> None:
    if await rows.user(edit.connection, user_id) is None:
        raise NotFound("There is no such user.")


def _there(project: Project | None) -> Project:
    if project is None:
        raise NotFound("There is no such project.")
    return project
