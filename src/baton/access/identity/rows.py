"""Users and keys as rows: the SQL of this room but for projects."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import BigInteger, RowMapping, bindparam, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity.entities import ApiKey, User
from baton.access.identity.tables import API_KEYS, USERS
from baton.core.caller import BudgetPeriod, KeyBudget, KeyLimits

KEY_COLUMNS = [column for column in API_KEYS.c if column.name not in ("digest", "digest_before")]
"""What is known of a key: everything but the key."""


async def any_user(connection: AsyncConnection) -> bool:
    """Whether somebody is there."""
    return bool((await connection.execute(select(exists(select(USERS.c.id))))).scalar_one())


async def insert_user(connection: AsyncConnection, user: User) -> None:
    """Add a user."""
    await connection.execute(insert(USERS), [_of_user(user)])


async def update_user(connection: AsyncConnection, user: User) -> None:
    """Put a user as it is now in place of what it was."""
    await connection.execute(update(USERS).where(USERS.c.id == user.id).values(_of_user(user)))


async def delete_user(connection: AsyncConnection, user_id: str) -> None:
    """Take a user away, and their keys."""
    await connection.execute(delete(API_KEYS).where(API_KEYS.c.user_id == user_id))
    await connection.execute(delete(USERS).where(USERS.c.id == user_id))


async def users(connection: AsyncConnection) -> tuple[User, ...]:
    """All users, oldest first."""
    query = select(USERS).order_by(USERS.c.created_at_ms, USERS.c.id)
    return tuple(user_of(row) for row in (await connection.execute(query)).mappings())


async def user(connection: AsyncConnection, user_id: str) -> User | None:
    """One user."""
    row = (await connection.execute(select(USERS).where(USERS.c.id == user_id))).mappings().one_or_none()
    return None if row is None else user_of(row)


async def taken(connection: AsyncConnection, name: str, value: str, *, but: str) -> bool:
    """Whether another user has that e-mail address or subject; `name` is the column."""
    query = select(exists(select(USERS.c.id).where(USERS.c[name] == value, USERS.c.id != but)))
    return bool((await connection.execute(query)).scalar_one())


async def first_user_id(connection: AsyncConnection) -> str | None:
    """The first admin's id."""
    query = select(USERS.c.id).order_by(USERS.c.created_at_ms, USERS.c.id).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def insert_key(connection: AsyncConnection, key: ApiKey, digest: bytes) -> None:
    """Add a key under its digest."""
    await connection.execute(insert(API_KEYS), [{**_of_key(key), "digest": digest}])


async def update_key(connection: AsyncConnection, key: ApiKey) -> None:
    """Put a key as it is now in place of what it was; its secrets and its last use stay."""
    values = _of_key(key)
    del values["last_used_at_ms"]  # moves by itself
    await connection.execute(update(API_KEYS).where(API_KEYS.c.id == key.id).values(values))


async def rotate(connection: AsyncConnection, key_id: str, digest: bytes, *, keep: bool) -> None:
    """Give a key a new secret. `keep`: the one it had stays beside it, and pushes out an older one."""
    before = API_KEYS.c.digest if keep else None
    await connection.execute(
        update(API_KEYS).where(API_KEYS.c.id == key_id).values(digest=digest, digest_before=before)
    )


async def keys(connection: AsyncConnection, user_id: str | None = None) -> tuple[ApiKey, ...]:
    """All keys, or one user's, oldest first, revoked ones included."""
    query = select(*KEY_COLUMNS).order_by(API_KEYS.c.created_at_ms, API_KEYS.c.id)
    if user_id is not None:
        query = query.where(API_KEYS.c.user_id == user_id)
    return tuple(key_of(row) for row in (await connection.execute(query)).mappings())


async def key(connection: AsyncConnection, key_id: str) -> ApiKey | None:
    """One key."""
    query = select(*KEY_COLUMNS).where(API_KEYS.c.id == key_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else key_of(row)


async def live_digests(connection: AsyncConnection) -> tuple[tuple[bytes, bytes | None, ApiKey], ...]:
    """Every key that is not revoked, with its digest and that of the secret it had before."""
    query = select(API_KEYS).where(API_KEYS.c.revoked_at_ms.is_(None))
    return tuple(
        (bytes(row["digest"]), None if (old := row["digest_before"]) is None else bytes(old), key_of(row))
        for row in (await connection.execute(query)).mappings()
    )


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


def _of_user(user: User) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(user, name) for name in user.__struct_fields__}
    return {**values, "roles": sorted(user.roles)}


def user_of(row: RowMapping) -> User:
    """A row as a value."""
    values: dict[str, Any] = {name: row[name] for name in User.__struct_fields__}
    values["roles"] = frozenset(row["roles"])
    return User(**values)


def _of_key(key: ApiKey) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(key, name) for name in key.__struct_fields__}
    del values["budget"]
    return {
        **values,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "models": None if key.models is None else sorted(key.models),
        "limits": None if key.limits is None else msgspec.to_builtins(key.limits),
        "budget_nanos": None if key.budget is None else key.budget.nanos,
        "budget_period": None if key.budget is None else key.budget.period.value,
    }


def key_of(row: RowMapping) -> ApiKey:
    """A row as a value."""
    values: dict[str, Any] = {name: row[name] for name in ApiKey.__struct_fields__ if name != "budget"}
    nanos, scopes, models, limits = (row[name] for name in ("budget_nanos", "scopes", "models", "limits"))
    values["scopes"] = None if scopes is None else frozenset(scopes)
    values["models"] = None if models is None else frozenset(models)
    values["limits"] = None if limits is None else msgspec.convert(limits, KeyLimits)
    if nanos is not None:
        values["budget"] = KeyBudget(nanos=nanos, period=BudgetPeriod(row["budget_period"]))
    return ApiKey(**values)
