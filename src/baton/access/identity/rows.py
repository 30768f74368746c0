"""Users and keys as rows: the SQL of this room."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, RowMapping, bindparam, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity.entities import ApiKey, User
from baton.access.identity.tables import API_KEYS, USERS

_KEY_COLUMNS = [column for column in API_KEYS.c if column is not API_KEYS.c.digest]


async def any_user(connection: AsyncConnection) -> bool:
    """Whether somebody is there."""
    return bool((await connection.execute(select(exists(select(USERS.c.id))))).scalar_one())


async def insert_user(connection: AsyncConnection, user: User) -> None:
    """Add a user."""
    values = {
        "id": user.id,
        "name": user.name,
        "tier": user.tier,
        "roles": sorted(user.roles),
        "created_at_ms": user.created_at_ms,
    }
    await connection.execute(insert(USERS), [values])


async def users(connection: AsyncConnection) -> tuple[User, ...]:
    """All users, oldest first."""
    query = select(USERS).order_by(USERS.c.created_at_ms, USERS.c.id)
    return tuple(_user(row) for row in (await connection.execute(query)).mappings())


async def insert_key(connection: AsyncConnection, key: ApiKey, digest: bytes) -> None:
    """Add a key under its digest."""
    values: dict[str, object] = {name: getattr(key, name) for name in key.__struct_fields__}
    await connection.execute(insert(API_KEYS), [{**values, "digest": digest}])


async def keys(connection: AsyncConnection, user_id: str | None = None) -> tuple[ApiKey, ...]:
    """All keys, or one user's, oldest first, revoked ones included."""
    query = select(*_KEY_COLUMNS).order_by(API_KEYS.c.created_at_ms, API_KEYS.c.id)
    if user_id is not None:
        query = query.where(API_KEYS.c.user_id == user_id)
    return tuple(_key(row) for row in (await connection.execute(query)).mappings())


async def key(connection: AsyncConnection, key_id: str) -> ApiKey | None:
    """One key."""
    query = select(*_KEY_COLUMNS).where(API_KEYS.c.id == key_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _key(row)


async def live_digests(connection: AsyncConnection) -> tuple[tuple[bytes, ApiKey], ...]:
    """Every key that is not revoked, with its digest."""
    query = select(API_KEYS).where(API_KEYS.c.revoked_at_ms.is_(None))
    return tuple((bytes(row["digest"]), _key(row)) for row in (await connection.execute(query)).mappings())


async def revoke(connection: AsyncConnection, key_id: str, at_ms: int) -> None:
    """Mark a key as revoked."""
    await connection.execute(update(API_KEYS).where(API_KEYS.c.id == key_id).values(revoked_at_ms=at_ms))


async def mark_used(connection: AsyncConnection, used_at_ms: Mapping[str, int]) -> None:
    """Move the last use of keys forward; never back, where another process saw a later one."""
    at_ms = bindparam("at_ms", type_=BigInteger())
    last = API_KEYS.c.last_used_at_ms
    statement = (
        update(API_KEYS)
        .where(API_KEYS.c.id == bindparam("key_id"), last.is_(None) | (last < at_ms))
        .values(last_used_at_ms=at_ms)
    )
    await connection.execute(
        statement, [{"key_id": key_id, "at_ms": used} for key_id, used in used_at_ms.items()]
    )


def _user(row: RowMapping) -> User:
    return User(
        id=row["id"],
        name=row["name"],
        tier=row["tier"],
        roles=frozenset(row["roles"]),
        created_at_ms=row["created_at_ms"],
    )


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        hint=row["hint"],
        user_id=row["user_id"],
        tier=row["tier"],
        created_at_ms=row["created_at_ms"],
        expires_at_ms=row["expires_at_ms"],
        revoked_at_ms=row["revoked_at_ms"],
        last_used_at_ms=row["last_used_at_ms"],
    )
