"""Talking to the database whatever it or the speaker does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from baton.core.errors import Unavailable

T = TypeVar("T")

_AGAIN_S = 0.5
"""Between two tries while the database is away."""

_GRACE_S = 2.0
"""How long a transaction of somebody who is stopped may take to end."""


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """Do it, however long the database is away."""
    while True:
        try:
            return await unbroken(act)
        except Unavailable as error:
            if error.code != "database_unavailable":
                raise
            await asyncio.sleep(_AGAIN_S)


async def unbroken(act: Callable[[], Awaitable[T]]) -> T:
    """Do it; who is stopped meanwhile stops when it is done: what a step has made is paid for, and a
    transaction that is cut off may hold its locks for longer than it would have taken."""
    acting = asyncio.ensure_future(act())
    acting.add_done_callback(_look_at)  # it may end when nobody waits any more
    try:
        return await asyncio.shield(acting)
    except asyncio.CancelledError:
        await asyncio.wait([acting], timeout=_GRACE_S)
        acting.cancel()
        raise


def _look_at(acting: asyncio.Future[T]) -> None:
    if not acting.cancelled():
        acting.exception()
