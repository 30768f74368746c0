"""Alerts in the database."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.core.errors import Invalid
from baton.storage.database import Database
from baton.watch.alerts.alert import Alert, Key, News, Page, Resolution, State, Wanted
from baton.watch.alerts.tables import ALERTS

_C = ALERTS.c
_IS_OPEN = _C.resolved_ms.is_(None)
_CURSOR = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The id of the last one shown."""


class AlertStore:
    """Reads and writes them. Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, new_id: Callable[[], str]) -> None:
        self._database = database
        self._new_id = new_id

    async def take(self, news: Mapping[Key, News]) -> tuple[Alert, ...]:
        """Write down what was seen, in one transaction; gives all that is open then, whoever saw it."""
        async with self._database.write() as connection:
            for key, each in news.items():
                if each.times:
                    await self._see(connection, key, each)
                if each.resolved_ms is not None:
                    await _resolve(connection, key, each.resolved_ms)
            return await _read(connection, select(ALERTS).where(_IS_OPEN))

    async def sweep(self, now_ms: int, lapse_ms: int, forget_ms: int) -> tuple[Alert, ...]:
        """End what was not seen for `lapse_ms`, forget what ended `forget_ms` ago; gives what lapsed."""
        unseen = (_IS_OPEN, _C.seen_ms < now_ms - lapse_ms)
        async with self._database.write() as connection:
            lapsed = await _read(connection, select(ALERTS).where(*unseen))
            ended = {"resolved_ms": now_ms, "resolution": Resolution.LAPSED.value}
            await connection.execute(update(ALERTS).where(*unseen).values(ended))
            await connection.execute(delete(ALERTS).where(_C.resolved_ms < now_ms - forget_ms))
        return lapsed

    async def page(self, wanted: Wanted, *, limit: int = 50, cursor: str | None = None) -> Page:
        """At most `limit` alerts, those opened last first. `cursor` is a page's `next`.

        Raises:
            Invalid: a cursor that is not ours.
        """
        query = select(ALERTS).order_by(_C.id.desc()).limit(limit + 1)
        if wanted.state is not None:
            query = query.where(_IS_OPEN if wanted.state is State.OPEN else ~_IS_OPEN)
        if wanted.kind is not None:
            query = query.where(_C.kind == wanted.kind)
        if cursor is not None:
            if not _CURSOR.fullmatch(cursor):
                raise Invalid("The cursor is not one that this list gave.", param="cursor")
            query = query.where(_C.id < cursor)
        async with self._database.read() as connection:
            found = await _read(connection, query)
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def _see(self, connection: AsyncConnection, key: Key, news: News) -> None:
        """Count it on the open row, or open one; nobody else writes meanwhile."""
        seen = (
            update(ALERTS)
            .where(*_of(key))
            .values(
                seen_ms=case((_C.seen_ms < news.last_ms, news.last_ms), else_=_C.seen_ms),
                times=_C.times + news.times,
                detail=news.detail,
            )
        )
        if (await connection.execute(seen)).rowcount:
            return
        values = {
            "id": self._new_id(),
            "kind": key.kind,
            "subject": key.subject,
            "opened_ms": news.first_ms,
            "seen_ms": news.last_ms,
            "times": news.times,
            "detail": news.detail,
        }
        await connection.execute(insert(ALERTS).values(values))


async def _resolve(connection: AsyncConnection, key: Key, at_ms: int) -> None:
    """End it, unless another process has seen it since."""
    ended = {"resolved_ms": at_ms, "resolution": Resolution.RECOVERED.value}
    await connection.execute(update(ALERTS).where(*_of(key), _C.seen_ms <= at_ms).values(ended))


def _of(key: Key) -> tuple[ColumnElement[bool], ...]:
    return _IS_OPEN, _C.kind == key.kind, _C.subject == key.subject


async def _read(connection: AsyncConnection, query: Select[Any]) -> tuple[Alert, ...]:
    return tuple(Alert(**row) for row in (await connection.execute(query)).mappings())
