"""Users and keys as they are looked for: by word, by what they are, a page at a time."""

from msgspec import Struct
from sqlalchemy import ColumnElement, String, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity.entities import ApiKey, User
from baton.access.identity.rows import KEY_COLUMNS, key_of, user_of
from baton.access.identity.tables import API_KEYS, USERS


class UsersWanted(Struct, frozen=True, kw_only=True):
    """Which users; None: all of them. At most `limit`, behind the id `after`."""

    word: str | None = None
    """In the name or the e-mail address, in any case (beyond ASCII only where the database knows more), or
    the beginning of the id."""
    role: str | None = None
    tier: str | None = None
    disabled: bool | None = None
    after: str = ""
    limit: int = 500


class KeysWanted(Struct, frozen=True, kw_only=True):
    """Which keys; None: all of them. At most `limit`, behind the id `after`."""

    user_id: str | None = None
    word: str | None = None
    """In the name, the beginning of the id, or in what is shown of the key."""
    active: bool | None = None
    """Neither revoked nor expired."""
    after: str = ""
    limit: int = 500


async def users(connection: AsyncConnection, wanted: UsersWanted) -> tuple[User, ...]:
    """Those that are wanted, oldest first."""
    table = USERS.c
    query = select(USERS).where(table.id > wanted.after).order_by(table.id).limit(wanted.limit)
    if wanted.word is not None:
        query = query.where(_holds(wanted.word, table.id, table.name, table.email))
    if wanted.role is not None:
        query = query.where(cast(table.roles, String).contains(f'"{wanted.role}"', autoescape=True))
    if wanted.tier is not None:
        query = query.where(table.tier == wanted.tier)
    if wanted.disabled is not None:
        query = query.where(table.disabled_at_ms.is_not(None) == wanted.disabled)
    return tuple(user_of(row) for row in (await connection.execute(query)).mappings())


async def keys(connection: AsyncConnection, wanted: KeysWanted, now_ms: int) -> tuple[ApiKey, ...]:
    """Those that are wanted, oldest first."""
    table = API_KEYS.c
    query = select(*KEY_COLUMNS).where(table.id > wanted.after).order_by(table.id).limit(wanted.limit)
    if wanted.user_id is not None:
        query = query.where(table.user_id == wanted.user_id)
    if wanted.word is not None:
        query = query.where(_holds(wanted.word, table.id, table.name, table.hint))
    if wanted.active is not None:
        active = table.revoked_at_ms.is_(None) & (
            table.expires_at_ms.is_(None) | (table.expires_at_ms > now_ms)
        )
        query = query.where(active if wanted.active else ~active)
    return tuple(key_of(row) for row in (await connection.execute(query)).mappings())


def _holds(
    word: str, beginning: ColumnElement[str], *inside: ColumnElement[str | None]
) -> ColumnElement[bool]:
    """Whether a row has the word somewhere, or an id that begins with it."""
    lower = word.lower()
    found = (func.lower(column).contains(lower, autoescape=True) for column in inside)
    return or_(beginning.startswith(lower, autoescape=True), *found)
