"""What users have chosen as rows: the SQL of this room."""

from collections.abc import Mapping

from sqlalchemy import RowMapping, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.identity.tables import USERS
from baton.access.preferences.choices import NOTHING_CHOSEN, Choices, OptOut, Preferences
from baton.access.preferences.tables import USER_CHOICES
from baton.core.profile import Profile


async def is_user(connection: AsyncConnection, user_id: str) -> bool:
    """Whether there is such a user."""
    query = select(exists(select(USERS.c.id).where(USERS.c.id == user_id)))
    return bool((await connection.execute(query)).scalar_one())


async def of(connection: AsyncConnection, user_id: str) -> Choices:
    """What one user has chosen."""
    query = select(USER_CHOICES).where(USER_CHOICES.c.user_id == user_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return NOTHING_CHOSEN if row is None else _choices(row)


async def since(connection: AsyncConnection, serial: int) -> tuple[Mapping[str, Choices], int]:
    """By user what was changed after `serial`, and the highest there is now."""
    query = select(USER_CHOICES).where(USER_CHOICES.c.serial > serial)
    rows = (await connection.execute(query)).mappings().all()
    return {row["user_id"]: _choices(row) for row in rows}, max(
        (row["serial"] for row in rows), default=serial
    )


async def store(connection: AsyncConnection, user_id: str, choices: Choices) -> None:
    """Put a user's choices in place of what was there.

    In a transaction of the one writer, so that serials grow in the order of commits.
    """
    newest = (
        await connection.execute(select(func.coalesce(func.max(USER_CHOICES.c.serial), 0)))
    ).scalar_one()
    preferences, opt_out = choices.preferences, choices.opt_out
    values: dict[str, object] = {
        "serial": newest + 1,
        "revision": choices.revision,
        "profile": preferences.profile.value,
        "model": preferences.model,
        "agent_recommendations": preferences.agent_recommendations,
        "max_cost_nanos": preferences.max_cost_nanos,
        "opted_out_at_ms": None if opt_out is None else opt_out.at_ms,
        "opted_out_by": None if opt_out is None else opt_out.by,
    }
    if choices.revision == 1:
        await connection.execute(insert(USER_CHOICES), [{"user_id": user_id, **values}])
    else:
        await connection.execute(
            update(USER_CHOICES).where(USER_CHOICES.c.user_id == user_id).values(**values)
        )


def _choices(row: RowMapping) -> Choices:
    at_ms = row["opted_out_at_ms"]
    return Choices(
        preferences=Preferences(
            profile=Profile(row["profile"]),
            model=row["model"],
            agent_recommendations=row["agent_recommendations"],
            max_cost_nanos=row["max_cost_nanos"],
        ),
        opt_out=None if at_ms is None else OptOut(at_ms=at_ms, by=row["opted_out_by"]),
        revision=row["revision"],
    )
