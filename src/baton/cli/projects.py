"""`baton projects`: what several users ask for together, and who is in it."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from msgspec import UNSET, Struct

from baton.access.identity.entities import User
from baton.access.identity.project import (
    Project,
    ProjectChange,
    ProjectRole,
    ProjectsWanted,
    ProjectWish,
)
from baton.app import Storehouse, open_store
from baton.cli.actor import OPERATOR
from baton.cli.installation import Place, existing
from baton.cli.key_views import named
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, iso, note, print_json, print_table
from baton.core.data_needs import NO_DATA_NEEDS, DataNeeds, read_data_needs
from baton.settings import Settings

_MOST = 10_000

_Project = Annotated[str, typer.Argument(metavar="project", help="By name or id.")]
_DataNeeds = Annotated[
    list[str] | None,
    typer.Option(
        help="What whoever serves it must state of data: local, no-training, region:eu; may be repeated."
        " `none`: nothing."
    ),
]
_User = Annotated[str, typer.Argument(metavar="user", help="By name or id.")]


class MemberView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody in a project."""

    user_id: str
    name: str
    role: str


class ProjectView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A project as it is shown. Times in ISO 8601, UTC."""

    id: str
    name: str
    members: tuple[MemberView, ...]
    created_at: str | None
    archived_at: str | None
    data_needs: tuple[str, ...]


def list_projects(as_json: AsJson = False, *, place: Place) -> None:
    """List projects, oldest first, archived ones included. A request names one by its id."""
    views = asyncio.run(_list(existing(place.config, place.data_dir)))
    if as_json:
        print_json(views)
        return
    if not views:
        note("There are no projects.")
    columns = (
        Column("id", whole=True),
        Column("name"),
        Column("members", folded=True),
        Column("requires", folded=True),
        Column("state"),
    )
    print_table(columns, [_cells(view) for view in views])


def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    owner: Annotated[str, typer.Option(help="Who owns it, by name or id.")],
    data_needs: _DataNeeds = None,
    as_json: AsJson = False,
    *,
    place: Place,
) -> None:
    """Make a project."""
    needs = _needs(data_needs or ())
    _tell(asyncio.run(_create(existing(place.config, place.data_dir), name, owner, needs)), as_json)


def update(
    project: _Project,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    archive: Annotated[bool, typer.Option("--archive", help="Nobody asks for it any more.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Take that back.")] = False,
    data_needs: _DataNeeds = None,
    as_json: AsJson = False,
    *,
    place: Place,
) -> None:
    """Rename or archive a project, or say what it requires of who serves it."""
    if archive and restore:
        raise Stop("say --archive or --restore, not both.", MISUSED)
    change = ProjectChange(
        name=UNSET if name is None else name,
        archived=archive if archive or restore else UNSET,
        data_needs=UNSET if data_needs is None else _needs(data_needs),
    )
    _tell(asyncio.run(_update(existing(place.config, place.data_dir), project, change)), as_json)


def member(
    project: _Project,
    user: _User,
    role: Annotated[str, typer.Option(help="owner, member or viewer; `none`: put them out.")] = "member",
    as_json: AsJson = False,
    *,
    place: Place,
) -> None:
    """Take somebody into a project, give them another role, or put them out."""
    _tell(asyncio.run(_member(existing(place.config, place.data_dir), project, user, role)), as_json)


def _tell(view: ProjectView, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    state = "archived" if view.archived_at else _people(view)
    required = f"; requires {', '.join(view.data_needs)}" if view.data_needs else ""
    print(f"Project '{view.name}' ({view.id}): {state}{required}.")


async def _list(settings: Settings) -> list[ProjectView]:
    async with open_store(settings) as store:
        users = await _users(store)
        return [_view(each, users) for each in await store.projects.find(ProjectsWanted(limit=_MOST))]


async def _create(settings: Settings, name: str, owner: str, needs: DataNeeds) -> ProjectView:
    async with open_store(settings) as store:
        users = await _users(store)
        wish = ProjectWish(name=name, owner_id=_known(users, owner).id, data_needs=needs)
        return _view(await store.projects.create(wish, OPERATOR), users)


async def _update(settings: Settings, word: str, change: ProjectChange) -> ProjectView:
    async with open_store(settings) as store:
        project = await _found(store, word)
        return _view(await store.projects.change(project.id, change, OPERATOR), await _users(store))


async def _member(settings: Settings, word: str, who: str, role: str) -> ProjectView:
    if role not in ("none", *ProjectRole):
        raise Stop(f"--role: {role!r} is none; say owner, member, viewer or none.", MISUSED)
    async with open_store(settings) as store:
        users = await _users(store)
        project, user = await _found(store, word), _known(users, who)
        if role == "none":
            changed = await store.projects.remove_member(project.id, user.id, OPERATOR)
        else:
            changed = await store.projects.put_member(project.id, user.id, ProjectRole(role), OPERATOR)
        return _view(changed, users)


async def _users(store: Storehouse) -> dict[str, User]:
    return {user.id: user for user in await store.identities.users()}


def _known(users: dict[str, User], word: str) -> User:
    user = named(list(users.values()), word)
    if user is None:
        raise Stop(f"there is no user {word!r}.")
    return user


async def _found(store: Storehouse, word: str) -> Project:
    projects = await store.projects.find(ProjectsWanted(limit=_MOST))
    found = [each for each in projects if word in (each.id, each.name)]
    if not found:
        raise Stop(f"there is no project {word!r}.")
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise Stop(f"several projects are called {word!r}; say which by its id: {ids}.")
    return found[0]


def _cells(view: ProjectView) -> tuple[str, ...]:
    state = "archived" if view.archived_at else "active"
    return (view.id, view.name, _people(view), ", ".join(view.data_needs), state)


def _needs(words: Sequence[str]) -> DataNeeds:
    return NO_DATA_NEEDS if [*words] == ["none"] else read_data_needs(words, "--data-needs")


def _people(view: ProjectView) -> str:
    return ", ".join(f"{each.name} ({each.role})" for each in view.members)


def _view(project: Project, users: dict[str, User]) -> ProjectView:
    members = tuple(
        MemberView(user_id=user_id, name=users[user_id].name, role=role)
        for user_id, role in project.members.items()
    )
    return ProjectView(
        id=project.id,
        name=project.name,
        members=members,
        created_at=iso(project.created_at_ms),
        archived_at=iso(project.archived_at_ms),
        data_needs=tuple(sorted(project.data_needs)),
    )


COMMANDS = {"list": list_projects, "create": create, "update": update, "member": member}
