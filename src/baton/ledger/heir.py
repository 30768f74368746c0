"""Who else has to learn what became of a dead process's interactions."""

import asyncio
from collections.abc import Mapping
from typing import Protocol


class Heir(Protocol):
    """Learns what became of a dead owner's interactions."""

    async def __call__(self, owner: str, costs: Mapping[str, int], *, last: bool) -> None:
        """What some of them have cost in all, nano-USD, by id; these are in the database by then. `last`:
        there are no others.

        Raises:
            Unavailable: the owner's remains are to be kept, and told of again.
        """
        ...


async def nobody(owner: str, costs: Mapping[str, int], *, last: bool) -> None:
    """There is no heir."""
    del owner, costs, last


class Inheritance:
    """Where the heir is told, who may come later than the first dead are found."""

    def __init__(self, *, expected: bool = False) -> None:
        """`expected`: whether there will be an heir; it is waited for."""
        self._heir: Heir = nobody
        self._known = asyncio.Event()
        if not expected:
            self._known.set()

    def goes_to(self, heir: Heir) -> None:
        """The heir is here."""
        self._heir = heir
        self._known.set()

    async def __call__(self, owner: str, costs: Mapping[str, int], *, last: bool) -> None:
        """Tell the heir. Raises as `Heir`."""
        await self._known.wait()
        await self._heir(owner, costs, last=last)
