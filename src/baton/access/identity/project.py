"""Projects as values: what several users ask for together. Times are milliseconds since the Unix epoch."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from baton.core.data_needs import NO_DATA_NEEDS, DataNeeds


class ProjectRole(StrEnum):
    """What somebody may in a project; each may what the ones behind it may."""

    OWNER = "owner"
    """Changes it and says who is in it."""
    MEMBER = "member"
    """Asks for it."""
    VIEWER = "viewer"
    """Looks on."""


WORKS = frozenset({ProjectRole.OWNER, ProjectRole.MEMBER})
"""Who may ask for a project."""


class Project(Struct, frozen=True, kw_only=True):
    """What several users ask for together. `members`: user id → role; at least one is an owner."""

    id: str
    name: str
    members: Mapping[str, ProjectRole]
    created_at_ms: int
    archived_at_ms: int | None = None
    """Since then nobody asks for it."""
    data_needs: DataNeeds = NO_DATA_NEEDS
    """What the data policy of whoever is asked for it must say."""
    revision: int = 1


class ProjectWish(Struct, frozen=True, kw_only=True):
    """The project that shall be made."""

    name: str
    owner_id: str
    data_needs: DataNeeds = NO_DATA_NEEDS


class ProjectChange(Struct, frozen=True, kw_only=True):
    """What shall be different of a project; what is left out stays."""

    name: str | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    data_needs: DataNeeds | UnsetType = UNSET


class ProjectsWanted(Struct, frozen=True, kw_only=True):
    """Which projects; None: all of them. At most `limit`, behind the id `after`."""

    member_id: str | None = None
    word: str | None = None
    """In the name, in any case, or the beginning of the id."""
    archived: bool | None = None
    after: str = ""
    limit: int = 500
