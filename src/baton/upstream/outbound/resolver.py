"""Which addresses a name has."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol, Self

from baton.upstream.outbound.addresses import Address, parse

_THREADS = 8
"""Look-ups at once. Names that strangers wrote have threads of their own: those that never answer must not
hold up the look-ups of providers, which share the loop's."""


class Resolver(Protocol):
    """Looks names up."""

    async def resolve(self, name: str) -> Sequence[Address]:
        """Every address of the name; none where it has none, or cannot be looked up."""
        ...


class SystemResolver:
    """As every other program of this machine does: hosts file, search list, DNS."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "resolver")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Begin no more look-ups; those that are under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def resolve(self, name: str) -> Sequence[Address]:
        """Every address of the name; none where it has none, or cannot be looked up."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _look_up, name)
        except (OSError, UnicodeError):  # the latter: a label too long for the library
            return ()
        return tuple(address for text in found if (address := parse(text)) is not None)


def _look_up(name: str) -> list[str]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
