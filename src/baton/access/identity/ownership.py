"""Whose things somebody may reach: asked here for every object, so that another's id is a 404 everywhere."""

from enum import StrEnum

from baton.access.identity.entities import ApiKey
from baton.access.identity.project import Project, ProjectRole
from baton.core.caller import Caller
from baton.core.errors import Conflict, Forbidden, NotFound


class Thing(StrEnum):
    """What belongs to a user."""

    INTERACTION = "interaction"
    USAGE = "usage"
    """What is listed and summed up of interactions, without what their askers said of them."""
    FEEDBACK = "feedback"


_ALSO_OPEN_TO = {
    Thing.INTERACTION: frozenset({"admin"}),
    Thing.USAGE: frozenset({"admin", "analyst"}),
    Thing.FEEDBACK: frozenset({"admin"}),
}
"""Roles that reach everybody's."""


def reach(caller: Caller, thing: Thing) -> str | None:
    """The user whose things the caller may reach; None: everybody's."""
    return caller.user_id if _ALSO_OPEN_TO[thing].isdisjoint(caller.roles) else None


def reach_of(caller: Caller, thing: Thing, user_id: str | None) -> str | None:
    """The same, narrowed to one user where that is asked for.

    Raises:
        NotFound: somebody else's are asked for; whether there is such a user is not told.
    """
    whose = reach(caller, thing)
    if whose is None:
        return user_id
    if user_id not in (None, whose):
        raise NotFound("There is no such user.")
    return whose


def require_own_key(caller: Caller, key: ApiKey) -> None:
    """Let nobody by to another's key, admins neither: they have a list of everybody's, with its own routes.

    Raises:
        NotFound: it is somebody else's; in the words for one that does not exist.
    """
    if key.user_id != caller.user_id:
        raise NotFound("There is no such key.")


def require_open(project: Project) -> None:
    """Let nothing new into an archived project.

    Raises:
        Conflict: it is archived; code `project_archived`.
    """
    if project.archived_at_ms is not None:
        raise Conflict("The project is archived; restore it first.", code="project_archived")


def require_role(caller: Caller, project: Project, least: ProjectRole) -> None:
    """Let nobody by who is less than that in a project; an admin is everything in each.

    Raises:
        NotFound: they are not in it at all.
        Forbidden: they are less (`project_role_required`).
    """
    if caller.is_admin:
        return
    role = project.members.get(caller.user_id)
    if role is None:
        raise NotFound("There is no such project.")
    ladder = tuple(ProjectRole)
    if ladder.index(role) > ladder.index(least):
        raise Forbidden(f"In this project you are {role}; this is for {least}.", code="project_role_required")
