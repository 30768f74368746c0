"""Projects and their members as rows."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from sqlalchemy import RowMapping, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity.project import WORKS, Project, ProjectRole, ProjectsWanted
from baton.access.identity.tables import PROJECT_MEMBERS, PROJECTS
from baton.core.data_needs import DataNeeds


class Workplaces(Struct, frozen=True, kw_only=True):
    """Which projects may be asked for, archived ones apart."""

    projects: frozenset[str]
    of_user: Mapping[str, frozenset[str]]
    """Those in that a user works, by the user's id."""
    data_needs: Mapping[str, DataNeeds]
    """What they require of whoever serves them, by id and by name in small letters: whoever labels requests
    with the name means it, too. Archived ones as well, as a request may be on its way since before; not those
    that require nothing."""


NO_WORKPLACES = Workplaces(projects=frozenset(), of_user={}, data_needs={})


async def insert_project(connection: AsyncConnection, project: Project) -> None:
    """Add a project with its members."""
    await connection.execute(insert(PROJECTS), [_of(project)])
    await put_members(connection, project.id, project.members)


async def update_project(connection: AsyncConnection, project: Project) -> None:
    """Put a project as it is now in place of what it was, members apart."""
    await connection.execute(update(PROJECTS).where(PROJECTS.c.id == project.id).values(_of(project)))


async def put_members(
    connection: AsyncConnection, project_id: str, members: Mapping[str, ProjectRole]
) -> None:
    """Have these members and no others."""
    await connection.execute(delete(PROJECT_MEMBERS).where(PROJECT_MEMBERS.c.project_id == project_id))
    rows = [
        {"project_id": project_id, "user_id": user_id, "role": role.value}
        for user_id, role in members.items()
    ]
    await connection.execute(insert(PROJECT_MEMBERS), rows)


async def leave_all(connection: AsyncConnection, user_id: str) -> None:
    """Take a user out of every project."""
    await connection.execute(delete(PROJECT_MEMBERS).where(PROJECT_MEMBERS.c.user_id == user_id))


async def owned(connection: AsyncConnection, user_id: str) -> bool:
    """Whether a user owns a project, archived or not."""
    table = PROJECT_MEMBERS.c
    query = select(table.user_id).where(table.user_id == user_id, table.role == ProjectRole.OWNER.value)
    return bool((await connection.execute(select(exists(query)))).scalar_one())


async def project(connection: AsyncConnection, project_id: str) -> Project | None:
    """One project."""
    query = select(PROJECTS).where(PROJECTS.c.id == project_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    return (await _with_members(connection, [row]))[0]


async def projects(connection: AsyncConnection, wanted: ProjectsWanted) -> tuple[Project, ...]:
    """Those that are wanted, oldest first."""
    table, members = PROJECTS.c, PROJECT_MEMBERS.c
    query = select(PROJECTS).where(table.id > wanted.after).order_by(table.id).limit(wanted.limit)
    if wanted.member_id is not None:
        query = query.where(
            table.id.in_(select(members.project_id).where(members.user_id == wanted.member_id))
        )
    if wanted.word is not None:
        lower = wanted.word.lower()
        query = query.where(
            or_(
                func.lower(table.name).contains(lower, autoescape=True),
                table.id.startswith(lower, autoescape=True),
            )
        )
    if wanted.archived is not None:
        query = query.where(table.archived_at_ms.is_not(None) == wanted.archived)
    return await _with_members(connection, (await connection.execute(query)).mappings().all())


async def workplaces(connection: AsyncConnection) -> Workplaces:
    """Every project that is not archived, and who may ask for which."""
    query = select(PROJECTS.c.id, PROJECTS.c.name, PROJECTS.c.archived_at_ms, PROJECTS.c.data_needs)
    rows = (await connection.execute(query)).all()
    all_live = frozenset(row.id for row in rows if row.archived_at_ms is None)
    working = select(PROJECT_MEMBERS.c.user_id, PROJECT_MEMBERS.c.project_id).where(
        PROJECT_MEMBERS.c.role.in_([role.value for role in WORKS])
    )
    mine: dict[str, set[str]] = {}
    for user_id, project_id in await connection.execute(working):
        mine.setdefault(user_id, set()).add(project_id)
    return Workplaces(
        projects=all_live,
        of_user={user_id: all_live & ids for user_id, ids in mine.items()},
        data_needs=_by_word((row.id, row.name, row.data_needs) for row in rows if row.data_needs),
    )


def _by_word(required: Iterable[tuple[str, str, Sequence[str]]]) -> dict[str, DataNeeds]:
    """What projects (id, name, words) require, by id and by name."""
    needs: dict[str, DataNeeds] = {}
    for project_id, name, words in required:
        for word in (project_id, name.casefold()):
            needs[word] = needs.get(word, frozenset()) | frozenset(words)
    return needs


async def _with_members(connection: AsyncConnection, rows: Sequence[RowMapping]) -> tuple[Project, ...]:
    members: dict[str, dict[str, ProjectRole]] = {row["id"]: {} for row in rows}
    table = PROJECT_MEMBERS.c
    query = select(PROJECT_MEMBERS).where(table.project_id.in_(list(members))).order_by(table.user_id)
    for row in (await connection.execute(query)).mappings():
        members[row["project_id"]][row["user_id"]] = ProjectRole(row["role"])
    return tuple(_project(row, members[row["id"]]) for row in rows)


def _project(row: RowMapping, members: Mapping[str, ProjectRole]) -> Project:
    said = dict(row)
    needs = frozenset[str](said.pop("data_needs") or ())
    return Project(**said, data_needs=needs, members=members)


def _of(project: Project) -> dict[str, object]:
    said: dict[str, object] = {
        name: getattr(project, name) for name in project.__struct_fields__ if name != "members"
    }
    said["data_needs"] = sorted(project.data_needs) or None
    return said
