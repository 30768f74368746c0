"""Looking interactions up: newest first, or one with its attempts."""

import re
from collections.abc import Awaitable, Callable

from msgspec import Struct
from sqlalchemy import ColumnElement, exists, select

from baton.core.errors import Invalid, NotFound, Unavailable
from baton.ledger.filter import Filter, conditions, equals
from baton.ledger.stored import Whole, wholes
from baton.ledger.tables import INTERACTIONS
from baton.storage.database import Database

MAX_PAGE = 500

_ID = INTERACTIONS.c.id
_CURSOR = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The id of the last one shown; another form may lie elsewhere in each database's order of texts."""


class Page(Struct, frozen=True, kw_only=True):
    """Some interactions, newest first, without their attempts."""

    items: tuple[Whole, ...]
    next_cursor: str | None
    """Where the next page begins; None on the last."""


class Interactions:
    """Reads from the database, once this process's own ended interactions have got there.

    Where they do not get there in a second, and for those of other processes (a fraction of a second
    old), the answer is what the database has.
    """

    def __init__(self, database: Database, flush: Callable[[], Awaitable[bool]]) -> None:
        """`flush`: brings what has ended to the database; whether all of it got there."""
        self._database = database
        self._flush = flush

    async def page(self, wanted: Filter, *, limit: int = 50, cursor: str | None = None) -> Page:
        """At most `limit` (1 … `MAX_PAGE`) interactions, those after `cursor`.

        Raises:
            Invalid: a cursor that is not ours.
            Unavailable: the database is away.
        """
        limit = min(max(limit, 1), MAX_PAGE)
        query = select(INTERACTIONS).where(*conditions(wanted)).order_by(_ID.desc()).limit(limit + 1)
        if cursor is not None:
            if not _CURSOR.fullmatch(cursor):
                raise Invalid("The cursor is not one that this list gave.", param="cursor")
            query = query.where(cursor > _ID)
        await self._flush()
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            items = await wholes(connection, rows[:limit], attempts=False)
        return Page(items=items, next_cursor=items[-1].interaction.id if len(rows) > limit else None)

    async def one(self, interaction_id: str, *, user_id: str | None = None) -> Whole:
        """One interaction; `user_id`: only if it is theirs.

        Raises:
            NotFound: there is none, or it is another's.
            Unavailable: the database is away, or so far behind that it may be on its way there.
        """
        query = select(INTERACTIONS).where(*theirs(interaction_id, user_id))
        complete = await self._flush()
        async with self._database.read() as connection:
            found = await wholes(
                connection, (await connection.execute(query)).mappings().all(), attempts=True
            )
        if not found:
            raise absent(complete)
        return found[0]

    async def any_of(self, user_id: str) -> bool:
        """Whether any are of a user; those that have not ended are not looked at.

        Raises:
            Unavailable: the database is away, or so far behind that one may be on its way there.
        """
        query = select(exists(select(_ID).where(equals(INTERACTIONS.c.user_id, user_id))))
        complete = await self._flush()
        async with self._database.read() as connection:
            found = bool((await connection.execute(query)).scalar_one())
        if not found and not complete:
            raise absent(complete)
        return found


def theirs(interaction_id: str, user_id: str | None) -> list[ColumnElement[bool]]:
    """One interaction as SQL; `user_id`: only if it is theirs."""
    found = [equals(_ID, interaction_id)]
    if user_id is not None:
        found.append(equals(INTERACTIONS.c.user_id, user_id))
    return found


def absent(complete: bool) -> NotFound | Unavailable:
    """What to say where an interaction is not found. `complete`: all that has ended was looked through."""
    if complete:
        return NotFound("There is no such interaction.")
    return Unavailable(
        "The interaction, if there is one, has not reached the database yet; ask again.", code="ledger_behind"
    )
