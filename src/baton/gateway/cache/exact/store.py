"""Where answers are kept."""

from typing import Protocol

from msgspec import Struct

from baton.gateway.cache.exact.kept import Kept
from baton.gateway.cache.exact.marks import Marks
from baton.gateway.cache.exact.plan import Plan


class Room(Struct, frozen=True):
    """What is kept takes so much, and may take so much."""

    entries: int
    bytes: int
    most_entries: int
    most_bytes: int


class Store(Protocol):
    """What all stores can do. None of this raises: a store that is away has nothing, and keeps nothing."""

    @property
    def generation(self) -> int:
        """Counts how often something was forgotten here: what was asked before that is not kept."""
        ...

    @property
    def shared(self) -> bool:
        """Whether what is kept is the same for all processes, now."""
        ...

    def at_hand(self, key: str) -> Kept | None:
        """The answer of a key, where it can be had without waiting."""
        ...

    async def find(self, key: str) -> Kept | None:
        """The answer of a key that is not at hand, where it can be had without admission."""
        ...

    async def fetch(self, key: str) -> Kept | None:
        """The answer of a key, wherever it lies: without admission, so not on every request's way."""
        ...

    def put(self, plan: Plan, kept: Kept) -> None:
        """Keep an answer, here or soon."""
        ...

    async def forget(self, marks: Marks) -> int:
        """Let go of all answers that have all of these marks; how many those were.

        Raises:
            Unavailable: nobody can say.
        """
        ...

    async def room(self) -> Room:
        """How full it is. Raises Unavailable: nobody can say."""
        ...
